//! Maps of several sizes, brought to one and fused.

use std::cell::OnceCell;

use tch::Tensor;

use super::{BatchNorm2d, Conv2d, Linear, exact, size_of, to_images, to_tokens};

/// A linear layer for each map, bilinear resizing, and of all of them a 1×1 convolution, batch normalisation and ReLU.
///
/// Resizing weighs pixels and the layers around it weigh channels, so that either may come first: a map's linear layer
/// and its part of the convolution are one linear layer, at the size that the map comes in, and the convolution is the
/// sum of the resized maps. A model that is neither trained nor frozen computes as the references do, and is counted so.
#[derive(Debug)]
pub(crate) struct Fusion {
    linears: Vec<Linear>,
    conv: Conv2d,
    norm: BatchNorm2d,
    /// Of a frozen model, made when they are first needed.
    merged: OnceCell<Vec<Linear>>,
}

impl Fusion {
    /// `conv` takes as many channels of each of the `linears`, in their order.
    pub(crate) fn new(linears: Vec<Linear>, conv: Conv2d, norm: BatchNorm2d) -> Self {
        Self { linears, conv, norm, merged: OnceCell::new() }
    }

    // maps of [B, C, h, w], one a linear layer -> [B, outputs, H, W]
    pub(crate) fn forward<'a>(
        &self,
        maps: impl Iterator<Item = &'a Tensor>,
        size: [i64; 2],
        train: bool,
    ) -> Tensor {
        let mut fused = if train {
            let merged = self.merged(&self.conv, Tensor::shallow_clone);
            self.norm.forward(&sum(&merged, maps, size), train)
        } else if self.norm.switches.frozen() {
            sum(self.merged.get_or_init(|| self.settled()), maps, size)
        } else {
            let mapped: Vec<Tensor> =
                self.linears.iter().zip(maps).map(|(linear, map)| resized(linear, map, size)).collect();
            self.norm.forward(&self.conv.forward(&Tensor::cat(&mapped, 1)), train)
        };
        fused.relu_()
    }

    /// A linear layer a map, the sum of which is `conv` of all of them, computed with weights `taken` as they are or
    /// [`exact`].
    fn merged(&self, conv: &Conv2d, taken: impl Fn(&Tensor) -> Tensor) -> Vec<Linear> {
        let parts = taken(&conv.weight).flatten(1, -1).chunk(self.linears.len() as i64, 1);
        let mut bias = conv.bias.as_ref().map(&taken);
        let merge = |(part, linear): (&Tensor, &Linear)| {
            let moved = linear.bias.as_ref().map(|bias| part.mv(&taken(bias)));
            // The convolution's own bias is added once.
            let bias = match (moved, bias.take()) {
                (Some(one), Some(other)) => Some(one + other),
                (one, other) => one.or(other),
            };
            Linear { weight: part.matmul(&taken(&linear.weight)), bias }
        };
        parts.iter().zip(&self.linears).map(merge).collect()
    }

    /// The same with the normalisation in them too, for weights that change no more.
    fn settled(&self) -> Vec<Linear> {
        let merged = self.merged(&self.conv.folded(&self.norm), exact);
        let (kind, device) = (self.conv.weight.kind(), self.conv.weight.device());
        let placed = |tensor: Tensor| tensor.to_kind(kind).to_device(device);
        let settle = |linear: Linear| Linear { weight: placed(linear.weight), bias: linear.bias.map(placed) };
        merged.into_iter().map(settle).collect()
    }
}

/// What the layers make of their maps, at least one, added up at `size`.
fn sum<'a>(linears: &[Linear], maps: impl Iterator<Item = &'a Tensor>, size: [i64; 2]) -> Tensor {
    let each = linears.iter().zip(maps).map(|(linear, map)| resized(linear, map, size));
    each.reduce(|mut total, map| total.g_add_(&map)).expect("a layer at least")
}

/// What the layer makes of a map, bilinearly at `size`.
fn resized(linear: &Linear, map: &Tensor, size: [i64; 2]) -> Tensor {
    let mapped = to_images(&linear.forward(&to_tokens(map)), size_of(map));
    if size_of(map) == size { mapped } else { mapped.upsample_bilinear2d(size, false, None, None) }
}

#[cfg(test)]
mod tests {
    use tch::Kind;

    use super::*;
    use crate::device::Placement;
    use crate::layers::{ConvShape, Running};
    use crate::parameters::{Init, Registry};

    const INIT: Init = Init::Normal { std: 0.5 };

    /// Two maps of 3 and 5 channels at half and full size, 4 channels of each fused to 6; biases where they are wanted.
    fn fusion(registry: &Registry, biases: bool) -> Fusion {
        let root = registry.root();
        let shape = ConvShape::same(8, 6, 1);
        let [linears, conv] = ["linears", "conv"].map(|name| root.at(name));
        let linear = |(at, inputs)| {
            let scope = linears.at(at);
            let linear = Linear::without_bias(&scope, inputs, 4, INIT);
            Linear { bias: biases.then(|| scope.parameter("bias", &[4], INIT)), ..linear }
        };
        let mut conv_with = Conv2d::new(&conv, shape, INIT);
        conv_with.bias = biases.then(|| conv.parameter("bias", &[6], INIT));
        let norm = BatchNorm2d::new(&root.at("norm"), 6, Running::default());
        Fusion::new([(0, 3), (1, 5)].map(linear).into(), conv_with, norm)
    }

    #[test]
    fn it_is_the_convolution_of_the_maps_side_by_side() {
        for biases in [false, true] {
            let double = Placement { kind: Kind::Double, ..Placement::cpu() };
            let registry = Registry::new(double, 3);
            let fusion = fusion(&registry, biases);
            let maps = [[2, 3, 4, 6], [2, 5, 8, 12]]
                .map(|shape| Tensor::randn(shape, (Kind::Double, tch::Device::Cpu)));
            let size = [8, 12];

            let mapped = fusion.linears.iter().zip(&maps).map(|(linear, map)| resized(linear, map, size));
            let convolved = fusion.conv.forward(&Tensor::cat(&mapped.collect::<Vec<_>>(), 1));
            let merged = sum(&fusion.merged(&fusion.conv, exact), maps.iter(), size);
            assert!(merged.allclose(&convolved, 1e-12, 1e-12, false), "biases: {biases}");

            // A training step moves the running statistics away from 0 and 1.
            let trained = tch::no_grad(|| fusion.forward(maps.iter(), size, true));
            let expected = fusion.norm.forward(&convolved, true).relu();
            assert!(trained.allclose(&expected, 1e-12, 1e-12, false), "training, biases: {biases}");
            let plain = tch::no_grad(|| fusion.forward(maps.iter(), size, false));
            registry.switches().freeze();
            for _ in 0..2 {
                let frozen = fusion.forward(maps.iter(), size, false);
                assert!(frozen.allclose(&plain, 1e-12, 1e-12, false), "frozen, biases: {biases}");
                assert!(!frozen.requires_grad());
            }
        }
    }
}
