//! JPEG files → grey samples: the stored luma as it is, without a way over colours.

use image::metadata::Orientation;
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use crate::grey::{Grey, ImageError, Samples, check_size, damaged, to_grey};
use crate::luma;

pub(crate) fn read(bytes: &[u8], max_pixels: u32) -> Result<Grey, ImageError> {
    let side = usize::from(u16::MAX);
    // Strict: a file that was cut short is an error, not an image with a grey rest.
    let options = DecoderOptions::default().set_strict_mode(true).set_max_width(side).set_max_height(side);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(failed)?;
    let info = decoder.info().ok_or_else(|| failed("it has no frame header"))?;
    let size = check_size(info.width.into(), info.height.into(), max_pixels)?;
    let (space, channels) = match decoder.input_colorspace() {
        Some(ColorSpace::YCbCr | ColorSpace::Luma) => (ColorSpace::Luma, 1),
        _ => (ColorSpace::RGB, 3),
    };
    decoder.set_options(options.jpeg_set_out_colorspace(space));
    let pixels = decoder.decode().map_err(failed)?;
    if pixels.len() != size.pixels() as usize * channels {
        return Err(failed(format!("{} bytes of pixels for {size}", pixels.len())));
    }
    let samples = Samples::Eight(match channels {
        1 => pixels,
        _ => to_grey(luma::OPENCV, channels, &pixels),
    });
    let orientation = decoder.exif().and_then(|exif| Orientation::from_exif_chunk(exif));
    Ok(Grey { size, samples }.turned(orientation.unwrap_or(Orientation::NoTransforms)))
}

fn failed(error: impl std::fmt::Debug) -> ImageError {
    damaged("JPEG", format!("{error:?}"))
}
