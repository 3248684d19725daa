//! Partial outputs: a file or a folder that has its name only when it is whole (atomic replace).
//!
//! ```text
//! while it grows      out.partial        locked: a second writer is refused
//! committed           out                on the disk, and so is its name
//! dropped             –                  removed; a folder that can be resumed stays
//! killed              out.partial        taken over by the next writer
//! ```
//!
//! What has the name already stays whole until the new one takes its place: the two are exchanged in one step, or,
//! where the file system cannot do that, the old one steps aside as `out.replaced` first. A kill in between leaves
//! both, and the next writer puts the old one back.
//!
//! [`Existing`] says what may happen to something that has the name. It counts when writing begins, so that a wrong
//! name costs no work, and again when the name is given, so that nothing is lost that appeared meanwhile.

mod file;
mod folder;
mod lock;
mod name;
mod place;

pub use crate::file::{PartialFile, write};
pub use crate::folder::PartialFolder;
pub use crate::name::partial_name;

/// What may happen to something that has the name already.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Existing {
    /// It stays, and the new output is refused with [`std::io::ErrorKind::AlreadyExists`]. An empty folder is nothing.
    Keep,
    /// The new output takes its place. A file never takes the place of a folder, which may be somebody's home.
    Replace,
}
