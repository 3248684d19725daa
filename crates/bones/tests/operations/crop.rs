use bones::crop::{
    Bounds, CropFrame, FullFrame, Point, Region, Window, WindowError, bounding_box, crop, paste,
};
use bones::{Bone, BoneSet, Mask, Size};
use proptest::prelude::*;

use crate::dense::{any_mask, build, masks, size};

fn windows(full: Size) -> impl Strategy<Value = Window> {
    (1..=full.width(), 1..=full.height()).prop_flat_map(move |(width, height)| {
        (0..=full.width() - width, 0..=full.height() - height)
            .prop_map(move |(x, y)| Window::new(x, y, width, height, full).unwrap())
    })
}

fn masks_with_windows(limit: u32) -> impl Strategy<Value = (Mask, Window)> {
    (1..=limit, 1..=limit)
        .prop_flat_map(|(width, height)| (masks(size(width, height)), windows(size(width, height))))
}

fn at(mask: &[BoneSet], size: Size, x: u32, y: u32) -> BoneSet {
    mask[(y * size.width() + x) as usize]
}

proptest! {
    #[test]
    fn a_crop_holds_the_pixels_of_the_window((mask, window) in masks_with_windows(30)) {
        let full = mask.to_dense();
        let part = crop(&mask, &window);
        let expected = build(window.size(), |x, y| at(&full, mask.size(), window.x() + x, window.y() + y));
        prop_assert_eq!(&part, &expected);

        let back = paste(&part, &window);
        let expected = build(mask.size(), |x, y| {
            let inside = x >= window.x()
                && y >= window.y()
                && x - window.x() < window.size().width()
                && y - window.y() < window.size().height();
            if inside { at(&full, mask.size(), x, y) } else { BoneSet::EMPTY }
        });
        prop_assert_eq!(&back, &expected);
        prop_assert_eq!(crop(&back, &window), part);
    }

    #[test]
    fn a_windows_text_says_all((_, window) in masks_with_windows(3000)) {
        prop_assert_eq!(window.to_string().parse::<Window>().unwrap(), window);
    }

    #[test]
    fn the_bounding_box_touches_the_outermost_pixels(mask in any_mask(30), bits in any::<u32>()) {
        let set = BoneSet::from_bits_truncate(bits);
        let pixels: Vec<(u32, u32)> = mask
            .to_dense()
            .into_iter()
            .enumerate()
            .filter(|&(_, covered)| !(covered & set).is_empty())
            .map(|(at, _)| (at as u32 % mask.size().width(), at as u32 / mask.size().width()))
            .collect();
        let expected = (!pixels.is_empty()).then(|| Bounds {
            left: pixels.iter().map(|pixel| pixel.0).min().unwrap(),
            top: pixels.iter().map(|pixel| pixel.1).min().unwrap(),
            right: pixels.iter().map(|pixel| pixel.0).max().unwrap() + 1,
            bottom: pixels.iter().map(|pixel| pixel.1).max().unwrap() + 1,
        });
        prop_assert_eq!(bounding_box(&mask, set), expected);
    }

    #[test]
    fn a_window_around_holds_its_bounds((_, bounds) in masks_with_windows(400), margin in 0.0..1.0f64, minimum in 0..300u32) {
        let full = bounds.full();
        let bounds = Bounds {
            left: bounds.x(),
            top: bounds.y(),
            right: bounds.x() + bounds.size().width(),
            bottom: bounds.y() + bounds.size().height(),
        };
        let window = Window::around(bounds, margin, minimum, full);
        let (width, height) = (window.size().width(), window.size().height());
        prop_assert_eq!(Window::new(window.x(), window.y(), width, height, full), Ok(window));
        prop_assert!(window.x() <= bounds.left && bounds.right <= window.x() + width);
        prop_assert!(window.y() <= bounds.top && bounds.bottom <= window.y() + height);
        prop_assert!(width == height || width.min(height) == full.width().min(full.height()));
        let side = (f64::from(bounds.width().max(bounds.height())) * (1.0 + 2.0 * margin)).ceil() as u32;
        prop_assert_eq!(width, side.max(minimum).max(1).min(full.width()));
    }
}

#[test]
fn a_window_is_centred_where_the_image_has_room() {
    let bounds = Bounds { left: 500, top: 600, right: 600, bottom: 650 };
    let full = size(2048, 2048);
    assert_eq!(Window::around(bounds, 0.1, 64, full).to_string(), "490 565 120 120 of 2048 2048");
    assert_eq!(Window::around(bounds, 0.1, 128, full).to_string(), "486 561 128 128 of 2048 2048");
    let corner = Bounds { left: 2040, top: 0, right: 2048, bottom: 20 };
    assert_eq!(Window::around(corner, 0.1, 128, full).to_string(), "1920 0 128 128 of 2048 2048");
    assert_eq!(Window::around(corner, 0.1, 128, size(2048, 100)).to_string(), "1920 0 128 100 of 2048 100");
}

#[test]
fn points_go_there_and_back() {
    let window: Window = "512 900 640 640 of 2048 2048".parse().unwrap();
    let point = Point::<FullFrame>::new(600.5, 899.0);
    assert_eq!(window.to_crop(point), Point::<CropFrame>::new(88.5, -1.0));
    assert_eq!(window.to_full(window.to_crop(point)), point);
}

#[test]
fn windows_that_are_none_say_why() {
    let full = size(20, 10);
    assert_eq!(Window::new(0, 0, 0, 5, full), Err(WindowError::Empty { width: 0, height: 5 }));
    for [x, y, width, height] in
        [[15, 0, 6, 1], [0, 5, 1, 6], [21, 0, 1, 1], [u32::MAX, 0, 2, 1], [0, 0, u32::MAX, 9]]
    {
        assert_eq!(
            Window::new(x, y, width, height, full),
            Err(WindowError::Outside { x, y, width, height, full })
        );
    }
    for text in ["", "1 2 3 4", "1 2 3 of 20 10", "1 2 3 4 of 20", "1 2 3 4 of 65536 65536", "a 2 3 4 of 9 9"]
    {
        assert_eq!(text.parse::<Window>(), Err(WindowError::Text { text: text.to_owned() }));
    }
}

#[test]
fn regions_give_a_window_for_what_is_visible() {
    let lunate = BoneSet::of(Bone::from_name("Lunate").unwrap());
    let tip = BoneSet::of(Bone::from_name("finger-8").unwrap());
    let mask = build(size(300, 300), |x, y| match (x, y) {
        (100..120, 200..240) => lunate,
        (50..60, 10..30) => tip,
        _ => BoneSet::EMPTY,
    });
    let named = |region: Region| -> Vec<(&str, String)> {
        region.windows(&mask, 0.1, 32).into_iter().map(|(name, window)| (name, window.to_string())).collect()
    };
    assert_eq!(named(Region::Wrist), [("wrist", "86 196 48 48 of 300 300".to_owned())]);
    assert_eq!(named(Region::Fingertips), [("finger-8", "39 4 32 32 of 300 300".to_owned())]);
    assert!(Region::Wrist.windows(&Mask::empty(size(9, 9)), 0.1, 128).is_empty());
    for region in Region::ALL {
        assert_eq!(region.name().parse(), Ok(region));
    }
    assert!("hand".parse::<Region>().unwrap_err().contains("`wrist` or `fingertips`"));
}
