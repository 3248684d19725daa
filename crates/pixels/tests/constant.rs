//! A constant image stays constant, whatever its size becomes.
#![allow(clippy::unwrap_used)]

use bones::Size;
use pixels::{Filter, resize};
use planes::Image;
use proptest::prelude::*;

/// The grey values of a constant image at another size: one, where the law holds.
fn values(value: u8, from: (u32, u32), to: (u32, u32), filter: Filter) -> Vec<u8> {
    let [from, to] = [from, to].map(|(width, height)| Size::new(width, height).unwrap());
    let image = Image::new(from, vec![value; from.pixels() as usize]).unwrap();
    let mut values = resize(image, to, filter).pixels().to_vec();
    values.sort_unstable();
    values.dedup();
    values
}

fn filter() -> impl Strategy<Value = Filter> {
    prop_oneof![Just(Filter::Linear), Just(Filter::Area)]
}

proptest! {
    #[test]
    fn at_any_size(
        value: u8,
        from in (1..400_u32, 1..400_u32),
        to in (1..400_u32, 1..400_u32),
        filter in filter(),
    ) {
        prop_assert_eq!(values(value, from, to, filter), [value]);
    }

    #[test]
    fn at_any_ratio(
        value in prop_oneof![Just(255_u8), any::<u8>()],
        long in 1000..=65_535_u32,
        short in 1..4_u32,
        to in (1..20_u32, 1..4_u32),
        upright: bool,
        filter in filter(),
    ) {
        let turned = |(x, y): (u32, u32)| if upright { (y, x) } else { (x, y) };
        prop_assert_eq!(values(value, turned((long, short)), turned(to), filter), [value]);
    }
}

#[test]
fn where_a_white_sum_is_more_than_31_bits() {
    for side in [2901, 4096, 5000] {
        for filter in [Filter::Linear, Filter::Area] {
            assert_eq!(values(255, (side, side), (1, 1), filter), [255], "{side} {filter:?}");
        }
    }
    // 3.3 blocks a side, parted between them.
    assert_eq!(values(255, (9901, 9901), (3, 3), Filter::Area), [255]);
}

#[test]
fn where_a_long_sum_is_one_of_floats() {
    for (long, to) in [(65_535, 2), (65_533, 3), (50_001, 7), (65_521, 13)] {
        for value in [1, 77, 254, 255] {
            assert_eq!(values(value, (long, 1), (to, 1), Filter::Area), [value], "{long} → {to}");
            assert_eq!(values(value, (1, long), (1, to), Filter::Area), [value], "{long} → {to}");
        }
    }
}
