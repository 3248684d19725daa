//! Luma: colour → grey, with the rounding of OpenCV 4.10's readers, which is not the same for all of them.
//!
//! All weigh red, green and blue by ITU-R BT.601 (0.299, 0.587, 0.114) in fixed point. The weights of each formula
//! add up to one, so three equal channels give that channel exactly.

/// A weighted sum of three channels in fixed point.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Luma {
    weights: [u32; 3],
    rounding: u32,
    shift: u32,
}

/// What libpng's `png_set_rgb_to_gray(1, 0.299, 0.587)` computes, which `cv2.imread(…, IMREAD_GRAYSCALE)` has it do
/// on PNG files: 15 bits, rounded down.
pub(crate) const PNG: Luma = Luma { weights: [9797, 19234, 3737], rounding: 0, shift: 15 };

/// What OpenCV's own `icvCvt_BGR2Gray_8u_C3C1R` computes, for BMP and TIFF files: 14 bits, rounded to nearest.
pub(crate) const OPENCV: Luma = Luma { weights: [4899, 9617, 1868], rounding: 1 << 13, shift: 14 };

/// A sample of 8 or 16 bits.
pub(crate) trait Sample: Copy + Into<u32> {
    /// The largest value.
    const MOST: u32;

    /// The sample with this value, which fits.
    fn of(value: u32) -> Self;
}

impl Sample for u8 {
    const MOST: u32 = u8::MAX as u32;

    #[inline]
    fn of(value: u32) -> u8 {
        value as u8
    }
}

impl Sample for u16 {
    const MOST: u32 = u16::MAX as u32;

    #[inline]
    fn of(value: u32) -> u16 {
        value as u16
    }
}

impl Luma {
    /// The grey value of one pixel.
    #[inline]
    pub(crate) fn grey<T: Sample>(self, rgb: [T; 3]) -> T {
        let [red, green, blue] = rgb.map(Into::<u32>::into);
        // At most 65,535 × 2¹⁵ and the rounding: no overflow.
        let sum = red * self.weights[0] + green * self.weights[1] + blue * self.weights[2];
        T::of((sum + self.rounding) >> self.shift)
    }

    /// Turns a row of pixels of `channels` samples each (1 grey, 2 grey and alpha, 3 colour, 4 colour and alpha) into
    /// grey ones. Alpha is dropped.
    #[inline]
    pub(crate) fn row<T: Sample>(self, channels: usize, row: &[T], grey: &mut [T]) {
        match channels {
            1 => grey.copy_from_slice(row),
            2 => grey.iter_mut().zip(row.chunks_exact(2)).for_each(|(grey, pixel)| *grey = pixel[0]),
            3 => {
                grey.iter_mut()
                    .zip(row.as_chunks::<3>().0)
                    .for_each(|(grey, &pixel)| *grey = self.grey(pixel));
            }
            _ => grey
                .iter_mut()
                .zip(row.as_chunks::<4>().0)
                .for_each(|(grey, &[red, green, blue, _])| *grey = self.grey([red, green, blue])),
        }
    }
}

/// Pixels of `channels` samples → grey samples.
pub(crate) fn to_grey<T: Sample + Default>(luma: Luma, channels: usize, samples: &[T]) -> Vec<T> {
    let mut grey = vec![T::default(); samples.len() / channels];
    luma.row(channels, samples, &mut grey);
    grey
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_channels_stay_what_they_are() {
        for value in 0..=u8::MAX {
            assert_eq!([PNG.grey([value; 3]), OPENCV.grey([value; 3])], [value; 2]);
        }
        for value in 0..=u16::MAX {
            assert_eq!([PNG.grey([value; 3]), OPENCV.grey([value; 3])], [value; 2]);
        }
    }

    /// `cv2.imdecode(cv2.imencode(ext, pixel)[1], cv2.IMREAD_GRAYSCALE)` of OpenCV 4.10.0.
    #[test]
    fn colours_are_what_opencv_reads() {
        for (rgb, png, bmp) in [
            ([255, 0, 0], 76, 76),
            ([0, 255, 0], 149, 150),
            ([0, 0, 255], 29, 29),
            ([10, 200, 30], 123, 124),
            ([1, 2, 3], 1, 2),
        ] {
            assert_eq!((PNG.grey::<u8>(rgb), OPENCV.grey::<u8>(rgb)), (png, bmp), "{rgb:?}");
        }
    }
}
