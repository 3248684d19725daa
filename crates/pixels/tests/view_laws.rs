//! The laws of placements and views: ways there and back, windows that cover, sizes that nobody has.
#![allow(clippy::unwrap_used)]

use bones::Size;
use pixels::{Filter, Fit, Placement, View, Windows, resize};
use planes::Image;
use proptest::prelude::*;

fn size(width: u32, height: u32) -> Size {
    Size::new(width, height).unwrap()
}

fn sides(of: Size) -> [u32; 2] {
    [of.width(), of.height()]
}

fn view(size: u32, fit: Fit, windows: Option<[u32; 2]>) -> View {
    let windows = windows.map(|[side, stride]| Windows { side, stride });
    View { size, filter: Filter::Area, fit, windows, clahe: None }
}

/// Radiographs as they are, and slivers.
fn radiographs() -> impl Strategy<Value = Size> {
    let side = || prop_oneof![1u32..20, 20u32..4096];
    prop_oneof![
        (side(), side()).prop_map(|(width, height)| size(width, height)),
        Just(size(1, 1)),
        Just(size(1, 20_000)),
        Just(size(20_000, 1)),
        Just(size(16_384, 16_384)),
    ]
}

/// Views that a network may have, whole ones and windows.
fn views() -> impl Strategy<Value = View> {
    let wholes = prop_oneof![Just(Fit::Pad), Just(Fit::Stretch)];
    let wholes = (1u32..2048, wholes).prop_map(|(size, fit)| view(size, fit, None));
    // As much enlarged and reduced as a radiograph of 16384² stays one that can be read.
    let sides = prop_oneof![32u32..512, 512u32..=16_384];
    let windows = (sides, 0.1..2.0, 0.2..=1.0).prop_map(|(side, scale, stride)| {
        let stride = (f64::from(side) * stride) as u32;
        view(((f64::from(side) * scale) as u32).max(1), Fit::Pad, Some([side, stride.max(1)]))
    });
    prop_oneof![wholes, windows]
}

/// Sides that nobody has.
fn hostile() -> impl Strategy<Value = u32> {
    let ends =
        [0, 1, 2, 31, 32, 16_384, 16_385, 65_535, 65_536, i32::MAX as u32, i32::MAX as u32 + 1, u32::MAX];
    prop_oneof![proptest::sample::select(ends.to_vec()), any::<u32>(), 0u32..70_000]
}

