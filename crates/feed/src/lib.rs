//! What a network is fed: samples out of shards, at its size, shuffled, augmented, in batches. No libtorch.
//!
//! A [`Dataset`] holds the samples of some shards, in memory as far as a budget allows. [`Dataset::epoch`] goes over
//! them once in an order of its own and hands out [`Batch`]es that rayon's threads made: the image and the
//! one [`bones::BoneSet`] plane of a sample are warped together by one [`Affine`], drawn from [`Augmentation`].
//! What is drawn depends on seed, epoch and sample alone, never on threads.

mod affine;
mod augmentation;
mod dataset;
mod epoch;
mod leak;
mod warp;

pub use affine::Affine;
pub use augmentation::{Augmentation, Draw};
pub use dataset::{Dataset, Labels, Member, Sample, Source};
pub use epoch::{Batch, Epoch, Tail};
pub use leak::Leak;
pub use warp::warp;
