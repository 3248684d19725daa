//! Test-time augmentation: the network sees several variants of an image, and their logits are merged.

use clap::{Args, ValueEnum};
use schemars::JsonSchema;
use serde::Serialize;
use tch::Tensor;

/// How the logits of variants become one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Merge {
    /// Their mean
    #[default]
    Mean,
    /// The largest
    Max,
}

/// The variants of an image: every flip with every factor.
#[derive(Clone, Debug, PartialEq, Args, Serialize, JsonSchema)]
#[command(next_help_heading = "Test-time augmentation")]
pub struct Variants {
    /// Show the network each image mirrored left to right too
    #[arg(long)]
    pub tta_hflip: bool,
    /// Show the network each image multiplied by each of these, separated by commas: 0.9,1,1.1,1.2 is customary
    #[arg(long, value_name = "FACTOR", value_delimiter = ',', default_value = "1", value_parser = factor)]
    pub tta_multiply: Vec<f64>,
    /// How the logits of the variants become one
    #[arg(long, value_enum, default_value_t = Merge::Mean)]
    pub tta_merge: Merge,
}

impl Default for Variants {
    fn default() -> Variants {
        Variants { tta_hflip: false, tta_multiply: vec![1.0], tta_merge: Merge::Mean }
    }
}

fn factor(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(factor) if factor > 0.0 && factor <= 10.0 => Ok(factor),
        _ => Err(format!("`{text}` is no factor above 0 and up to 10")),
    }
}

impl Variants {
    /// The logits `[B, classes, H, W]` of normalised `images` `[B, 3, H, W]`: each variant goes through `logits`, is
    /// mirrored back, and is merged with the others. Factors multiply the normalised image, as the library `ttach` does.
    pub(crate) fn merged<E>(
        &self,
        images: &Tensor,
        logits: impl Fn(&Tensor) -> Result<Tensor, E>,
    ) -> Result<Tensor, E> {
        tch::no_grad(|| {
            let flips: &[bool] = if self.tta_hflip { &[false, true] } else { &[false] };
            let mut merged: Option<Tensor> = None;
            let mut count = 0.0;
            for &flip in flips {
                for &factor in &self.tta_multiply {
                    let variant = if factor == 1.0 { images.shallow_clone() } else { images * factor };
                    let variant = if flip { variant.flip([3]) } else { variant };
                    let result = logits(&variant)?;
                    let result = if flip { result.flip([3]) } else { result };
                    count += 1.0;
                    merged = Some(match (merged, self.tta_merge) {
                        (None, _) => result,
                        (Some(merged), Merge::Mean) => merged + result,
                        (Some(merged), Merge::Max) => merged.maximum(&result),
                    });
                }
            }
            let merged = merged.unwrap_or_else(|| images.zeros_like());
            Ok(if self.tta_merge == Merge::Mean && count > 1.0 { merged / count } else { merged })
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::cell::RefCell;
    use std::convert::Infallible;

    use super::*;

    fn merged(variants: &Variants, images: &Tensor) -> Vec<f32> {
        // A network that finds the slope to the right: mirrored it finds the negative.
        let slope = |images: &Tensor| -> Result<Tensor, Infallible> { Ok(images.roll([-1], [3]) - images) };
        Vec::try_from(variants.merged(images, slope).unwrap().reshape([-1])).unwrap()
    }

    #[test]
    fn the_product_of_flips_and_factors_is_seen() {
        let images = Tensor::from_slice(&[1.0f32, 2.0, 4.0]).reshape([1, 1, 1, 3]);
        let seen = RefCell::new(Vec::new());
        let variants = Variants { tta_hflip: true, tta_multiply: vec![1.0, 2.0], tta_merge: Merge::Mean };
        let note = |images: &Tensor| -> Result<Tensor, Infallible> {
            seen.borrow_mut().push(Vec::<f32>::try_from(images.reshape([-1])).unwrap());
            Ok(images.shallow_clone())
        };
        let result = variants.merged(&images, note).unwrap();
        assert_eq!(*seen.borrow(), [[1.0, 2.0, 4.0], [2.0, 4.0, 8.0], [4.0, 2.0, 1.0], [8.0, 4.0, 2.0]]);
        // Mirrored back, the mean of both factors is 1.5 times the image.
        assert_eq!(Vec::<f32>::try_from(result.reshape([-1])).unwrap(), [1.5, 3.0, 6.0]);
    }

    #[test]
    fn logits_are_mirrored_back_before_they_are_merged() {
        let images = Tensor::from_slice(&[1.0f32, 2.0, 4.0]).reshape([1, 1, 1, 3]);
        let mut variants = Variants::default();
        assert_eq!(merged(&variants, &images), [1.0, 2.0, -3.0]);
        variants.tta_hflip = true;
        // Mirrored: 4 2 1 → −2 −1 3, and back: 3 −1 −2.
        assert_eq!(merged(&variants, &images), [2.0, 0.5, -2.5]);
        variants.tta_merge = Merge::Max;
        assert_eq!(merged(&variants, &images), [3.0, 2.0, -2.0]);
    }
}
