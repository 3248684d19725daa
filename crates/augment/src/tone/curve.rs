//! Point operations: the very bytes of `cv2.LUT`.

use crate::Curve;

/// Sends all pixels through the curves, in order, in one pass.
pub(super) fn apply<'a>(curves: impl IntoIterator<Item = &'a Curve>, pixels: &mut [u8]) {
    let mut table: [u8; 256] = std::array::from_fn(|grey| grey as u8);
    for curve in curves {
        table.iter_mut().for_each(|grey| *grey = curve.values()[usize::from(*grey)]);
    }
    pixels.iter_mut().for_each(|grey| *grey = table[usize::from(*grey)]);
}
