//! Placeholder, replaced by the stage's first commit.
fn main() {}
