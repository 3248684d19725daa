//! What is drawn at random for a sample.

use bones::statistics::SplitMix64;
use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use crate::Affine;

/// How far samples are varied. All defaults are moderate: hands lie upright, with bent wrists now and then.
#[derive(Clone, Debug, PartialEq, Args, Serialize, JsonSchema)]
#[command(next_help_heading = "Augmentation")]
pub struct Augmentation {
    /// Probability to mirror left to right; no bone changes its class, as there are no left and right ones
    #[arg(long, value_name = "P", default_value_t = Augmentation::default().flip, value_parser = share)]
    pub flip: f64,
    /// Turn by up to so many degrees either way
    #[arg(long, value_name = "DEGREES", default_value_t = Augmentation::default().rotate, value_parser = degrees)]
    pub rotate: f64,
    /// Scale by up to this share up or down: 0.1 is 0.9 … 1.1
    #[arg(long, value_name = "SHARE", default_value_t = Augmentation::default().scale, value_parser = part)]
    pub scale: f64,
    /// Move by up to this share of the image's sides
    #[arg(long, value_name = "SHARE", default_value_t = Augmentation::default().shift, value_parser = part)]
    pub shift: f64,
    /// Make lighter or darker by up to this share of white
    #[arg(long, value_name = "SHARE", default_value_t = Augmentation::default().brightness, value_parser = part)]
    pub brightness: f64,
    /// Raise or lower the contrast about mid-grey by up to this share
    #[arg(long, value_name = "SHARE", default_value_t = Augmentation::default().contrast, value_parser = part)]
    pub contrast: f64,
}

impl Default for Augmentation {
    fn default() -> Augmentation {
        Augmentation { flip: 0.5, rotate: 15.0, scale: 0.1, shift: 0.05, brightness: 0.1, contrast: 0.15 }
    }
}

impl Augmentation {
    /// Leaves samples as they are.
    pub const NONE: Augmentation =
        Augmentation { flip: 0.0, rotate: 0.0, scale: 0.0, shift: 0.0, brightness: 0.0, contrast: 0.0 };

    /// What to do to one sample of `width` × `height`.
    pub fn draw(&self, [width, height]: [u32; 2], random: &mut SplitMix64) -> Draw {
        let mut within = |reach: f64| reach * (2.0 * unit(random) - 1.0);
        let angle = within(self.rotate.to_radians());
        let scale = 1.0 + within(self.scale);
        let shift = [within(self.shift) * f64::from(width), within(self.shift) * f64::from(height)];
        let brightness = within(self.brightness) as f32;
        let contrast = 1.0 + within(self.contrast) as f32;
        let flip = unit(random) < self.flip;
        Draw { back: Affine::back([width, height], flip, scale, angle, shift), brightness, contrast }
    }
}

/// What is done to one sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Draw {
    /// From the pixels of the result to those of the sample.
    pub back: Affine,
    /// What is added, as a share of white.
    pub brightness: f32,
    /// What distances from mid-grey are multiplied by.
    pub contrast: f32,
}

impl Draw {
    /// Leaves a sample as it is.
    pub const NONE: Draw = Draw { back: Affine::IDENTITY, brightness: 0.0, contrast: 1.0 };
}

/// A number in [0, 1) of 53 random bits.
fn unit(random: &mut SplitMix64) -> f64 {
    (random.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}

fn within(text: &str, range: std::ops::RangeInclusive<f64>, what: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(number) if range.contains(&number) => Ok(number),
        _ => Err(format!("`{text}` is no {what}")),
    }
}

fn share(text: &str) -> Result<f64, String> {
    within(text, 0.0..=1.0, "probability from 0 to 1")
}

fn part(text: &str) -> Result<f64, String> {
    within(text, 0.0..=0.9, "share from 0 to 0.9; 0.1 is 10 %")
}

fn degrees(text: &str) -> Result<f64, String> {
    within(text, 0.0..=180.0, "angle from 0 to 180 degrees")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_stay_within_their_reach() {
        let ranges = Augmentation::default();
        let mut flips = 0;
        let mut least = f64::MAX;
        let mut most = f64::MIN;
        let mut random = SplitMix64::new(1);
        for _ in 0..2000 {
            let draw = ranges.draw([100, 100], &mut random);
            let determinant = draw.back.x[0] * draw.back.y[1] - draw.back.x[1] * draw.back.y[0];
            flips += usize::from(determinant < 0.0);
            let scale = 1.0 / determinant.abs().sqrt();
            least = least.min(scale);
            most = most.max(scale);
            assert!((0.9..=1.1).contains(&scale), "{scale}");
            assert!(draw.brightness.abs() <= 0.1 && (draw.contrast - 1.0).abs() <= 0.15, "{draw:?}");
        }
        assert!((900..1100).contains(&flips), "{flips} of 2000 were mirrored");
        assert!(least < 0.91 && most > 1.09, "{least} … {most}");
    }

    #[test]
    fn nothing_is_drawn_where_nothing_may_vary() {
        assert_eq!(Augmentation::NONE.draw([31, 17], &mut SplitMix64::new(5)), Draw::NONE);
    }
}
