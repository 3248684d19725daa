//! Run: units become results, each when what it needs is there.

pub(crate) mod changed;
pub(crate) mod context;
pub mod execute;
pub mod interrupt;
pub mod lock;
pub(crate) mod orphan;
pub mod panics;
pub(crate) mod pending;
pub(crate) mod process;
pub(crate) mod reading;
pub(crate) mod unit;
