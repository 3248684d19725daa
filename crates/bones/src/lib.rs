//! The domain of hand-bone segmentation, free of I/O: the 29 classes, sets of bones, run masks, and every
//! operation on them.
//!
//! A mask is never dense here. [`Mask`] is a sequence of runs over the row-major pixels of a radiograph, each
//! carrying the [`BoneSet`] of the bones that cover it; fills, votes, crops, resizes, Dice and run-length text
//! are walks over those runs.

pub mod bone;
pub mod bone_set;
pub mod components;
mod connected;
pub mod contour;
pub mod crop;
pub mod dice;
pub mod mask;
pub mod polygon;
pub mod resize;
pub mod rle;
mod rows;
pub mod scores;
pub mod statistics;
pub mod submission;
pub mod surface;
mod toggles;
pub mod vote;
mod zip;

pub use bone::Bone;
pub use bone_set::BoneSet;
pub use mask::{Mask, Run, Size};
