//! A segmenter: from images to one logit per class and pixel.

use std::fmt;

use tch::{Kind, Tensor};

use crate::catalog::{self, ModelSpec};
use crate::decoders::{Decoder, DecoderOptions};
use crate::encoders::{Encoder, EncoderOptions};
use crate::layers::channels_last;
use crate::parameters::{Registry, Weights};
use crate::switches::Switches;
use crate::{Coarse, Error, Level, Placement};

/// An encoder, a decoder with its head, and their weights.
pub struct Segmenter {
    spec: ModelSpec,
    placement: Placement,
    network: Network,
    weights: Weights,
    switches: Switches,
}

/// A model that only predicts: batch normalisation is folded into convolutions.
#[derive(Debug)]
pub struct Frozen(Segmenter);

/// The layers alone.
pub(crate) struct Network {
    encoder_key: &'static str,
    encoder: Box<dyn Encoder>,
    decoder: Box<dyn Decoder>,
    levels: Vec<Level>,
    pub(crate) sizes: Sizes,
}

/// Which images a network takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    /// What height and width must be multiples of.
    pub(crate) multiple: i64,
    /// The smallest height and width, a multiple too.
    pub(crate) smallest: i64,
    /// Whether training needs two images, however large.
    pools: bool,
}

impl Sizes {
    fn next(self, size: i64) -> i64 {
        (size.max(self.smallest) + self.multiple - 1) / self.multiple * self.multiple
    }

    pub(crate) fn check(self, spec: &ModelSpec, height: i64, width: i64) -> Result<(), Error> {
        let (next_height, next_width) = (self.next(height), self.next(width));
        if (next_height, next_width) == (height, width) {
            return Ok(());
        }
        let Sizes { multiple: stride, smallest, .. } = self;
        Err(Error::Size { model: spec.name(), height, width, stride, smallest, next_height, next_width })
    }
}

impl Segmenter {
    /// Builds a model with the reference's initialisation, the same for the same `seed` on every run and device.
    ///
    /// Seeds libtorch's generator as well, from which stochastic depth and dropout draw in training.
    pub fn new(spec: &ModelSpec, placement: Placement, seed: i64) -> Result<Self, Error> {
        if !matches!(placement.kind, Kind::Float | Kind::Double) {
            return Err(Error::Field {
                field: "kind",
                given: format!("{:?}", placement.kind),
                expected: "Float or Double",
            });
        }
        tch::manual_seed(seed);
        let registry = Registry::new(placement, seed);
        let network = Network::new(spec, &registry)?;
        let switches = registry.switches();
        Ok(Self { spec: spec.clone(), placement, network, weights: registry.finish(), switches })
    }

    /// What was built.
    pub fn spec(&self) -> &ModelSpec {
        &self.spec
    }

    /// Where it computes, and in which precision.
    pub fn placement(&self) -> Placement {
        self.placement
    }

    /// Its tensors: to load, save or train.
    pub fn weights(&self) -> &Weights {
        &self.weights
    }

    /// The encoder's feature maps, finest first.
    pub fn levels(&self) -> Vec<Level> {
        self.network.levels.clone()
    }

    /// What the height and the width of an image must be multiples of.
    pub fn stride(&self) -> i64 {
        self.network.sizes.multiple
    }

    /// The smallest legal height and width of an image, in pixels.
    pub fn min_size(&self) -> i64 {
        self.network.sizes.smallest
    }

    /// Whether images of `height` × `width` pixels are legal; the error names the next legal size.
    pub fn check_size(&self, height: i64, width: i64) -> Result<(), Error> {
        self.network.sizes.check(&self.spec, height, width)
    }

