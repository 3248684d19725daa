//! File formats: which reader reads which file. Files are told by their first bytes, not by their names.

use crate::caught::caught;
use crate::error::ImageError;
use crate::grey::Grey;
use crate::{bmp, jpeg, png, tiff};

/// Reads the bytes of a file of one format, of at most so many pixels.
type Reader = fn(&[u8], u32) -> Result<Grey, ImageError>;

/// Reads an image file of at most `max_pixels` pixels.
///
/// The limit is checked on what the header declares, before memory is taken: a reader takes up to some 32 bytes a
/// pixel.
pub fn read(bytes: &[u8], max_pixels: u32) -> Result<Grey, ImageError> {
    let (format, reader): (_, Reader) = match bytes {
        [] => return Err(ImageError::Empty),
        [0x89, b'P', b'N', b'G', ..] => (png::NAME, png::read),
        [0xff, 0xd8, 0xff, 0xf7, ..] => return Err(ImageError::Foreign("JPEG-LS")),
        [0xff, 0xd8, 0xff, ..] => (jpeg::NAME, jpeg::read),
        [b'B', b'M', ..] => (bmp::NAME, bmp::read),
        // 42 is TIFF, 43 BigTIFF.
        [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => (tiff::NAME, tiff::read),
        _ => {
            return Err(match foreign(bytes) {
                Some(name) => ImageError::Foreign(name),
                None => ImageError::Format(bytes[..bytes.len().min(8)].to_vec()),
            });
        }
    };
    caught(format, || reader(bytes, max_pixels))
}

/// The name of a format that pictures come in, but that is not read.
fn foreign(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        _ if bytes.get(128..132) == Some(b"DICM") => Some("DICOM"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("WebP"),
        [b'G', b'I', b'F', b'8', ..] => Some("GIF"),
        [0xff, 0x4f, 0xff, 0x51, ..] | [0, 0, 0, 12, b'j', b'P', b' ', b' ', ..] => Some("JPEG 2000"),
        [0xff, 0x0a, ..] | [0, 0, 0, 12, b'J', b'X', b'L', b' ', ..] => Some("JPEG XL"),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => Some("HEIF or AVIF"),
        [b'P', b'1'..=b'7', b'\n' | b' ', ..] => Some("Netpbm"),
        [b'%', b'P', b'D', b'F', ..] => Some("PDF"),
        _ => None,
    }
}
