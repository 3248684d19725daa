//! JPEG files → grey samples, by libjpeg, which OpenCV reads them with too: bit for bit the same.

use std::io;

use image::metadata::Orientation;
use mozjpeg::{ColorSpace, Decompress, Marker};

use crate::error::ImageError;
use crate::grey::{Grey, Samples};
use crate::libjpeg;
use crate::limit::check_size;
use crate::luma;

pub(crate) const NAME: &str = "JPEG";

/// What an `APP1` segment with Exif's tags begins with.
const EXIF: &[u8] = b"Exif\0\0";

/// May unwind with an [`ImageError`].
pub(crate) fn read(bytes: &[u8], max_pixels: u32) -> Result<Grey, ImageError> {
    let file = Decompress::with_err(libjpeg::error_handling()).with_markers(&[Marker::APP(1)]);
    let file = file.from_mem(bytes).map_err(failed)?;
    let size = check_size(file.width() as u64, file.height() as u64, max_pixels)?;
    let exif = file.markers().find_map(|marker| marker.data.strip_prefix(EXIF));
    let orientation = exif.and_then(Orientation::from_exif_chunk).unwrap_or(Orientation::NoTransforms);
    let samples = if file.components().len() == 4 {
        let mut rows = file.to_colorspace(ColorSpace::JCS_CMYK).map_err(failed)?;
        let inks: Vec<[u8; 4]> = rows.read_scanlines().map_err(failed)?;
        rows.finish().map_err(failed)?;
        inks.into_iter().map(grey_of_inks).collect()
    } else {
        // Of YCbCr that is the luma as it is stored.
        let mut rows = file.grayscale().map_err(failed)?;
        let grey = rows.read_scanlines().map_err(failed)?;
        // What follows the pixels must be whole too: a file without its end was cut short.
        rows.finish().map_err(failed)?;
        grey
    };
    Ok(Grey { size, samples: Samples::Eight(samples) }.turned(orientation))
}

/// The grey value of cyan, magenta, yellow and black, all inverted as Adobe stores them, with the rounding of OpenCV's
/// `icvCvt_CMYK2Gray_8u_C4C1R`.
fn grey_of_inks([cyan, magenta, yellow, black]: [u8; 4]) -> u8 {
    let black = u32::from(black);
    let light = |ink: u8| (black - (((255 - u32::from(ink)) * black) >> 8)) as u8;
    luma::OPENCV.grey([light(cyan), light(magenta), light(yellow)])
}

fn failed(error: io::Error) -> ImageError {
    ImageError::damaged(NAME, error)
}
