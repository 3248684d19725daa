use std::ops::Range;

use bones::bone::COUNT;
use bones::rle::{RleError, decode, encode, encode_all, mask_from_ranges};
use bones::{Bone, BoneSet, Mask};
use proptest::prelude::*;

use crate::dense::{any_mask, build, plane, size, sizes};
use crate::golden;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    rows: Vec<Vec<u32>>,
    rle: Vec<String>,
}

#[test]
fn texts_equal_those_of_numpy() {
    for case in golden::cases::<Case>("rle.json") {
        let mask = golden::of_rows(&case.rows);
        assert_eq!(encode_all(&mask).as_slice(), case.rle);
        let ranges: Vec<_> = Bone::ALL
            .into_iter()
            .zip(&case.rle)
            .map(|(bone, text)| (bone, decode(text, mask.size()).unwrap()))
            .collect();
        assert_eq!(mask_from_ranges(mask.size(), &ranges), mask);
    }
}

#[test]
fn the_example_of_the_definition() {
    let rows = [[0, 1, 1, 0], [0, 0, 0, 1], [1, 0, 0, 0]];
    let mask = golden::of_rows(&rows.map(Vec::from));
    assert_eq!(encode(&mask, Bone::ALL[0]), "2 2 8 2");
    assert_eq!(encode(&mask, Bone::ALL[1]), "");
    assert_eq!(decode("2 2 8 2", mask.size()).unwrap(), [1..3, 7..9]);
}

#[test]
fn lenient_where_no_pixel_is_in_doubt() {
    let size = size(4, 3);
    for text in ["2 2 8 2", "8 2 2 2", " 2\t2\r\n8  2 ", "002 02 8 2", "2 1 3 1 8 2", "3 1 8 2 2 1"] {
        assert_eq!(decode(text, size).unwrap(), [1..3, 7..9], "{text:?}");
    }
    for text in ["", " ", "\n"] {
        assert_eq!(decode(text, size).unwrap(), [], "{text:?}");
    }
}

#[test]
fn errors_name_the_pair() {
    let size = size(4, 3);
    let not_a_number = |pair, text: &str| RleError::NotANumber { pair, text: text.to_owned() };
    for (text, error) in [
        ("1 2 5", RleError::OddCount { pair: 2, start: 5 }),
        ("1 2 0 3", RleError::ZeroStart { pair: 2 }),
        ("1 0", RleError::ZeroLength { pair: 1, start: 1 }),
        ("1 1 12 2", RleError::BeyondImage { pair: 2, start: 12, length: 2, size }),
        ("13 1", RleError::BeyondImage { pair: 1, start: 13, length: 1, size }),
        ("2 4294967295", RleError::BeyondImage { pair: 1, start: 2, length: u32::MAX, size }),
        ("5 3 1 5", RleError::Overlap { pair: 1, start: 5 }),
        ("5 3 5 3", RleError::Overlap { pair: 2, start: 5 }),
        ("1 x", not_a_number(1, "x")),
        ("1 2 -3 4", not_a_number(2, "-3")),
        ("1 2.0", not_a_number(1, "2.0")),
        ("1,2", not_a_number(1, "1,2")),
        ("4294967296 1", not_a_number(1, "4294967296")),
        ("18446744073709551617 1", not_a_number(1, "18446744073709551617")),
        ("1 ２", not_a_number(1, "２")),
    ] {
        assert_eq!(decode(text, size).unwrap_err(), error, "{text:?}");
    }
}

#[test]
fn the_largest_image_there_can_be() {
    let size = size(u32::MAX, 1);
    let whole = decode("1 4294967295", size).unwrap();
    assert_eq!(whole, vec![0..u32::MAX]);
    let mask = Mask::from_runs(size, [bones::Run { end: u32::MAX, set: BoneSet::ALL }]).unwrap();
    assert_eq!(encode(&mask, Bone::ALL[28]), "1 4294967295");
}

proptest! {
    #[test]
    fn texts_say_which_pixels_are_covered(mask in any_mask(40)) {
        let texts = encode_all(&mask);
        for (bone, text) in Bone::ALL.into_iter().zip(&texts) {
            prop_assert_eq!(text, &encode(&mask, bone));
            let numbers: Vec<usize> = text.split(' ').filter(|word| !word.is_empty()).map(|word| word.parse().unwrap()).collect();
            let mut covered = vec![false; mask.size().pixels() as usize];
            for pair in numbers.chunks(2) {
                covered[pair[0] - 1..][..pair[1]].fill(true);
            }
            prop_assert_eq!(&covered, &plane(&mask, bone));
            prop_assert_eq!(text.split(' ').count(), if text.is_empty() { 1 } else { numbers.len() });
        }
    }

    #[test]
    fn decoding_undoes_encoding(mask in any_mask(100)) {
        let ranges: Vec<_> = Bone::ALL
            .into_iter()
            .zip(encode_all(&mask))
            .map(|(bone, text)| (bone, decode(&text, mask.size()).unwrap()))
            .collect();
        for (bone, ranges) in &ranges {
            prop_assert_eq!(ranges, &mask.ranges(*bone).collect::<Vec<_>>());
        }
        prop_assert_eq!(mask_from_ranges(mask.size(), &ranges), mask);
    }

    #[test]
    fn any_ranges_cover_their_union(
        size in sizes(150),
        list in prop::collection::vec((0..COUNT, prop::collection::vec((0..30_000u32, 0..300u32), 0..8)), 0..6),
    ) {
        let list: Vec<(Bone, Vec<Range<u32>>)> = list
            .into_iter()
            .map(|(bone, ranges)| (Bone::ALL[bone], ranges.into_iter().map(|(start, length)| start..start + length).collect()))
            .collect();
        let expected = build(size, |x, y| {
            let at = y * size.width() + x;
            list.iter().filter(|(_, ranges)| ranges.iter().any(|range| range.contains(&at))).map(|(bone, _)| *bone).collect()
        });
        prop_assert_eq!(mask_from_ranges(size, &list), expected);
    }

    #[test]
    fn no_text_panics(text in "[0-9 x-]{0,40}") {
        let _ = decode(&text, size(50, 50));
    }
}
