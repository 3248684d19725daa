//! Training: from a recipe and two data sets to weights.
//!
//! [`Recipe`] says how, [`Trainer`] does an epoch or a validation, [`Stepper`] a step; what it is made of stands by itself:
//! [`loss`], [`optimizer`], [`schedule`], [`average`], [`Patience`], [`Precision`], [`Remedy`]. [`seen`] is how a network is
//! shown radiographs. [`fit()`] is a whole run, which keeps what it comes to in a [`Store`].

pub mod average;
pub mod boundary;
pub mod fault;
pub mod fit;
mod guard;
pub mod log;
pub mod loss;
pub mod model;
pub mod optimizer;
pub mod patience;
pub mod precision;
pub mod recipe;
pub mod remedy;
pub mod schedule;
pub mod seen;
pub mod state;
pub mod step;
pub mod stepper;
pub mod store;
pub mod tensors;
pub mod trainer;
pub mod validated;
pub mod waiting;

pub use average::{Average, AverageConfig};
pub use boundary::Boundary;
pub use fault::Fault;
pub use fit::{Fit, fit};
pub use log::Log;
pub use loss::{Loss, Objective};
pub use optimizer::{Groups, Optimizer, OptimizerConfig, Parameter};
pub use patience::Patience;
pub use precision::Precision;
pub use recipe::{Augmentation, Recipe};
pub use remedy::Remedy;
pub use schedule::{Position, Schedule, ScheduleConfig};
pub use seen::Seen;
pub use state::Stateful;
pub use step::Step;
pub use stepper::Stepper;
pub use store::{Goal, Identity, Progress, Store};
pub use trainer::Trainer;
pub use validated::{Validated, WorstCase};
pub use waiting::Waiting;
