//! What a pixel's neighbours have in common with it.
//!
//! Interpolation between pixels looks at two by two of them, all within the square around each of the four.

/// The flags that a pixel shares with all of its eight neighbours, as far as the map has them: the bits that are set
/// in all. `flags` are those of a map's rows of `width` pixels, one after the other.
pub(crate) fn shared(mut flags: Vec<u8>, width: usize) -> Vec<u8> {
    for row in flags.chunks_exact_mut(width) {
        let own = row.to_vec();
        row[1..].iter_mut().zip(&own).for_each(|(flags, left)| *flags &= left);
        row.iter_mut().zip(&own[1..]).for_each(|(flags, right)| *flags &= right);
    }
    let across = flags.clone();
    flags[width..].iter_mut().zip(&across).for_each(|(flags, above)| *flags &= above);
    flags.iter_mut().zip(&across[width..]).for_each(|(flags, below)| *flags &= below);
    flags
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
            let found = shared(flags.clone(), width);
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
