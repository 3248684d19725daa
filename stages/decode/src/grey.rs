//! Grey images as files give them, and which reader reads which file.
//!
//! Files are told by their first bytes, not by their names. The samples are those that
//! `cv2.imread(path, cv2.IMREAD_GRAYSCALE)` of OpenCV 4.10 gives, with these differences:
//!
//! * 16-bit samples stay whole, where OpenCV drops the low byte;
//! * gamma (PNG's `gAMA` and `sRGB`) and colour profiles are not applied;
//! * of JPEG files both give the stored luma, but about one pixel in a hundred differs by 1, as the inverse cosine
//!   transforms round differently; CMYK files differ by up to 2.

use std::io::Cursor;

use bones::Size;
use image::metadata::Orientation;
use image::{DynamicImage, ImageBuffer, ImageDecoder, Limits, codecs};
use thiserror::Error;

use crate::luma::{self, Luma, Sample};
use crate::{jpeg, png};

/// The samples of a grey image, row-major.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Samples {
    /// 8 bits: grey values as they are.
    Eight(Vec<u8>),
    /// 16 bits: detector values that need a window.
    Sixteen(Vec<u16>),
}

/// A grey image as its file gives it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Grey {
    /// Width and height.
    pub size: Size,
    /// Width × height samples.
    pub samples: Samples,
}

/// Why a file is no usable image.
#[derive(Debug, Error)]
pub enum ImageError {
    /// There are no bytes.
    #[error("the file is empty")]
    Empty,
    /// The first bytes are those of no known format.
    #[error("is no PNG, JPEG, BMP or TIFF file: it begins with {0:02x?}")]
    Format(Vec<u8>),
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
    /// A sound file with pixels that are not grey values or colours of 8 or 16 bits.
    #[error("the {format} file has {pixels} pixels; grey or colour of 8 or 16 bits was expected")]
    Pixels {
        /// The format's name.
        format: &'static str,
        /// What they are.
        pixels: String,
    },
}

/// Reads an image file of at most `max_pixels` pixels; the limit is checked before memory is taken.
pub fn read(bytes: &[u8], max_pixels: u32) -> Result<Grey, ImageError> {
    match bytes {
        [] => Err(ImageError::Empty),
        [0x89, b'P', b'N', b'G', ..] => png::read(bytes, max_pixels),
        [0xff, 0xd8, 0xff, ..] => jpeg::read(bytes, max_pixels),
        [b'B', b'M', ..] => {
            let decoder =
                codecs::bmp::BmpDecoder::new(Cursor::new(bytes)).map_err(|error| damaged("BMP", error))?;
            read_with("BMP", decoder, max_pixels)
        }
        [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => {
            let decoder =
                codecs::tiff::TiffDecoder::new(Cursor::new(bytes)).map_err(|error| damaged("TIFF", error))?;
            read_with("TIFF", decoder, max_pixels)
        }
        _ => Err(ImageError::Format(bytes[..bytes.len().min(8)].to_vec())),
    }
}

/// The size, or why it can't be that of a radiograph.
pub(crate) fn check_size(width: u64, height: u64, max_pixels: u32) -> Result<Size, ImageError> {
    if width == 0 || height == 0 {
        return Err(ImageError::NoPixels { width, height });
    }
    let too_large = ImageError::TooLarge { width, height, max_pixels };
    let size = u32::try_from(width).ok().zip(u32::try_from(height).ok());
    match size.and_then(|(width, height)| Size::new(width, height)) {
        Some(size) if size.pixels() <= max_pixels => Ok(size),
        _ => Err(too_large),
    }
}

pub(crate) fn damaged(format: &'static str, error: impl ToString) -> ImageError {
    ImageError::Damaged { format, reason: error.to_string() }
}

fn read_with(
    format: &'static str,
    mut decoder: impl ImageDecoder,
    max_pixels: u32,
) -> Result<Grey, ImageError> {
    let (width, height) = decoder.dimensions();
    let size = check_size(width.into(), height.into(), max_pixels)?;
    // Four channels of 32 bits, and as much again for the decoder's own buffers.
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(u64::from(size.pixels()) * 32 + (1 << 20));
    decoder.set_limits(limits).map_err(|error| damaged(format, error))?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let image = DynamicImage::from_decoder(decoder).map_err(|error| match error {
        image::ImageError::Unsupported(what) => {
            ImageError::Pixels { format, pixels: format!("unknown ({what})") }
        }
        other => damaged(format, other),
    })?;
    let eight = |channels, samples: &[u8]| Samples::Eight(to_grey(luma::OPENCV, channels, samples));
    let sixteen = |channels, samples: &[u16]| Samples::Sixteen(to_grey(luma::OPENCV, channels, samples));
    let samples = match &image {
        DynamicImage::ImageLuma8(image) => eight(1, image),
        DynamicImage::ImageLumaA8(image) => eight(2, image),
        DynamicImage::ImageRgb8(image) => eight(3, image),
        DynamicImage::ImageRgba8(image) => eight(4, image),
        DynamicImage::ImageLuma16(image) => sixteen(1, image),
        DynamicImage::ImageLumaA16(image) => sixteen(2, image),
        DynamicImage::ImageRgb16(image) => sixteen(3, image),
        DynamicImage::ImageRgba16(image) => sixteen(4, image),
        other => return Err(ImageError::Pixels { format, pixels: format!("{:?}", other.color()) }),
    };
    Ok(Grey { size, samples }.turned(orientation))
}

/// Pixels of `channels` samples → grey samples.
pub(crate) fn to_grey<T: Sample + Default>(luma: Luma, channels: usize, samples: &[T]) -> Vec<T> {
    let mut grey = vec![T::default(); samples.len() / channels];
    luma.row(channels, samples, &mut grey);
    grey
}

impl Grey {
    /// The image turned and mirrored as Exif's `Orientation` asks, which OpenCV heeds too.
    pub(crate) fn turned(self, orientation: Orientation) -> Grey {
        if orientation == Orientation::NoTransforms {
            return self;
        }
        let (width, height) = (self.size.width(), self.size.height());
        let image = match self.samples {
            Samples::Eight(samples) => {
                ImageBuffer::from_raw(width, height, samples).map(DynamicImage::ImageLuma8)
            }
            Samples::Sixteen(samples) => {
                ImageBuffer::from_raw(width, height, samples).map(DynamicImage::ImageLuma16)
            }
        };
        let mut image = image.unwrap_or_default();
        image.apply_orientation(orientation);
        let size = match image.width() == width {
            true => self.size,
            false => Size::new(height, width).unwrap_or(self.size),
        };
        let samples = match image {
            DynamicImage::ImageLuma16(image) => Samples::Sixteen(image.into_raw()),
            image => Samples::Eight(image.into_luma8().into_raw()),
        };
        Grey { size, samples }
    }
}
