//! Runs pipelines of stages: parse → check → plan → execute → report.
//!
//! (The full account is written when the crate is complete.)

mod arguments;
mod backend;
mod changed;
pub mod check;
pub mod console;
mod document;
pub mod execute;
mod expand;
mod export;
pub mod fault;
pub mod file;
mod flow;
pub mod graph;
mod interpolate;
pub mod interrupt;
pub mod key;
pub mod lock;
pub mod memo;
mod orphan;
pub mod plan;
mod process;
mod read;
pub mod report;
mod set;
pub mod stages;
pub mod store;
pub mod tree;
mod unit;

pub use check::check;
pub use expand::{Input, Source};
pub use file::schema;
