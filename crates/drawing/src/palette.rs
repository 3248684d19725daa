//! The palette: one colour a bone.

use bones::Bone;
use bones::bone::COUNT;

/// Red, green and blue, 0 … 255.
pub type Rgb = [u8; 3];

/// The bones' colours in canonical order.
///
/// Hues follow each other by the golden angle, so that bones which are neighbours in the canonical order, and so in
/// the hand, have hues far apart; two steps of lightness set bones of near hue apart.
pub const COLOURS: [Rgb; COUNT] = {
    let mut colours = [[0; 3]; COUNT];
    let mut index = 0;
    while index < COUNT {
        let hue = (index as f64 * 0.618_033_988_75) % 1.0;
        let (saturation, lightness) = if index % 2 == 0 { (0.9, 0.45) } else { (1.0, 0.6) };
        colours[index] = from_hsl(hue, saturation, lightness);
        index += 1;
    }
    colours
};

/// The colour of a bone.
pub const fn colour(bone: Bone) -> Rgb {
    COLOURS[bone.index()]
}

/// Hue, saturation, lightness, each 0 … 1 → red, green, blue (CSS Color Module Level 4, section 7.1).
const fn from_hsl(hue: f64, saturation: f64, lightness: f64) -> Rgb {
    let amplitude = saturation * lightness.min(1.0 - lightness);
    let mut channels = [0; 3];
    let mut index = 0;
    while index < 3 {
        let offset = [0.0, 8.0, 4.0][index];
        let k = (offset + hue * 12.0) % 12.0;
        let ramp = (k - 3.0).min(9.0 - k).min(1.0).max(-1.0);
        channels[index] = ((lightness - amplitude * ramp) * 255.0 + 0.5) as u8;
        index += 1;
    }
    channels
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distance(one: Rgb, other: Rgb) -> f64 {
        let square = |channel: usize| (f64::from(one[channel]) - f64::from(other[channel])).powi(2);
        (0..3).map(square).sum::<f64>().sqrt()
    }

    #[test]
    fn colours_can_be_told_apart() {
        for (index, &one) in COLOURS.iter().enumerate() {
            for (other_index, &other) in COLOURS.iter().enumerate().skip(index + 1) {
                let least = if other_index == index + 1 { 200.0 } else { 45.0 };
                let far = distance(one, other);
                assert!(far > least, "{index} {one:?} and {other_index} {other:?} are {far} apart");
            }
        }
    }

    #[test]
    fn primaries_are_what_css_says() {
        assert_eq!(from_hsl(0.0, 1.0, 0.5), [255, 0, 0]);
        assert_eq!(from_hsl(2.0 / 3.0, 1.0, 0.5), [0, 0, 255]);
        assert_eq!(from_hsl(0.25, 0.5, 0.5), [128, 191, 64]);
    }
}
