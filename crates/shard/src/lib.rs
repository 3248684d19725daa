//! The file and stream format that stages exchange: a stream of records, each with named planes of bytes.
//!
//! The bytes are the same on disk and in a pipe, streams can be concatenated, and a stream without its end frame
//! is an error. See [`format`] for the byte layout.

mod content;
pub mod digest;
mod end;
pub mod error;
pub mod format;
mod frame;
mod head;
mod header;
pub mod indexed;
pub mod ordered;
pub mod partial;
pub mod raw;
pub mod reader;
pub mod record;
pub mod writer;

pub use digest::Digest;
pub use error::Error;
pub use head::PlaneHead;
pub use indexed::Indexed;
pub use partial::Partial;
pub use raw::RawRecord;
pub use reader::Reader;
pub use record::{Dtype, Encoding, Header, Plane, PlaneSpec, Producer, Record};
pub use writer::Writer;