    /// The key below which checkpoints of this architecture keep the encoder.
    pub(crate) fn encoder_key(&self) -> &'static str {
        self.network.encoder_key
    }

    /// Whether the tensor with this key is the encoder's; all others are the decoder's and its head's.
    pub fn is_of_encoder(&self, key: &str) -> bool {
        key.strip_prefix(self.encoder_key()).is_some_and(|rest| rest.starts_with('.'))
    }

    /// Images `[B, in_channels, H, W]`, of the model's kind and on its device, to logits `[B, classes, H, W]`.
    ///
    /// In training, batch normalisation uses and updates the batch's statistics; stochastic depth and dropout act.
    pub fn forward_t(&self, images: &Tensor, train: bool) -> Result<Tensor, Error> {
        // Under autocast the head computes in half the bits.
        Ok(self.forward_coarse(images, train)?.upsampled().to_kind(self.placement.kind))
    }

    /// [`Self::forward_t`] up to the upsampling that most decoders end with, in the precision that was computed in.
    pub fn forward_coarse(&self, images: &Tensor, train: bool) -> Result<Coarse, Error> {
        self.check(images, train)?;
        Ok(self.network.coarse(images, train))
    }

    /// [`Self::forward_t`] for prediction: in evaluation mode, without recording a graph.
    pub fn infer(&self, images: &Tensor) -> Result<Tensor, Error> {
        tch::no_grad(|| self.forward_t(images, false))
    }

    /// Keeps fewer activations in training, and computes those that are missing again in the backward pass: about a
    /// third more work for a fraction of the memory. Gradients are the same but for the rounding of sums.
    pub fn checkpoint_activations(&self, on: bool) {
        self.switches.set_checkpointing(on);
    }

    /// The model for prediction: each convolution and the batch normalisation behind it become one convolution, worked
    /// out in double precision, which takes less time and gives the same logits but for rounding.
    ///
    /// There is no way back, so that no fold can be out of date.
    pub fn freeze(self) -> Frozen {
        self.switches.freeze();
        Frozen(self)
    }

    /// Whether images fit: their shape, size, element type and device, and for training their number.
    pub fn check(&self, images: &Tensor, train: bool) -> Result<(), Error> {
        let given = images.size();
        let channels = self.spec.in_channels;
        let &[batch, inputs, height, width] = given.as_slice() else {
            return Err(Error::Shape { given, channels });
        };
        if inputs != channels || given.contains(&0) {
            return Err(Error::Shape { given, channels });
        }
        if (images.kind(), images.device()) != (self.placement.kind, self.placement.device) {
            return Err(Error::Placement {
                given: format!("{:?} on {:?}", images.kind(), images.device()),
                expected: format!("{:?} on {:?}", self.placement.kind, self.placement.device),
            });
        }
        if train { self.check_batch(batch, height, width) } else { self.check_size(height, width) }
    }

    /// Whether a training batch of `batch` images of `height` × `width` pixels is legal: batch normalisation wants more
    /// than one value per channel, also of maps that were pooled to one pixel.
    pub fn check_batch(&self, batch: i64, height: i64, width: i64) -> Result<(), Error> {
        self.check_size(height, width)?;
        let Sizes { multiple, pools, .. } = self.network.sizes;
        let pixels = if pools { 1 } else { (height / multiple) * (width / multiple) };
        if batch * pixels < 2 {
            return Err(Error::BatchTooSmall { batch, height, width });
        }
        Ok(())
    }
}

impl Frozen {
    /// What was built.
    pub fn spec(&self) -> &ModelSpec {
        self.0.spec()
    }

    /// Where it computes, and in which precision.
    pub fn placement(&self) -> Placement {
        self.0.placement()
    }

    /// See [`Segmenter::check_size`].
    pub fn check_size(&self, height: i64, width: i64) -> Result<(), Error> {
        self.0.check_size(height, width)
    }

    /// See [`Segmenter::infer`].
    pub fn infer(&self, images: &Tensor) -> Result<Tensor, Error> {
        self.0.infer(images)
    }
}

/// The keys, shapes, element types and roles of a model's tensors, without their memory and in a millisecond.
///
/// The tensors cannot be computed with or written to: each has one element, seen at every index.
pub fn outline(spec: &ModelSpec) -> Result<Weights, Error> {
    let registry = Registry::outline();
    Network::new(spec, &registry)?;
    Ok(registry.finish())
}

impl Network {
    pub(crate) fn new(spec: &ModelSpec, registry: &Registry) -> Result<Self, Error> {
        let (architecture, encoder) = catalog::resolve(spec)?;
        let root = registry.root();
        let options = EncoderOptions {
            library: architecture.library,
            in_channels: spec.in_channels,
            drop_path: spec.drop_path,
            output_stride: architecture.output_stride,
            depth: architecture.depth,
        };
        let levels = options.levels(encoder.channels());
        let strides = levels.iter().map(|level| level.stride);
        // All are powers of 2.
        let multiple = strides.fold(encoder.multiple(), i64::max);
        let smallest = encoder.min_size().max(architecture.min_size).max(multiple);
        let decoder_options = DecoderOptions {
            levels: levels.clone(),
            encoder: encoder.name(),
            classes: spec.classes,
            dropout: spec.dropout.unwrap_or(architecture.dropout),
        };
        let pools = architecture.pools || encoder.pools();
        // The order of building is the order of the checkpoint's keys.
        let encoder_key = architecture.encoder_key;
        let encoder = encoder.build(&root.at(encoder_key), options);
        let decoder = (architecture.build)(&root, &decoder_options);
        let sizes = Sizes { multiple, smallest, pools };
        Ok(Self { encoder_key, encoder, decoder, levels, sizes })
    }

    /// Images `[B, C, H, W]` to logits `[B, classes, H, W]`.
    pub(crate) fn forward(&self, images: &Tensor, train: bool) -> Tensor {
        self.coarse(images, train).upsampled()
    }

    /// Images `[B, C, H, W]` to logits `[B, classes, h, w]`, before they are upsampled to the images' size.
    fn coarse(&self, images: &Tensor, train: bool) -> Coarse {
        self.decoder.forward(&self.encoder.forward(&channels_last(images), train), train)
    }
}

impl fmt::Debug for Segmenter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Segmenter")
            .field("spec", &self.spec)
            .field("placement", &self.placement)
            .field("parameters", &self.weights.parameter_count())
            .finish()
    }
}
