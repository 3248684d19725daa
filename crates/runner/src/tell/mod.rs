//! Tell: what a run does while it runs, and what it did.

pub mod console;
pub mod last;
pub mod report;
pub mod timeline;
