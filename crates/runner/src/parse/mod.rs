//! Parse: a pipeline file becomes a draft whose every value knows its line.

pub(crate) mod accepted;
pub(crate) mod arguments;
pub(crate) mod document;
pub mod fault;
pub mod file;
pub(crate) mod interpolate;
pub(crate) mod read;
pub(crate) mod set;
