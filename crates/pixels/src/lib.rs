//! Grey images at another size, and the note in a shard's header that says so.

mod resize;
mod resized;

pub use resize::{Filter, resize};
pub use resized::Resized;
