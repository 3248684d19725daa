//! PNG files → grey samples, row by row: no image of all channels is held.

use std::io::Cursor;

use bones::Size;
use image::metadata::Orientation;
use png::{BitDepth, ColorType, DecodeOptions, Decoder, DecodingError, Limits, Reader, Transformations};

use crate::error::ImageError;
use crate::grey::{Grey, Samples};
use crate::limit::check_size;
use crate::luma::{self, to_grey};

pub(crate) const NAME: &str = "PNG";

/// Most bytes that chunks beside the pixels may take.
const CHUNK_LIMIT: usize = 64 << 20;

type File<'a> = Reader<Cursor<&'a [u8]>>;

pub(crate) fn read(bytes: &[u8], max_pixels: u32) -> Result<Grey, ImageError> {
    let mut options = DecodeOptions::default();
    options.set_ignore_adler32(false);
    options.set_ignore_text_chunk(true);
    options.set_ignore_iccp_chunk(true);
    let mut decoder = Decoder::new_with_options(Cursor::new(bytes), options);
    decoder.set_limits(Limits { bytes: CHUNK_LIMIT.saturating_add(bytes.len()) });
    // The reader refuses an image without pixels in words of its own; look first.
    if let Some((width, height)) = header_size(bytes) {
        check_size(width, height, max_pixels)?;
    }
    let info = decoder.read_header_info().map_err(failed)?;
    let size = check_size(info.width.into(), info.height.into(), max_pixels)?;
    // Palettes become colours, grey of 1, 2 or 4 bits becomes 8.
    decoder.set_transformations(Transformations::EXPAND);
    let mut file = decoder.read_info().map_err(failed)?;
    let (color, depth) = file.output_color_type();
    let channels = color.samples();
    let samples = match (color, depth) {
        (ColorType::Indexed, _) => Err(failed("a palette was not expanded")),
        (_, BitDepth::Eight) => eight(&mut file, size, channels).map(Samples::Eight),
        (_, BitDepth::Sixteen) => sixteen(&mut file, size, channels).map(Samples::Sixteen),
        (_, depth) => Err(failed(format!("{depth:?} bits were not expanded"))),
    }?;
    // What follows the pixels must be whole too: a file without its end was cut short.
    file.finish().map_err(failed)?;
    let exif = file.info().exif_metadata.as_deref();
    let orientation = exif.and_then(Orientation::from_exif_chunk).unwrap_or(Orientation::NoTransforms);
    Ok(Grey { size, samples }.turned(orientation))
}

fn failed(error: impl ToString) -> ImageError {
    ImageError::damaged(NAME, error)
}

/// Width and height in the bytes where the format has them.
fn header_size(bytes: &[u8]) -> Option<(u64, u64)> {
    let side = |at: usize| Some(u64::from(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?)));
    (bytes.get(12..16)? == b"IHDR").then_some(())?;
    Some((side(16)?, side(20)?))
}

fn eight(file: &mut File<'_>, size: Size, channels: usize) -> Result<Vec<u8>, ImageError> {
    if file.info().interlaced {
        return Ok(to_grey(luma::PNG, channels, &whole(file)?));
    }
    let width = size.width() as usize;
    let mut grey = vec![0; size.pixels() as usize];
    let mut row = vec![0; width * channels];
    for grey in grey.chunks_exact_mut(width) {
        if channels == 1 {
            file.read_row(grey).map_err(failed)?;
        } else {
            file.read_row(&mut row).map_err(failed)?;
            luma::PNG.row(channels, &row, grey);
        }
    }
    Ok(grey)
}

fn sixteen(file: &mut File<'_>, size: Size, channels: usize) -> Result<Vec<u16>, ImageError> {
    if file.info().interlaced {
        return Ok(to_grey(luma::PNG, channels, &samples(&whole(file)?).collect::<Vec<u16>>()));
    }
    let width = size.width() as usize;
    let mut grey = vec![0; size.pixels() as usize];
    let mut bytes = vec![0; 2 * width * channels];
    let mut row = Vec::with_capacity(width * channels);
    for grey in grey.chunks_exact_mut(width) {
        file.read_row(&mut bytes).map_err(failed)?;
        row.clear();
        row.extend(samples(&bytes));
        luma::PNG.row(channels, &row, grey);
    }
    Ok(grey)
}

/// All pixels at once, as interlacing asks.
fn whole(file: &mut File<'_>) -> Result<Vec<u8>, ImageError> {
    let length = file.output_buffer_size().ok_or_else(|| failed(DecodingError::LimitsExceeded))?;
    let mut bytes = vec![0; length];
    file.next_frame(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// Samples are big-endian.
fn samples(bytes: &[u8]) -> impl Iterator<Item = u16> + '_ {
    bytes.as_chunks::<2>().0.iter().map(|&sample| u16::from_be_bytes(sample))
}
