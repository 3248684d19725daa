//! Training: from a recipe and two data sets to weights.
//!
//! [`Recipe`] says how, [`Trainer`] does an epoch or a validation; what it is made of stands by itself: [`AdamW`],
//! [`schedule`], [`loss`], [`Patience`], [`Precision`], [`Remedy`]. [`seen`] is how a network is shown
//! radiographs. Stages decide what is kept and where.

pub mod adamw;
pub mod augmentation;
pub mod boundary;
pub mod loss;
pub mod model;
pub mod patience;
pub mod precision;
pub mod recipe;
pub mod remedy;
pub mod schedule;
pub mod seen;
pub mod tensors;
pub mod trainer;
pub mod viewing;

pub use adamw::AdamW;
pub use augmentation::Augmentation;
pub use boundary::Boundary;
pub use loss::Loss;
pub use patience::Patience;
pub use precision::Precision;
pub use recipe::Recipe;
pub use remedy::Remedy;
pub use seen::Seen;
pub use trainer::{Step, Trainer};
pub use viewing::Viewing;
