//! TIFF and BigTIFF files → grey samples of their first image.

use std::io::Cursor;

use image::metadata::Orientation;
use tiff::decoder::ifd::Value;
use tiff::decoder::{BufferLayoutPreference, ChunkType, Decoder, DecodingResult, Limits};
use tiff::tags::{CompressionMethod, PhotometricInterpretation, SampleFormat, Tag};
use tiff::{ColorType, TiffError, TiffUnsupportedError};

use crate::error::ImageError;
use crate::grey::{Grey, Samples};
use crate::jpeg;
use crate::limit::{BYTES_PER_PIXEL, check_size};
use crate::luma::{self, Sample, to_grey};

pub(crate) const NAME: &str = "TIFF";

/// JPEG's markers before a scan and after an image.
const START_OF_SCAN: [u8; 2] = [0xff, 0xda];
const END_OF_IMAGE: [u8; 2] = [0xff, 0xd9];

/// Most bytes that one tag of a directory may take.
const TAG_LIMIT: usize = 16 << 20;

pub(crate) fn read(bytes: &[u8], max_pixels: u32) -> Result<Grey, ImageError> {
    let mut file = Decoder::new(Cursor::new(bytes)).map_err(failed)?;
    let (width, height) = file.dimensions().map_err(failed)?;
    let size = check_size(width.into(), height.into(), max_pixels)?;
    let color = file.colortype().map_err(failed)?;
    let orientation = file.find_tag_unsigned::<u8>(Tag::Orientation).map_err(failed)?;
    check_samples(&mut file)?;
    check_tiles(&mut file)?;
    check_jpeg(&mut file, bytes, max_pixels)?;

    let mut limits = Limits::default();
    limits.decoding_buffer_size = size.pixels() as usize * BYTES_PER_PIXEL as usize;
    limits.intermediate_buffer_size = limits.decoding_buffer_size.max(bytes.len());
    limits.ifd_value_size = TAG_LIMIT;
    let mut file = file.with_limits(limits);
    let mut samples = DecodingResult::U8(Vec::new());
    let layout = file.read_image_to_buffer(&mut samples).map_err(failed)?;
    if samples.as_buffer(0).byte_len() < layout.complete_len {
        return Err(ImageError::unsupported(NAME, "more channels than a picture has"));
    }

    let samples = match samples {
        DecodingResult::U8(packed) if color.bit_depth() < 8 => {
            Samples::Eight(unpacked(&packed, width as usize, color)?)
        }
        DecodingResult::U8(samples) => Samples::Eight(grey(color, &layout, samples)?),
        DecodingResult::U16(samples) => Samples::Sixteen(grey(color, &layout, samples)?),
        DecodingResult::I16(samples) => {
            let raised = samples.into_iter().map(|sample| sample.cast_unsigned() ^ 0x8000).collect();
            Samples::Sixteen(grey(color, &layout, raised)?)
        }
        _ => return Err(ImageError::unsupported(NAME, format!("samples of {} bits", color.bit_depth()))),
    };
    let orientation = orientation.and_then(Orientation::from_exif).unwrap_or(Orientation::NoTransforms);
    Ok(Grey { size, samples }.turned(orientation))
}

/// Refuses colour planes in tiles that go over the image's lower edge, which the reader gets wrong: it takes the
/// tiles of every plane but the first for whole ones.
fn check_tiles(file: &mut Decoder<Cursor<&[u8]>>) -> Result<(), ImageError> {
    let separate = file.find_tag_unsigned::<u16>(Tag::PlanarConfiguration).map_err(failed)? == Some(2);
    let (_, height) = file.dimensions().map_err(failed)?;
    let tall = file.get_chunk_type() == ChunkType::Tile && height % file.chunk_dimensions().1.max(1) != 0;
    if separate && tall {
        return Err(ImageError::unsupported(NAME, "colour planes in tiles that go over the image's edge"));
    }
    Ok(())
}

/// Refuses strips and tiles in JPEG that are cut short, or of several scans: the reader fills up the first with grey,
/// and mixes up the others.
fn check_jpeg(file: &mut Decoder<Cursor<&[u8]>>, bytes: &[u8], max_pixels: u32) -> Result<(), ImageError> {
    if file.find_tag_unsigned(Tag::Compression).map_err(failed)?
        != Some(CompressionMethod::ModernJPEG.to_u16())
    {
        return Ok(());
    }
    let (offsets, lengths) = match file.get_chunk_type() {
        ChunkType::Strip => (Tag::StripOffsets, Tag::StripByteCounts),
        ChunkType::Tile => (Tag::TileOffsets, Tag::TileByteCounts),
    };
    let [offsets, lengths] =
        [file.get_tag_u64_vec(offsets).map_err(failed)?, file.get_tag_u64_vec(lengths).map_err(failed)?];
    let tables = file.find_tag(Tag::JPEGTables).map_err(failed)?;
    let tables = tables.map(Value::into_u8_vec).transpose().map_err(failed)?;
    for (offset, length) in offsets.into_iter().zip(lengths) {
        let chunk =
            usize::try_from(offset).ok().and_then(|offset| bytes.get(offset..)?.get(..length as usize));
        let chunk = chunk.ok_or_else(|| ImageError::damaged(NAME, "a strip or tile lies beyond its end"))?;
        if chunk.array_windows().filter(|marker| **marker == START_OF_SCAN).count() > 1 {
            return Err(ImageError::unsupported(NAME, "JPEG compression in several scans"));
        }
        // The tables' end marker and the chunk's start marker fall away between the two.
        match &tables {
            Some(tables) => {
                let tables = tables.strip_suffix(&END_OF_IMAGE).unwrap_or(tables);
                jpeg::read(&[tables, chunk.get(2..).unwrap_or_default()].concat(), max_pixels)?
            }
            None => jpeg::read(chunk, max_pixels)?,
        };
    }
    Ok(())
}

