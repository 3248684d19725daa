//! The limit on pixels: checked on what a header declares, before memory is taken for them.

use bones::Size;

use crate::error::ImageError;

/// Bytes that a reader may take for each pixel beside the grey samples: four channels of 16 bits or a JPEG file's
/// coefficients, and as much again for what is half decoded.
pub(crate) const BYTES_PER_PIXEL: u64 = 32;

/// The size, or why it can't be that of a radiograph.
pub(crate) fn check_size(width: u64, height: u64, max_pixels: u32) -> Result<Size, ImageError> {
    if width == 0 || height == 0 {
        return Err(ImageError::NoPixels { width, height });
    }
    let sides = u32::try_from(width).ok().zip(u32::try_from(height).ok());
    match sides.and_then(|(width, height)| Size::new(width, height)) {
        Some(size) if size.pixels() <= max_pixels => Ok(size),
        _ => Err(ImageError::TooLarge { width, height, max_pixels }),
    }
}
