//! BMP files → grey samples.

use std::io::Cursor;

use image::codecs::bmp::BmpDecoder;
use image::{DynamicImage, ImageDecoder, Limits};

use crate::error::ImageError;
use crate::grey::{Grey, Samples};
use crate::limit::{BYTES_PER_PIXEL, check_size};
use crate::luma::{self, to_grey};

pub(crate) const NAME: &str = "BMP";

pub(crate) fn read(bytes: &[u8], max_pixels: u32) -> Result<Grey, ImageError> {
    let mut decoder = BmpDecoder::new(Cursor::new(bytes)).map_err(failed)?;
    let (width, height) = decoder.dimensions();
    let size = check_size(width.into(), height.into(), max_pixels)?;
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(u64::from(size.pixels()) * BYTES_PER_PIXEL + (1 << 20));
    decoder.set_limits(limits).map_err(failed)?;
    let samples = match DynamicImage::from_decoder(decoder).map_err(failed)? {
        DynamicImage::ImageLuma8(image) => image.into_raw(),
        DynamicImage::ImageRgb8(image) => to_grey(luma::OPENCV, 3, &image),
        DynamicImage::ImageRgba8(image) => to_grey(luma::OPENCV, 4, &image),
        other => {
            return Err(ImageError::unsupported(NAME, format!("pixels of the kind {:?}", other.color())));
        }
    };
    Ok(Grey { size, samples: Samples::Eight(samples) })
}

fn failed(error: image::ImageError) -> ImageError {
    match error {
        image::ImageError::Unsupported(what) => {
            ImageError::unsupported(NAME, format!("something unusual ({what})"))
        }
        other => ImageError::damaged(NAME, other),
    }
}
