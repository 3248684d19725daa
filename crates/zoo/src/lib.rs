//! The zoo: segmentation networks as encoders × decoders, and their weights.
//!
//! A model is named `architecture/encoder`, for example `unet/resnet34` or `segformer/mit_b0`; [`catalog`] lists
//! the names. [`Segmenter`] builds one, [`Weights`] loads and saves its state with the keys of the reference
//! implementation, so that published safetensors files load without conversion.
//!
//! ```
//! use zoo::{ModelSpec, Placement, Segmenter};
//!
//! let spec = ModelSpec::named("unet/resnet18", 29)?;
//! let model = Segmenter::new(&spec, Placement::cpu(), 7)?;
//! let images = tch::Tensor::zeros([1, 3, 64, 64], (tch::Kind::Float, tch::Device::Cpu));
//! assert_eq!(model.infer(&images)?.size(), [1, 29, 64, 64]);
//! # Ok::<(), zoo::Error>(())
//! ```

mod capability;
pub mod catalog;
mod coarse;
mod cost;
mod decoders;
mod device;
mod draws;
mod encoders;
mod error;
mod fault;
mod layers;
pub mod memory;
mod parameters;
pub mod provenance;
mod pyramid;
mod runtime;
mod segment;
mod segmenter;
mod switches;
pub mod weights;

pub use capability::autocast_pays;
pub use catalog::ModelSpec;
pub use coarse::Coarse;
pub use cost::{Figures, figures};
pub use device::{Placement, device, device_kind};
pub use error::Error;
pub use fault::Fault;
pub use parameters::{Entry, Role, Weights};
pub use pyramid::Level;
pub use runtime::{autocast, backward, drop_gradient, keep_freed_memory, libtorch_version};
pub use segmenter::{Frozen, Segmenter, outline};
