//! What a pixel's neighbours have in common with it.
//!
//! Interpolation between pixels looks at two by two of them, all within the square around each of the four.

/// Leaves each pixel the flags that it shares with all of its eight neighbours, as far as the map has them: the bits that
/// are set in all. `flags` are those of a map's rows of `width` pixels, one after the other; `spare` is memory to be used
/// again.
pub(crate) fn share(flags: &mut [u8], width: usize, spare: &mut Vec<u8>) {
    let all =
        |flags: &mut [u8], others: &[u8]| flags.iter_mut().zip(others).for_each(|(own, other)| *own &= other);
    spare.clear();
    spare.extend_from_slice(flags);
    for (row, own) in flags.chunks_exact_mut(width).zip(spare.chunks_exact(width)) {
        all(&mut row[1..], own);
        all(row, &own[1..]);
    }
    spare.copy_from_slice(flags);
    all(&mut flags[width..], spare);
    all(flags, &spare[width..]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_what_all_pixels_around_have(
            (width, flags) in (1usize..7, 1usize..7).prop_flat_map(|(width, height)| {
                (Just(width), prop::collection::vec(prop_oneof![Just(7u8), 0u8..8], width * height))
            }),
        ) {
            let height = flags.len() / width;
            let mut found = flags.clone();
            share(&mut found, width, &mut Vec::new());
            for (at, &found) in found.iter().enumerate() {
                let (x, y) = (at % width, at / width);
                let around = (y.saturating_sub(1)..height.min(y + 2))
                    .flat_map(|y| (x.saturating_sub(1)..width.min(x + 2)).map(move |x| y * width + x));
                let expected = around.fold(u8::MAX, |all, at| all & flags[at]);
                prop_assert_eq!(found, expected, "at {},{}", x, y);
            }
        }
    }
}
