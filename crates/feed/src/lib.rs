//! What a network is fed: samples out of shards, as it sees them, shuffled, augmented, in batches. No libtorch.
//!
//! A [`Dataset`] holds the samples of some shards, in memory as far as a budget allows: [`Training`] samples are varied
//! and turned into words of labels, [`Validation`] samples stay as they are. [`Dataset::epoch`] goes over the former in
//! an order of its own and hands out [`Batch`]es of what rayon's threads rendered. What is drawn depends on seed, epoch and
//! sample alone, never on threads.

mod dataset;
mod epoch;
mod leak;
mod order;
mod sample;
mod window;

pub use dataset::{Dataset, Member, Source};
pub use epoch::{Batch, Epoch, Rendered};
pub use leak::{Leak, leak};
pub use order::{Shares, Tail, Turn};
pub use sample::{Sample, Training, TrainingForm, Validation};
pub use window::Drawn;
