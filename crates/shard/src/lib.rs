//! The file and stream format that stages exchange: a stream of records, each with named planes of bytes.
//!
//! The bytes are the same on disk and in a pipe, streams can be concatenated, and a stream without its end frame
//! is an error. See [`format`](mod@format) for the byte layout.
//!
//! ```
//! use shard::{Dtype, Encoding, Header, Plane, PlaneSpec, Producer, Reader, Record, Writer};
//!
//! let header = Header {
//!     producer: Producer { stage: "decode".into(), version: "0.1.0".into() },
//!     planes: vec![PlaneSpec { name: "image".into(), dtype: Dtype::U8, encoding: Encoding::Dense }],
//!     classes: vec![],
//!     attributes: Default::default(),
//! };
//! let (dtype, encoding) = (Dtype::U8, Encoding::Dense);
//! let image = Plane { name: "image".into(), dtype, shape: vec![2, 2], encoding, bytes: vec![0, 64, 128, 255] };
//! let record = Record { key: "ID001/image1_R".into(), planes: vec![image], ..Record::default() };
//!
//! let mut writer = Writer::new(Vec::new(), header)?;
//! writer.push(&record)?;
//! let (bytes, digest) = writer.finish()?;
//!
//! let mut reader = Reader::new(bytes.as_slice())?;
//! assert_eq!(reader.next().transpose()?, Some(record));
//! assert!(reader.next().is_none());
//! assert_eq!(reader.digest(), Some(digest));
//! # Ok::<(), shard::Error>(())
//! ```
//!
//! To compress or decompress on all cores, hand [`RawRecord`]s to [`ordered::map`]; to read in any order, open an
//! [`Indexed`] shard; to write a file that appears only when it is whole, use [`Writer::create`]; to rescue what is whole
//! in a damaged file, use [`Salvage`].

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
pub mod program;
pub mod raw;
pub mod reader;
pub mod record;
pub mod salvage;
mod scan;
pub mod writer;

pub use digest::Digest;
pub use error::Error;
pub use head::PlaneHead;
pub use indexed::Indexed;
pub use raw::RawRecord;
pub use reader::Reader;
pub use record::{Dtype, Encoding, Header, Plane, PlaneSpec, Producer, Record};
pub use salvage::Salvage;
pub use writer::Writer;
