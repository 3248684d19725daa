//! A 3×3 convolution of maps that are doubled first, without the doubled maps.
//!
//! Of nine pixels of a doubled map at most four differ, so that four products do for nine. They are those of a
//! transposed convolution with stride 2: Shi et al., Is the deconvolution layer the same as a convolutional layer?,
//! 2016 (arXiv:1609.07009).

use tch::Tensor;

/// A 3×3 convolution, padded by 1, of coarse maps doubled to their nearest neighbours and of fine maps behind them.
#[derive(Debug)]
pub(crate) struct Raised {
    /// `[coarse channels, outputs, 4, 4]`
    coarse: Tensor,
    /// `[outputs, fine channels, 3, 3]`, where there are fine maps.
    fine: Option<Tensor>,
    bias: Option<Tensor>,
}

impl Raised {
    /// `weight` is that of the convolution, `[outputs, inputs, 3, 3]`; its first `channels` inputs are the coarse maps'.
    pub(crate) fn new(weight: &Tensor, bias: Option<&Tensor>, channels: i64) -> Self {
        let fine = weight.size()[1] - channels;
        // A coarse pixel covers the fine pixels 0 and 1. Weight w of the window reaches from them to the outputs
        // 1 - w and 2 - w, which are -1 … 2: the transposed convolution's weights.
        let reach = weight.narrow(1, 0, channels).flip([2, 3]).constant_pad_nd([1, 1, 1, 1]);
        let along = |reach: &Tensor, axis| reach.narrow(axis, 0, 4) + reach.narrow(axis, 1, 4);
        Self {
            coarse: along(&along(&reach, 2), 3).transpose(0, 1),
            fine: (fine > 0).then(|| weight.narrow(1, channels, fine)),
            bias: bias.map(Tensor::shallow_clone),
        }
    }

    /// The same with memory of its own, for weights that change no more.
    pub(crate) fn settled(self) -> Self {
        let Self { coarse, fine, bias } = self;
        Self { coarse: coarse.contiguous(), fine: fine.map(|fine| fine.copy()), bias }
    }

    // [B, coarse channels, h, w], [B, fine channels, 2 h, 2 w] -> [B, outputs, 2 h, 2 w]
    pub(crate) fn forward(&self, coarse: &Tensor, fine: Option<&Tensor>) -> Tensor {
        let mut outputs =
            coarse.conv_transpose2d(&self.coarse, self.bias.as_ref(), [2, 2], [1, 1], [0, 0], 1, [1, 1]);
        match self.fine.as_ref().zip(fine) {
            Some((weight, fine)) => {
                outputs.g_add_(&fine.conv2d(weight, None::<&Tensor>, [1, 1], [1, 1], [1, 1], 1))
            }
            None => outputs,
        }
    }
}

#[cfg(test)]
mod tests {
    use tch::Kind;

    use super::*;

    fn numbers(shape: &[i64]) -> Tensor {
        let count: i64 = shape.iter().product();
        (Tensor::arange(count, (Kind::Double, tch::Device::Cpu)) * 0.7).sin().reshape(shape)
    }

    #[test]
    fn it_is_the_convolution_of_the_doubled_maps() {
        for (coarse_channels, fine_channels, height, width) in [(3, 2, 4, 5), (2, 0, 1, 3), (1, 4, 1, 1)] {
            let coarse = numbers(&[2, coarse_channels, height, width]);
            let fine = (fine_channels > 0).then(|| numbers(&[2, fine_channels, 2 * height, 2 * width]).cos());
            let weight = numbers(&[5, coarse_channels + fine_channels, 3, 3]);
            let bias = numbers(&[5]);

            let doubled = coarse.upsample_nearest2d([2 * height, 2 * width], None, None);
            let maps: Vec<&Tensor> = std::iter::once(&doubled).chain(&fine).collect();
            let expected = Tensor::cat(&maps, 1).conv2d(&weight, Some(&bias), [1, 1], [1, 1], [1, 1], 1);

            let raised = || Raised::new(&weight, Some(&bias), coarse_channels);
            for raised in [raised(), raised().settled()] {
                let raised = raised.forward(&coarse, fine.as_ref());
                assert_eq!(raised.size(), expected.size());
                let difference = (&raised - &expected).abs().max().double_value(&[]);
                assert!(difference < 1e-12, "{coarse_channels} {fine_channels}: {difference:e}");
            }
        }
    }
}