proptest! {
    #[test]
    fn there_and_back_is_where_it_was(view in views(), radiograph in radiographs(), x in -0.5..1.5, y in -0.5..1.5) {
        prop_assume!(view.check(radiograph, radiograph).is_ok());
        let placements = view.placements(radiograph);
        for placement in [placements[0], placements[placements.len() - 1]] {
            let point = [x * f64::from(radiograph.width()), y * f64::from(radiograph.height())];
            let back = placement.to_radiograph(placement.to_network(point));
            for axis in 0..2 {
                prop_assert!((back[axis] - point[axis]).abs() < 1e-9, "{back:?}, not {point:?}, in {placement:?}");
            }
            let point = [x, y].map(|share| share * f64::from(view.size));
            let there = placement.to_network(placement.to_radiograph(point));
            for axis in 0..2 {
                prop_assert!((there[axis] - point[axis]).abs() < 1e-9, "{there:?}, not {point:?}, in {placement:?}");
            }
        }
    }

    #[test]
    fn corners_of_the_radiograph_are_corners_of_what_shows_it(view in views(), radiograph in radiographs()) {
        for placement in view.placements(radiograph) {
            let [left, top] = placement.origin().map(f64::from);
            let [width, height] = sides(placement.scaled()).map(f64::from);
            let [right, bottom] = sides(radiograph).map(|side| f64::from(side) - 0.5);
            let (first, last) = (placement.to_network([-0.5, -0.5]), placement.to_network([right, bottom]));
            let expected = [left - 0.5, top - 0.5, left + width - 0.5, top + height - 0.5];
            for (found, expected) in [first, last].concat().into_iter().zip(expected) {
                prop_assert!((found - expected).abs() < 1e-9, "{found}, not {expected}, in {placement:?}");
            }
        }
    }

    #[test]
    fn proportions_are_kept_within_half_a_pixel(view in views(), radiograph in radiographs()) {
        prop_assume!(view.check(radiograph, radiograph).is_ok());
        let longest = radiograph.width().max(radiograph.height());
        let scaled = view.scaled(radiograph);
        for (scaled, side) in sides(scaled).into_iter().zip(sides(radiograph)) {
            let exact = f64::from(side) * match (view.windows, view.fit) {
                (Some(windows), _) => f64::from(view.size) / f64::from(windows.side),
                (None, Fit::Pad) => f64::from(view.size) / f64::from(longest),
                (None, Fit::Stretch) => f64::from(view.size) / f64::from(side),
            };
            let kept = (f64::from(scaled) - exact).abs() <= 0.5 + 1e-9;
            prop_assert!(kept || (scaled == 1 && exact < 0.5), "{scaled}, not {exact}");
        }
    }

    #[test]
    fn a_whole_radiograph_lies_on_the_plane(view in views(), radiograph in radiographs()) {
        let view = View { windows: None, ..view };
        let placements = view.placements(radiograph);
        prop_assert_eq!(placements.len(), 1);
        let placement = placements[0];
        prop_assert_eq!(placement.inside().map(|range| range.len() as u32), sides(placement.scaled()));
        let margins = [0, 1].map(|axis| {
            let before = placement.origin()[axis];
            (before, view.size as i32 - before - sides(placement.scaled())[axis] as i32)
        });
        prop_assert!(margins.iter().all(|(before, after)| *before >= 0 && (0..=1).contains(&(after - before))));
    }

    /// They cover all of the radiograph, none leaves it unless it is smaller, and all but the last are a stride apart.
    #[test]
    fn windows_cover_every_pixel(view in views(), radiograph in radiographs()) {
        let Some(windows) = view.windows else { return Ok(()) };
        prop_assume!(view.check(radiograph, radiograph).is_ok());
        let scaled = view.scaled(radiograph);
        let placements = view.placements(radiograph);
        let stride = f64::from(windows.stride) * f64::from(view.size) / f64::from(windows.side);
        let starts = [0, 1].map(|axis| {
            let mut starts: Vec<i64> = placements.iter().map(|it| -i64::from(it.origin()[axis])).collect();
            starts.sort_unstable();
            starts.dedup();
            starts
        });
        // A grid: each row of windows has each column's.
        prop_assert_eq!(placements.len(), starts[0].len() * starts[1].len());
        for (axis, starts) in starts.iter().enumerate() {
            let (whole, side) = (i64::from(sides(scaled)[axis]), i64::from(view.size));
            let (first, last) = (starts[0], starts[starts.len() - 1]);
            if whole <= side {
                prop_assert_eq!(starts.len(), 1);
                let (before, after) = (-first, first + side - whole);
                prop_assert!(before >= 0 && (0..=1).contains(&(after - before)), "{} of {} at {}", whole, side, first);
                continue;
            }
            prop_assert_eq!((first, last + side), (0, whole));
            for (number, pair) in starts.windows(2).enumerate() {
                let step = pair[1] - pair[0];
                prop_assert!(step <= side, "a gap between {} and {}", pair[0], pair[1]);
                let last = number + 2 == starts.len();
                let off = (step as f64 - stride.max(1.0)).abs();
                prop_assert!(off <= 0.5 || (last && (step as f64) < stride + 0.5), "{} instead of {}", step, stride);
            }
        }
    }

    /// What nobody has is refused in words, or answered.
    #[test]
    fn no_size_makes_a_view_panic(
        plane in hostile(), windows: bool, side in hostile(), stride in hostile(), stretch: bool,
        width in hostile(), height in hostile(), corner: [i32; 2],
    ) {
        let fit = if stretch { Fit::Stretch } else { Fit::Pad };
        let view = view(plane, fit, windows.then_some([side, stride]));
        let radiograph = Size::new(width, height).or(Size::new(width, 1)).unwrap();
        let scaled = view.scaled(radiograph);
        prop_assert!(scaled.width() > 0 && scaled.height() > 0 || scaled == radiograph);
        let placements = view.placements(radiograph);
        let checked = view.check(radiograph, radiograph);
        match &checked {
            Ok(()) => prop_assert!(!placements.is_empty()),
            Err(refusal) => prop_assert!(refusal.contains("expected"), "{refusal}"),
        }
        prop_assert_eq!(view.check(scaled, radiograph).is_ok(), checked.is_ok());
        for placement in placements.iter().take(3).chain(placements.last()) {
            prop_assert_eq!(placement.network(), view.plane());
            placement.inside();
            placement.to_network(placement.to_radiograph([0.0, 0.0]));
        }
        Placement::window(radiograph, scaled, corner, view.plane()).inside();
    }
}

