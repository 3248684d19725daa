//! Augmentation: varied samples out of radiographs, in one warp of the image and of one plane of bones.
//!
//! ```text
//! Recipe   a list of transforms, each with a probability and ranges           (TOML; what a user writes)
//!   ↓ draw, by (seed, epoch, sample)
//! Plan     a Field, steps of Tone, Holes                                      (what was drawn: pure data)
//!   ↓ render, out of a Source (an image pyramid, half-cell labels, where both lie on the network's plane)
//! sample   grey values and coverage counts at the network's size
//! ```
//!
//! Names and parameters of transforms are those of albumentations 1.4 where it has them.

mod field;
mod homography;
mod mesh;
mod plan;
pub mod recipe;
pub mod render;
pub mod tone;

pub use field::{Field, Fields};
pub use homography::Homography;
pub use mesh::Mesh;
pub use plan::{Curve, Drawn, Hole, Illumination, Kernel, Plan, Tone};
pub use recipe::{Recipe, RecipeError, Transform};
