//! Grey images as files give them.
//!
//! The samples are those that `cv2.imread(path, cv2.IMREAD_GRAYSCALE)` of OpenCV 4.10 gives, with these differences:
//!
//! * PNG, TIFF: 16-bit samples stay whole, where OpenCV drops the low byte. Signed ones (TIFF) are raised by 32768,
//!   so that the least is 0;
//! * PNG: gamma (`gAMA` and `sRGB`) is not applied. Colour profiles are not, as in OpenCV;
//! * JPEG: what is damaged, or cut short, is an error, where OpenCV fills up with grey. Arithmetic and lossless coding
//!   are not supported;
//! * TIFF: alpha is dropped, where OpenCV multiplies colours of 8 bits by it. White is the largest sample, where
//!   OpenCV leaves 16-bit samples upside down if the file counts from white. YCbCr gives the stored luma, where OpenCV
//!   converts to RGB and back (different where those are clipped). Planes of 16-bit colours are read as what they
//!   are. JPEG compression may differ by 1. Grey of 2 and 4 bits is read. Not supported are palettes, Lab, signed
//!   samples of 8 bits, and the compressions Fax3 and JPEG XL, which OpenCV reads;
//! * TIFF: of several images the first is read; colour planes in tiles that go over the image's edge are refused.

use bones::Size;
use image::metadata::Orientation;
use image::{DynamicImage, ImageBuffer};

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
        let mut image = image.expect("readers give width × height samples");
        image.apply_orientation(orientation);
        let size = Size::new(image.width(), image.height()).expect("as many pixels as before");
        let samples = match image {
            DynamicImage::ImageLuma16(image) => Samples::Sixteen(image.into_raw()),
            image => Samples::Eight(image.into_luma8().into_raw()),
        };
        Grey { size, samples }
    }
}
