//! The byte layout of a shard, version 1, and its limits.
//!
//! A shard is a legal zstd stream: what is not a plane's bytes stands in skippable frames, which every zstd decoder
//! passes over. All numbers are little-endian; offsets count from the first byte of the header frame.
//!
//! ```text
//! stream   := header  record*  end             concatenated streams are one stream
//! record   := head  content
//!
//!              4 bytes     4 bytes     n bytes           16 bytes
//!            ┌───────────┬───────────┬─────────────────┬───────────────────────────┐
//! header     │ 184D2A50h │ n + 16    │ header payload  │ xxh3-128 of all before it │
//! head       │ 184D2A51h │ n + 16    │ head payload    │ xxh3-128 of all before it │
//! end        │ 184D2A52h │ n + 16    │ end payload     │ xxh3-128 of all before it │
//!            └───────────┴───────────┴─────────────────┴───────────────────────────┘
//!              ├─ zstd's skippable frame: magic, length, that many bytes ──────────┤
//!
//!            ┌──────────────────────────────────────────────────────┐
//! content    │ one zstd frame: the planes' bytes, one after another │  its length and xxh3-128 are in the head
//!            └──────────────────────────────────────────────────────┘
//!
//! header payload          head payload (bincode, fixed-size integers)
//!   8  "ossashrd"           8 + …  key: length, UTF-8
//!   4  version, 1           8 + …  attributes: count, then name and value each as length, UTF-8
//!   …  JSON of Header       8 + …  planes: count, then for each
//!                                    8 + …  name: length, UTF-8
//!                                    1      dtype: u8, u16, u32, i32, f16, f32 = 0 … 5
//!                                    8 + …  shape: count, then 8 bytes an extent
//!                                    1      encoding: dense, runs, rings = 0 … 2
//!                                    8      length in bytes
//! end payload               8      length of the content frame
//!   8   number of records   16     xxh3-128 of the content frame
//!   16  digest of the stream
//!   …   index, for each record:
//!         8      offset of its head frame
//!         16     checksum of its head frame, which is the record's digest
//!         2 + …  key: length, UTF-8
//!   8   length of the stream before the end frame
//!   4   length of the whole end frame
//! ```
//!
//! The stream's digest is xxh3-128 over the checksum of the header frame and those of all head frames. As a head
//! holds the checksum of its content, the digest speaks for every byte before the end frame. The two lengths at the
//! end frame's tail let a reader that can seek start from a file's last byte and walk back through concatenated
//! streams.
//!
//! zstd's own content checksum is left out: xxh3-128 over the compressed bytes says the same sooner, before anything
//! is decompressed.
//!
//! There are no time stamps, paths or host names: equal records under an equal header give equal bytes.

/// The magic number of the skippable frame with the header.
pub const HEADER_FRAME: u32 = 0x184D_2A50;
/// The magic number of the skippable frame with a record's head.
pub const HEAD_FRAME: u32 = 0x184D_2A51;
/// The magic number of the skippable frame that ends a stream.
pub const END_FRAME: u32 = 0x184D_2A52;

/// The first bytes of the header's payload.
pub const MAGIC: [u8; 8] = *b"ossashrd";
/// The version that this crate writes, and the only one that it reads.
pub const VERSION: u32 = 1;

/// zstd's level for contents, chosen for the speed of decompression, which is what training waits for. On the noise of
/// a radiograph level 3 saves 3 to 6 % of the bytes for 2.5 times the time, and reads a quarter slower; on `f16` scores
/// it saves 5 % and reads a third slower. The negative levels read ten times as fast and store a fifth more.
pub const LEVEL: i32 = 1;

/// Longest header frame, in bytes.
pub const MAX_HEADER: u64 = 1 << 20;
/// Longest head frame, in bytes.
pub const MAX_HEAD: u64 = 1 << 20;
/// Longest end frame, in bytes: an index of some millions of records.
pub const MAX_END: u64 = 1 << 28;
/// Most bytes that the planes of a record have together.
pub const MAX_CONTENT: u64 = 1 << 30;
/// Most bytes of a record's content frame: [`MAX_CONTENT`] and what zstd may add to bytes that do not compress.
pub const MAX_COMPRESSED: u64 = MAX_CONTENT + (MAX_CONTENT >> 7) + 1024;
/// Longest key, in bytes of UTF-8.
pub const MAX_KEY: usize = 1024;
/// Most planes of a record.
pub const MAX_PLANES: usize = 64;
/// Most extents of a plane's shape.
pub const MAX_DIMENSIONS: usize = 8;

/// Bytes before a skippable frame's payload: magic number and length.
pub(crate) const PREFIX: usize = 8;
/// Bytes of an xxh3-128 checksum.
pub(crate) const CHECKSUM: usize = 16;
/// Bytes of an end frame without its index entries.
pub(crate) const EMPTY_END: usize = PREFIX + 8 + CHECKSUM + 8 + 4 + CHECKSUM;
/// Bytes from an end frame's statement of its own length to its end.
pub(crate) const TAIL: u64 = 4 + CHECKSUM as u64;
