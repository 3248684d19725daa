//! Grey values and bones as tensors.

use std::mem::MaybeUninit;

use bones::Size;
use bones::bone::COUNT;
use checkpoint::Normalisation;
use feed::Batch;
use half::f16;
use pulp::{Arch, NullaryFnOnce};
use rayon::prelude::*;
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
    if device != Device::Cpu {
        let grey = Tensor::from_slice(grey).to_device(device).view([-1, 1, height, width]);
        return normalised(&grey, channels, normalisation);
    }
    // On the CPU every grey value is looked up: one pass, where libtorch's operations are one each.
    let all: Vec<u8> = (0..=u8::MAX).collect();
    let tables = normalised(&Tensor::from_slice(&all).view([1, 1, 1, -1]), channels, normalisation);
    let own = if normalisation == Normalisation::Unit { 1 } else { channels };
    let tables: Vec<f32> =
        Vec::try_from(tables.narrow(1, 0, own).flatten(0, -1)).expect("a table of numbers");
    let pixels = (size.pixels() as usize).max(1);
    let shape = [(grey.len() / pixels) as i64, own, height, width];
    let images = zoo::memory::filled(&shape, |values| {
        let planes = values.par_chunks_exact_mut(pixels).enumerate();
        planes.for_each(|(plane, values)| {
            let (image, channel) = (plane / own as usize, plane % own as usize);
            let table = &tables.as_chunks::<256>().0[channel];
            let grey = &grey[image * pixels..][..pixels];
            for (value, &grey) in values.iter_mut().zip(grey) {
                value.write(table[usize::from(grey)]);
            }
        });
    });
    images.expect("enough memory for a batch's images").expand([-1, channels, height, width], false)
}

/// Grey values `[B, 1, H, W]` as what a network is given, `[B, channels, H, W]`.
fn normalised(grey: &Tensor, channels: i64, normalisation: Normalisation) -> Tensor {
    let (size, device) = (grey.size(), grey.device());
    let unit = grey.to_kind(Kind::Float) / 255.0;
    let image = unit.expand([-1, channels, size[2], size[3]], false);
    if normalisation == Normalisation::Unit {
        return image;
    }
    let each = |values: [f64; 3]| {
        let values = Tensor::from_slice(&values).to_kind(Kind::Float).to_device(device).view([1, 3, 1, 1]);
        if channels == 3 { values } else { values.mean(Kind::Float) }
    };
    (image - each(normalisation.mean())) / each(normalisation.deviation())
}

/// The labels of a batch as targets `[B, 29, H, W]` on `device`: what a pixel has of each bone, 0 or 1, or in quarters
/// ([`augment::render::LabelForm`]); laid out channels-last, as a network's logits are.
pub fn targets(batch: &Batch, device: Device) -> Tensor {
    let [height, width] = [batch.size.height(), batch.size.width()].map(i64::from);
    let pixels = batch.size.pixels() as usize;
    let count = batch.samples.len();
    let largest = (1u32 << batch.labels.words()) / 2;
    if device == Device::Cpu {
        let targets = zoo::memory::filled(&[count as i64, height, width, COUNT as i64], |targets| {
            let samples = targets.par_chunks_exact_mut((pixels * COUNT).max(1)).zip(&batch.samples);
            samples.for_each(|(targets, sample)| {
                let unpack = Unpack { words: &sample.labels, pixels, unit: 1.0 / largest as f32, targets };
                Arch::new().dispatch(unpack);
            });
        });
        return targets.expect("enough memory for a batch's targets").permute([0, 3, 1, 2]);
    }
    let words: Vec<i32> = batch.samples.iter().flat_map(|sample| &sample.labels).copied().collect();
    let words = Tensor::from_slice(&words).to_device(device);
    let words = words.view([-1, batch.labels.words() as i64, height, width, 1]);
    let bits: Vec<i32> = (0..COUNT).map(|index| 1 << index).collect();
    let bits = Tensor::from_slice(&bits).to_device(device);
    let digit = |place: usize| {
        let set = words.select(1, place as i64).bitwise_and_tensor(&bits).not_equal(0).to_kind(Kind::Float);
        set * (f64::from(1u32 << place) / f64::from(largest))
    };
    let targets = (1..batch.labels.words()).fold(digit(0), |sum, place| sum + digit(place));
    targets.permute([0, 3, 1, 2])
}

/// The words `[words, pixels]` of a sample as targets `[pixels, 29]`, where a number of 1 is `unit`.
struct Unpack<'a> {
    words: &'a [i32],
    pixels: usize,
    unit: f32,
    targets: &'a mut [MaybeUninit<f32>],
}

impl NullaryFnOnce for Unpack<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Unpack { words, pixels, unit, targets } = self;
        let targets = targets.as_chunks_mut::<COUNT>().0;
        // One word or three, each the next binary digit of the number; a missing one is 0.
        let word = |place: usize, at: usize| words.get(place * pixels + at).map_or(0, |&word| word as u32);
        for (at, targets) in targets.iter_mut().enumerate() {
            let (low, middle, high) = (word(0, at), word(1, at), word(2, at));
            if (low | middle | high) == 0 {
                targets.fill(MaybeUninit::new(0.0));
                continue;
            }
            for (bone, target) in targets.iter_mut().enumerate() {
                let digit = |word: u32| word >> bone & 1;
                let number = digit(low) | digit(middle) << 1 | digit(high) << 2;
                target.write(number as i32 as f32 * unit);
            }
        }
    }
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

    use augment::render::LabelForm;
    use feed::Rendered;

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

    fn batch(labels: LabelForm, words: Vec<i32>) -> Batch {
        let size = Size::new(3, 1).unwrap();
        let sample = Rendered { sample: 0, image: vec![0; 3], labels: words };
        Batch { size, labels, samples: vec![sample] }
    }

    #[test]
    fn every_bone_has_its_channel() {
        let targets = targets(&batch(LabelForm::Centre, vec![0, 1 << 28 | 1, 1 << 7]), Device::Cpu);
        assert_eq!(targets.size(), [1, 29, 1, 3]);
        let set = |class: i64, x: i64| targets.double_value(&[0, class, 0, x]);
        assert_eq!([set(0, 1), set(28, 1), set(7, 2)], [1.0; 3]);
        assert_eq!(targets.sum(Kind::Float).double_value(&[]), 3.0);
    }

    #[test]
    fn counts_are_quarters() {
        // Of three pixels: one quarter of bone 0 and all of bone 28; half of bone 3; three quarters of bone 3.
        let words = vec![1, 0, 1 << 3, 0, 1 << 3, 1 << 3, 1 << 28, 0, 0];
        let targets = targets(&batch(LabelForm::Coverage, words), Device::Cpu);
        let share = |class: i64, x: i64| targets.double_value(&[0, class, 0, x]);
        assert_eq!([share(0, 0), share(28, 0), share(3, 1), share(3, 2)], [0.25, 1.0, 0.5, 0.75]);
        assert_eq!(targets.sum(Kind::Float).double_value(&[]), 2.5);
    }
}
