//! Why a file is no usable image.

use thiserror::Error;

/// Why a file is no usable image.
#[derive(Debug, Error)]
pub enum ImageError {
    /// There are no bytes.
    #[error("the file is empty")]
    Empty,
    /// The first bytes are those of no known format.
    #[error("is no PNG, JPEG, BMP or TIFF file: it begins with {0:02x?}")]
    Format(Vec<u8>),
    /// A format that is known, but not read.
    #[error("is a {0} file; that is not supported: convert it to PNG (grey, of 8 or 16 bits)")]
    Foreign(&'static str),
    /// Zero width or height.
    #[error("the image has no pixels: it is {width}×{height}")]
    NoPixels {
        /// Width in pixels.
        width: u64,
        /// Height in pixels.
        height: u64,
    },
    /// More pixels than allowed.
    #[error(
        "the image is {width}×{height}, more than the {max_pixels} pixels that --max-pixels allows; raise it if the \
         file is to be trusted"
    )]
    TooLarge {
        /// Width in pixels.
        width: u64,
        /// Height in pixels.
        height: u64,
        /// The limit.
        max_pixels: u32,
    },
    /// The bytes end too early, or are not what the format demands.
    #[error("the {format} data is damaged or cut short: {reason}")]
    Damaged {
        /// The format's name.
        format: &'static str,
        /// What its reader says.
        reason: String,
    },
    /// A sound file, as far as was looked, of a kind that is not read.
    #[error("the {format} file has {what}; that is not supported: convert it to PNG (grey, of 8 or 16 bits)")]
    Unsupported {
        /// The format's name.
        format: &'static str,
        /// What it has.
        what: String,
    },
    /// The format's reader panicked.
    #[error(
        "the reader of {format} files gave up on it ({panic}): convert it to PNG (grey, of 8 or 16 bits)"
    )]
    Panicked {
        /// The format's name.
        format: &'static str,
        /// What the panic said.
        panic: String,
    },
}

impl ImageError {
    pub(crate) fn damaged(format: &'static str, reason: impl ToString) -> ImageError {
        ImageError::Damaged { format, reason: reason.to_string() }
    }

    pub(crate) fn unsupported(format: &'static str, what: impl ToString) -> ImageError {
        ImageError::Unsupported { format, what: what.to_string() }
    }
}