#[test]
fn slivers_are_resized_and_laid() {
    for (radiograph, side) in
        [(size(1, 1), 64), (size(1, 20_000), 64), (size(20_000, 1), 33), (size(3, 2), 1)]
    {
        let image = Image::new(radiograph, vec![200; radiograph.pixels() as usize]).unwrap();
        for view in
            [view(side, Fit::Pad, None), view(side, Fit::Stretch, None), view(side, Fit::Pad, Some([64, 32]))]
        {
            let scaled = view.scale(image.clone(), radiograph).unwrap();
            assert_eq!(scaled, resize(image.clone(), view.scaled(radiograph), Filter::Area));
            let shown: Vec<u8> = view
                .placements(radiograph)
                .iter()
                .flat_map(|placement| view.lay(&scaled, placement))
                .collect();
            assert!(
                shown.contains(&200) && shown.iter().all(|grey| [0, 200].contains(grey)),
                "{radiograph} {view:?}"
            );
        }
    }
}

#[test]
fn what_can_not_be_seen_is_refused_with_what_to_do() {
    let radiograph = size(2048, 2048);
    for (view, expected) in [
        (view(0, Fit::Pad, None), "the network sees 0 pixels a side; 1 to 16384 were expected"),
        (view(70_000, Fit::Stretch, None), "the network sees 70000 pixels a side; 1 to 16384 were expected"),
        (view(64, Fit::Pad, Some([0, 0])), "windows of 0 pixels a side; 32 to 16384 were expected"),
        (
            view(64, Fit::Pad, Some([64, 0])),
            "a stride of 0 between windows of 64 pixels; 1 to 64 was expected",
        ),
        (
            view(64, Fit::Pad, Some([64, 65])),
            "a stride of 65 between windows of 64 pixels; 1 to 64 was expected",
        ),
        (
            view(1024, Fit::Pad, Some([32, 16])),
            "windows of 32 pixels shown at 1024 make more than 1073741823 pixels of its radiograph of 2048×2048",
        ),
        (
            view(32, Fit::Pad, Some([32, 1])),
            "its radiograph of 2048×2048 has 4068289 windows of 32 pixels with a stride of 1",
        ),
    ] {
        let refusal = view.check(radiograph, radiograph).unwrap_err();
        assert!(refusal.starts_with(expected), "{refusal}");
    }
}

#[test]
fn windows_out_of_range_are_no_windows() {
    let read = |text| serde_json::from_str::<Windows>(text).map_err(|error| error.to_string());
    assert_eq!(read(r#"{"side": 1024, "stride": 512}"#), Ok(Windows { side: 1024, stride: 512 }));
    let error = read(r#"{"side": 0, "stride": 0}"#).unwrap_err();
    assert!(error.contains("windows of 0 pixels a side; 32 to 16384 were expected"), "{error}");
    let error = read(r#"{"side": 64, "stride": 65}"#).unwrap_err();
    assert!(error.contains("a stride of 65 between windows of 64 pixels; 1 to 64 was expected"), "{error}");
    assert!(read(r#"{"side": 64, "stride": 32, "step": 1}"#).unwrap_err().contains("unknown field"));
}
