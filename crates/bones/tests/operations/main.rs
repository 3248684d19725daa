//! Every operation on masks against a plain dense implementation, and against what NumPy, SciPy, OpenCV and
//! PyTorch give (`tests/golden/numpy`).

#![allow(clippy::unwrap_used, reason = "tests")]

mod components;
mod crop;
mod dense;
mod dice;
mod golden;
mod resize;
mod rle;
mod scores;
mod statistics;
mod submission;
mod surface;
mod vote;
