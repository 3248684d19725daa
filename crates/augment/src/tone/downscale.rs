//! Loses detail: `cv2.resize` to a share of both sides by INTER_AREA and back by INTER_LINEAR, to the byte.

use bones::Size;
use pixels::{Filter, resize};
use planes::Image;

/// Scales to `scale` (0 … 1) of both sides, rounded, and back, in place.
pub(super) fn apply(scale: f64, size: Size, pixels: &mut [u8]) {
    let side = |side: u32| ((f64::from(side) * scale).round_ties_even() as u32).clamp(1, side);
    let small = Size::new(side(size.width()), side(size.height())).expect("not larger than it was");
    let image = Image::new(size, pixels.to_vec()).expect("width × height pixels");
    let back = resize(resize(image, small, Filter::Area), size, Filter::Linear);
    pixels.copy_from_slice(back.pixels());
}