/// Refuses samples that are no whole numbers of a kind that is read.
fn check_samples(file: &mut Decoder<Cursor<&[u8]>>) -> Result<(), ImageError> {
    let formats: Vec<u16> =
        file.find_tag_unsigned_vec(Tag::SampleFormat).map_err(failed)?.unwrap_or_default();
    let bits = file.colortype().map_err(failed)?.bit_depth();
    let refused = formats.into_iter().find_map(|format| match SampleFormat::from_u16(format) {
        Some(SampleFormat::Uint) => None,
        Some(SampleFormat::Int) if bits == 16 => None,
        Some(SampleFormat::Int) => Some(format!("signed samples of {bits} bits")),
        Some(SampleFormat::IEEEFP) => Some(format!("floating-point samples of {bits} bits")),
        _ => Some("samples that are no numbers".to_owned()),
    });
    refused.map_or(Ok(()), |what| Err(ImageError::unsupported(NAME, what)))
}

/// Samples of 8 or 16 bits as grey ones.
fn grey<T: Sample + Default>(
    color: ColorType,
    layout: &BufferLayoutPreference,
    samples: Vec<T>,
) -> Result<Vec<T>, ImageError> {
    let samples = if layout.planes > 1 { interleaved(layout.planes, &samples) } else { samples };
    Ok(match color {
        ColorType::Gray(_) => samples,
        ColorType::RGB(_) => to_grey(luma::OPENCV, 3, &samples),
        ColorType::RGBA(_) => to_grey(luma::OPENCV, 4, &samples),
        ColorType::CMYK(_) => samples.as_chunks().0.iter().map(|&inks| grey_of_inks(inks)).collect(),
        // The first channel is grey (others are alpha or unknown), or the luma.
        ColorType::Multiband { num_samples, .. } => samples.into_iter().step_by(num_samples.into()).collect(),
        ColorType::YCbCr(_) => samples.into_iter().step_by(3).collect(),
        other => return Err(ImageError::unsupported(NAME, format!("pixels of the kind {other:?}"))),
    })
}

/// Planes, one behind the other → pixels.
fn interleaved<T: Copy>(planes: usize, samples: &[T]) -> Vec<T> {
    let pixels = samples.len() / planes;
    (0..pixels).flat_map(|pixel| samples.iter().skip(pixel).step_by(pixels).copied()).collect()
}

/// Samples of fewer than 8 bits, of which rows begin with a byte each → 0 … 255.
fn unpacked(packed: &[u8], width: usize, color: ColorType) -> Result<Vec<u8>, ImageError> {
    let ColorType::Gray(bits @ (1 | 2 | 4)) = color else {
        return Err(ImageError::unsupported(NAME, format!("pixels of the kind {color:?}")));
    };
    let (per_byte, most) = (8 / usize::from(bits), u8::MAX >> (8 - bits));
    let sample = |row: &[u8], x: usize| {
        let shift = 8 - bits - (x % per_byte) as u8 * bits;
        (row[x / per_byte] >> shift & most) * (u8::MAX / most)
    };
    let rows = packed.chunks_exact(width.div_ceil(per_byte));
    Ok(rows.flat_map(|row| (0..width).map(move |x| sample(row, x))).collect())
}

/// The grey value of cyan, magenta, yellow and black, as libtiff makes red, green and blue of them.
fn grey_of_inks<T: Sample>([cyan, magenta, yellow, black]: [T; 4]) -> T {
    let most = T::MOST;
    let light = |ink: T| T::of((most - ink.into()) * (most - black.into()) / most);
    luma::OPENCV.grey([light(cyan), light(magenta), light(yellow)])
}

fn failed(error: TiffError) -> ImageError {
    let TiffError::UnsupportedError(unsupported) = error else {
        return ImageError::damaged(NAME, error);
    };
    let what = match &unsupported {
        TiffUnsupportedError::InterpretationWithBits(interpretation, bits) => match interpretation {
            PhotometricInterpretation::RGBPalette => "a colour palette".to_owned(),
            PhotometricInterpretation::CIELab | PhotometricInterpretation::IccLab => "Lab colours".to_owned(),
            PhotometricInterpretation::TransparencyMask => "a transparency mask".to_owned(),
            other => format!("{other:?} pixels of {bits:?} bits"),
        },
        TiffUnsupportedError::UnsupportedCompressionMethod(method) => format!("{method:?} compression"),
        TiffUnsupportedError::UnsupportedColorType(color) if color.bit_depth() % 8 != 0 => {
            format!("samples of {} bits", color.bit_depth())
        }
        TiffUnsupportedError::UnsupportedColorType(ColorType::Lab(_)) => "Lab colours".to_owned(),
        TiffUnsupportedError::ChromaSubsampling => "YCbCr colours in blocks".to_owned(),
        other => format!("something unusual ({other})"),
    };
    ImageError::unsupported(NAME, what)
}
