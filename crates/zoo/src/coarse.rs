//! Coarse logits: what a decoder gives before it brings them to the size of the images.

use tch::Tensor;

/// Logits, and the bilinear upsampling that makes them as large as the images. Most decoders end so.
///
/// A loss that interpolates by itself needs no tensor of the images' size.
#[derive(Debug)]
pub struct Coarse {
    /// `[B, classes, h, w]`, in the precision that they were computed in: bf16 under [`autocast`](crate::autocast).
    pub logits: Tensor,
    /// Height and width of the images; those of the logits where there is nothing to upsample.
    pub size: [i64; 2],
    /// Whether the middles of the corner pixels coincide, as PyTorch's `align_corners`; if not, the corners do.
    pub align_corners: bool,
}

impl Coarse {
    /// Logits at the size of the images, `[B, classes, H, W]`.
    pub fn upsampled(&self) -> Tensor {
        let Coarse { logits, size, align_corners } = self;
        if logits.size()[2..] == size[..] {
            return logits.shallow_clone();
        }
        logits.upsample_bilinear2d(size, *align_corners, None, None)
    }
}

/// Logits that have the size of the images.
impl From<Tensor> for Coarse {
    fn from(logits: Tensor) -> Coarse {
        let &[_, _, height, width] = logits.size().as_slice() else {
            panic!("{logits:?} is not of the shape [B, classes, H, W]")
        };
        Coarse { logits, size: [height, width], align_corners: false }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use tch::{Device, Kind};

    use super::*;
    use crate::{ModelSpec, Placement, Segmenter};

    #[test]
    fn what_is_upsampled_is_what_a_model_gives() {
        let images = Tensor::rand([1, 3, 64, 96], (Kind::Float, Device::Cpu));
        let figures =
            [("unet/resnet18", [64, 96]), ("segformer/mit_b0", [16, 24]), ("hf-segformer/mit_b0", [16, 24])];
        for (name, size) in figures {
            let model = Segmenter::new(&ModelSpec::named(name, 29).unwrap(), Placement::cpu(), 0).unwrap();
            let coarse = tch::no_grad(|| model.forward_coarse(&images, false)).unwrap();
            assert_eq!((&coarse.logits.size()[2..], coarse.size), (&size[..], [64, 96]), "{name}");
            assert!(coarse.upsampled().equal(&model.infer(&images).unwrap()), "{name}");
        }
        assert_eq!(Coarse::from(images).size, [64, 96]);
    }
}
