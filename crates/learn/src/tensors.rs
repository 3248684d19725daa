//! Grey values and bones as tensors.

use bones::Size;
use bones::bone::COUNT;
use checkpoint::Normalisation;
use half::f16;
use tch::{Device, Kind, TchError, Tensor};

/// Grey images `[B, H, W]`, row-major, as a network's input `[B, channels, H, W]` on `device`.
///
/// Where ImageNet's mean and deviation are those of three channels, a single one takes their means.
///
/// # Panics
/// Where `grey` is no whole number of images.
pub fn images(
    grey: &[u8],
    size: Size,
    channels: i64,
    normalisation: Normalisation,
    device: Device,
) -> Tensor {
    let [height, width] = [size.height(), size.width()].map(i64::from);
    let grey = Tensor::from_slice(grey).to_device(device).view([-1, 1, height, width]);
    let unit = grey.to_kind(Kind::Float) / 255.0;
    let image = unit.expand([-1, channels, height, width], false);
    if normalisation == Normalisation::Unit {
        return image;
    }
    let each = |values: [f64; 3]| {
        let values = Tensor::from_slice(&values).to_kind(Kind::Float).to_device(device).view([1, 3, 1, 1]);
        if channels == 3 { values } else { values.mean(Kind::Float) }
    };
    (image - each(normalisation.mean())) / each(normalisation.deviation())
}

/// The bits of the bones of each pixel `[B, H, W]`, row-major, as targets of 0 and 1 `[B, 29, H, W]` on `device`;
/// laid out channels-last, as a network's logits are.
pub fn targets(bones: &[i32], size: Size, device: Device) -> Tensor {
    let [height, width] = [size.height(), size.width()].map(i64::from);
    let bones = Tensor::from_slice(bones).to_device(device).view([-1, height, width, 1]);
    let bits: Vec<i32> = (0..COUNT).map(|index| 1 << index).collect();
    let each = bones.bitwise_and_tensor(&Tensor::from_slice(&bits).to_device(device));
    each.not_equal(0).to_kind(Kind::Float).permute([0, 3, 1, 2])
}

/// Logits as scores are kept: row-major, in half precision. What is beyond ±60,000 becomes that, where a sigmoid has
/// long been 0 or 1; half precision ends at 65,504.
pub fn scores(logits: &Tensor) -> Result<Vec<f16>, TchError> {
    let logits = logits.clamp(-6e4, 6e4).to_kind(Kind::Half).to_device(Device::Cpu).contiguous();
    let mut values = vec![f16::ZERO; logits.numel()];
    logits.f_copy_data(&mut values, logits.numel())?;
    Ok(values)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn grey_is_normalised_in_three_channels() {
        let size = Size::new(2, 1).unwrap();
        let unit = images(&[0, 255, 51, 102], size, 3, Normalisation::Unit, Device::Cpu);
        assert_eq!(unit.size(), [2, 3, 1, 2]);
        assert!((unit.double_value(&[1, 2, 0, 1]) - 0.4).abs() < 1e-7);
        let imagenet = images(&[0, 255, 51, 102], size, 3, Normalisation::Imagenet, Device::Cpu);
        assert!((imagenet.double_value(&[0, 0, 0, 0]) + 0.485 / 0.229).abs() < 1e-6);
        assert!((imagenet.double_value(&[0, 2, 0, 1]) - (1.0 - 0.406) / 0.225).abs() < 1e-6);
        let single = images(&[0, 255, 51, 102], size, 1, Normalisation::Imagenet, Device::Cpu);
        assert_eq!(single.size(), [2, 1, 1, 2]);
        assert!((single.double_value(&[0, 0, 0, 0]) + 0.449 / 0.226).abs() < 1e-6);
    }

    #[test]
    fn scores_are_row_major_and_finite() {
        let logits = Tensor::from_slice(&[1.5f32, -1e9, 1e9, 0.1]).view([2, 2]).transpose(0, 1);
        let expected = [1.5, 6e4, -6e4, 0.1].map(f16::from_f32);
        assert_eq!(scores(&logits).unwrap(), expected);
    }

    #[test]
    fn every_bone_has_its_channel() {
        let size = Size::new(3, 1).unwrap();
        let targets = targets(&[0, 1 << 28 | 1, 1 << 7], size, Device::Cpu);
        assert_eq!(targets.size(), [1, 29, 1, 3]);
        let set = |class: i64, x: i64| targets.double_value(&[0, class, 0, x]);
        assert_eq!([set(0, 1), set(28, 1), set(7, 2)], [1.0; 3]);
        assert_eq!(targets.sum(Kind::Float).double_value(&[]), 3.0);
    }
}
