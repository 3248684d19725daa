//! The file and stream format that stages exchange: a stream of records, each with named planes of bytes.
//!
//! The bytes are the same on disk and in a pipe, streams can be concatenated, and a stream without its end frame
//! is an error. See [`format`] for the byte layout.

pub mod error;
pub mod format;
pub mod ordered;
pub mod raw;
pub mod reader;
pub mod record;
pub mod writer;

pub use error::Error;
pub use raw::RawRecord;
pub use reader::Reader;
pub use record::{Dtype, Encoding, Header, Plane, PlaneSpec, Producer, Record};
pub use writer::{Digest, Writer};
