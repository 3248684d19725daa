//! Radiographs: image files (PNG, JPEG, BMP, TIFF) → grey samples, their levels and their polarity.
//!
//! [`read`] takes the bytes of a file, told by what it begins with, and gives a [`Grey`] image. The samples are those
//! that `cv2.imread(path, cv2.IMREAD_GRAYSCALE)` of OpenCV 4.10 gives; [`grey`] lists the differences. What can't be
//! read is an [`ImageError`], also where a reader of somebody else's panics.

mod bmp;
mod caught;
mod error;
mod formats;
pub mod grey;
mod jpeg;
pub mod levels;
mod libjpeg;
mod limit;
mod luma;
mod png;
pub mod polarity;
mod tiff;

pub use crate::error::ImageError;
pub use crate::formats::read;
pub use crate::grey::{Grey, Samples};
