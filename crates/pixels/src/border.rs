//! Where a pixel outside an image is taken from.

/// The pixel that stands for pixel `at` of a side of `length` pixels: mirrored about the middle of the end pixels, as
/// OpenCV's BORDER_REFLECT_101 (`gfedcb|abcdefgh|gfedcba`), as often as it takes.
///
/// # Panics
/// Where `length` is 0.
pub fn reflect_101(at: isize, length: usize) -> usize {
    assert!(length > 0, "a side without pixels has none to mirror");
    let period = 2 * (length - 1);
    if period == 0 {
        return 0;
    }
    let at = at.rem_euclid(period as isize) as usize;
    at.min(period - at)
}

#[cfg(test)]
mod tests {
    use super::reflect_101;

    #[test]
    fn mirrors_about_the_middle_of_the_end_pixels() {
        let shown: String = (-4..8).map(|at| char::from(b"abc"[reflect_101(at, 3)])).collect();
        assert_eq!(shown, "abcbabcbabcb");
        assert!((-3..4).all(|at| reflect_101(at, 1) == 0));
        assert!((0..9).all(|at| reflect_101(at, 9) == at as usize));
    }
}
