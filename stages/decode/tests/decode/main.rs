//! `decode` as a program: every format, every kind of rubbish, pairing, exit codes.
#![allow(clippy::unwrap_used)]

mod annotations;
mod data;
mod folders;
mod images;
