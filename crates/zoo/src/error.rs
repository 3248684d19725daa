//! What can go wrong between a model's name and its logits.

/// An error of the zoo; every message says what was expected and what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The model's name is not of the form `architecture/encoder`, or is the one that its reference has for it.
    #[error(
        "there is no model {given:?}; nearest: {nearest}; names are architecture/encoder, such as unet/resnet34"
    )]
    ModelName {
        /// The name as given.
        given: String,
        /// The name that comes nearest.
        nearest: String,
    },
    /// No architecture or encoder has this name.
    #[error("there is no {what} {given:?}; nearest: {nearest}; all: {}", .known.join(", "))]
    Unknown {
        /// `architecture` or `encoder`.
        what: &'static str,
        /// The name as given.
        given: String,
        /// The name that comes nearest; of an encoder for other architectures only, a model's.
        nearest: String,
        /// Every known architecture, or every encoder that the architecture takes.
        known: Vec<&'static str>,
    },
    /// The architecture cannot be built on this encoder.
    #[error("{architecture} cannot be built on {encoder}: {reason}")]
    Pairing {
        /// The architecture's name.
        architecture: String,
        /// The encoder's name.
        encoder: String,
        /// Why not.
        reason: String,
    },
    /// A field of the specification is outside its range.
    #[error("{field} is {given}, expected {expected}")]
    Field {
        /// The field of [`ModelSpec`](crate::ModelSpec) or [`Placement`](crate::Placement).
        field: &'static str,
        /// The value as given.
        given: String,
        /// The legal values.
        expected: &'static str,
    },
    /// The images are not `[B, in_channels, H, W]` with B, H and W at least 1.
    #[error("images of shape {given:?} do not fit: expected [batch, {channels}, height, width]")]
    Shape {
        /// The tensor's shape.
        given: Vec<i64>,
        /// The model's input channels.
        channels: i64,
    },
    /// The images' element type or device differ from the model's.
    #[error("images are {given}, the model is {expected}: convert the images with Tensor::to")]
    Placement {
        /// Kind and device of the images.
        given: String,
        /// Kind and device of the model.
        expected: String,
    },
    /// Height or width is no multiple of the model's stride, or too small for it.
    #[error(
        "an image of {height}x{width} does not fit {model}: height and width must be multiples of {stride} \
         and at least {smallest}; the next legal size is {next_height}x{next_width}"
    )]
    Size {
        /// The model's name.
        model: String,
        /// Height in pixels.
        height: i64,
        /// Width in pixels.
        width: i64,
        /// What height and width must be multiples of.
        stride: i64,
        /// The smallest legal height and width.
        smallest: i64,
        /// The smallest legal height not below `height`.
        next_height: i64,
        /// The smallest legal width not below `width`.
        next_width: i64,
    },
    /// A training batch leaves a normalisation layer a single value per channel, whose variance is undefined.
    #[error(
        "a training batch of {batch} image(s) of {height}x{width} leaves batch normalisation one value per channel: \
         use a larger batch, or larger images where the architecture does not pool them to a pixel"
    )]
    BatchTooSmall {
        /// Images in the batch.
        batch: i64,
        /// Height in pixels.
        height: i64,
        /// Width in pixels.
        width: i64,
    },
    /// The device's name is unknown, or this libtorch or machine does not have the device.
    #[error("device {given:?}: {reason}; use auto, cpu, cuda, cuda:N or mps")]
    Device {
        /// The name as given.
        given: String,
        /// What is wrong with it.
        reason: String,
    },
}
