//! Crops: square windows of a radiograph, and the way between their frame and the full one.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use thiserror::Error;

use crate::bone::Bone;
use crate::bone_set::BoneSet;
use crate::mask::{Mask, MaskBuilder, Size};
use crate::rows;

/// The frame of a whole radiograph: the origin is the image's top left pixel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FullFrame {}

/// The frame of a crop: the origin is the window's top left pixel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CropFrame {}

/// A point in pixels of `Frame`, x to the right and y down. Only a [`Window`] turns one frame's into the other's.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Point<Frame> {
    /// Pixels to the right of the origin.
    pub x: f64,
    /// Pixels below the origin.
    pub y: f64,
    frame: PhantomData<Frame>,
}

impl<Frame> Point<Frame> {
    /// The point at `x`, `y`.
    pub const fn new(x: f64, y: f64) -> Point<Frame> {
        Point { x, y, frame: PhantomData }
    }
}

/// The smallest box around pixels: columns `left` … `right − 1`, rows `top` … `bottom − 1`, never empty.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Bounds {
    /// The first column.
    pub left: u32,
    /// The first row.
    pub top: u32,
    /// One past the last column.
    pub right: u32,
    /// One past the last row.
    pub bottom: u32,
}

impl Bounds {
    /// Columns.
    pub fn width(self) -> u32 {
        self.right - self.left
    }

    /// Rows.
    pub fn height(self) -> u32 {
        self.bottom - self.top
    }
}

/// The box around all pixels that a bone of `set` covers; `None` where there are none.
pub fn bounding_box(mask: &Mask, set: BoneSet) -> Option<Bounds> {
    let width = mask.size().width();
    let boxes = mask.spans().filter(|&(_, covered)| !(covered & set).is_empty()).map(|(range, _)| {
        let (top, last) = (range.start / width, (range.end - 1) / width);
        // A run over the end of a row touches both the last and the first column.
        let (left, right) =
            if top == last { (range.start % width, (range.end - 1) % width + 1) } else { (0, width) };
        Bounds { left, top, right, bottom: last + 1 }
    });
    boxes.reduce(|one, other| Bounds {
        left: one.left.min(other.left),
        top: one.top.min(other.top),
        right: one.right.max(other.right),
        bottom: one.bottom.max(other.bottom),
    })
}

/// Why four numbers, or a text, are no window.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum WindowError {
    /// A window without pixels.
    #[error("a window of {width}×{height} has no pixels")]
    Empty {
        /// Its width.
        width: u32,
        /// Its height.
        height: u32,
    },
    /// A window that leaves the image.
    #[error("the window {width}×{height} at ({x}, {y}) leaves the image of {full}")]
    Outside {
        /// Its first column.
        x: u32,
        /// Its first row.
        y: u32,
        /// Its width.
        width: u32,
        /// Its height.
        height: u32,
        /// The image's size.
        full: Size,
    },
    /// A text that is not of the form that `Display` writes.
    #[error("`{text}` is no window; write `x y width height of W H`, such as `512 900 640 640 of 2048 2048`")]
    Text {
        /// The text.
        text: String,
    },
}

/// A window of a full frame, at least one pixel and wholly inside.
///
/// Its text form, for the attributes of a record, is `x y width height of W H`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Window {
    x: u32,
    y: u32,
    size: Size,
    full: Size,
}

impl Window {
    /// The window of `width` × `height` pixels whose top left one is (`x`, `y`), in an image of `full`.
    pub fn new(x: u32, y: u32, width: u32, height: u32, full: Size) -> Result<Window, WindowError> {
        let fits = |start: u32, length: u32, whole: u32| start <= whole && length <= whole - start;
        if width == 0 || height == 0 {
            return Err(WindowError::Empty { width, height });
        }
        match Size::new(width, height) {
            Some(size) if fits(x, width, full.width()) && fits(y, height, full.height()) => {
                Ok(Window { x, y, size, full })
            }
            _ => Err(WindowError::Outside { x, y, width, height, full }),
        }
    }

    /// The square window around `bounds`, moved into the image.
    ///
    /// Its side is the longer side of `bounds`, longer by `margin` (a share of it: 0.1 is 10 %) at either end and
    /// rounded up, and at least `minimum`. Where the image is smaller than that in one direction, the window has
    /// the image's whole length in it. The window holds `bounds` wherever the image does.
    pub fn around(bounds: Bounds, margin: f64, minimum: u32, full: Size) -> Window {
        let longer = bounds.width().max(bounds.height());
        // `as` saturates, and turns a NaN margin into 0.
        let side = ((f64::from(longer) * (1.0 + 2.0 * margin)).ceil() as u32).max(longer).max(minimum).max(1);
        let place = |first: u32, end: u32, whole: u32| {
            let length = side.min(whole);
            // Twice the middle of the bounds less the length: rounds half a pixel toward the origin.
            let start = (i64::from(first) + i64::from(end) - i64::from(length)).div_euclid(2);
            (start.clamp(0, i64::from(whole - length)) as u32, length)
        };
        let (x, width) = place(bounds.left, bounds.right, full.width());
        let (y, height) = place(bounds.top, bounds.bottom, full.height());
        let size = Size::new(width, height).unwrap_or(full);
        Window { x, y, size, full }
    }

    /// The first column.
    pub fn x(&self) -> u32 {
        self.x
    }

    /// The first row.
    pub fn y(&self) -> u32 {
        self.y
    }

    /// The size of the window, and of a crop made with it.
    pub fn size(&self) -> Size {
        self.size
    }

    /// The size of the full frame.
    pub fn full(&self) -> Size {
        self.full
    }

    /// A point of the full frame, seen in the crop; it may lie outside.
    pub fn to_crop(&self, point: Point<FullFrame>) -> Point<CropFrame> {
        Point::new(point.x - f64::from(self.x), point.y - f64::from(self.y))
    }

    /// A point of the crop, seen in the full frame.
    pub fn to_full(&self, point: Point<CropFrame>) -> Point<FullFrame> {
        Point::new(point.x + f64::from(self.x), point.y + f64::from(self.y))
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Window { x, y, size, full } = self;
        write!(f, "{x} {y} {} {} of {} {}", size.width(), size.height(), full.width(), full.height())
    }
}

impl FromStr for Window {
    type Err = WindowError;

    fn from_str(text: &str) -> Result<Window, WindowError> {
        let numbers =
            |part: &str| part.split_whitespace().map(|word| word.parse().ok()).collect::<Option<Vec<u32>>>();
        let parse = || {
            let (window, full) = text.split_once(" of ")?;
            let window: [u32; 4] = numbers(window)?.try_into().ok()?;
            let full: [u32; 2] = numbers(full)?.try_into().ok()?;
            Some((window, Size::new(full[0], full[1])?))
        };
        let ([x, y, width, height], full) =
            parse().ok_or_else(|| WindowError::Text { text: text.to_owned() })?;
        Window::new(x, y, width, height, full)
    }
}

/// The part of a full-frame mask in the window.
///
/// # Panics
/// Where `mask` is not of the size [`Window::full`].
pub fn crop(mask: &Mask, window: &Window) -> Mask {
    assert_eq!(mask.size(), window.full, "a window crops masks of the frame that it lies in");
    let mut result = MaskBuilder::new(window.size);
    let (left, right) = (window.x, window.x + window.size.width());
    for y in 0..window.size.height() {
        let row_start = y * window.size.width();
        for (columns, set) in rows::row(mask, window.y + y) {
            result.fill_to(row_start + columns.end.clamp(left, right) - left, set);
            if columns.end >= right {
                break;
            }
        }
    }
    result.finish()
}

/// The full-frame mask that is `mask` in the window and background around it: undoes [`crop`] but for what the
/// window leaves out.
///
/// # Panics
/// Where `mask` is not of the size [`Window::size`].
pub fn paste(mask: &Mask, window: &Window) -> Mask {
    assert_eq!(mask.size(), window.size, "a window puts back masks of its own size");
    let mut result = MaskBuilder::new(window.full);
    for y in 0..window.size.height() {
        let start = (window.y + y) * window.full.width() + window.x;
        result.fill_to(start, BoneSet::EMPTY);
        for (columns, set) in rows::row(mask, y) {
            result.fill_to(start + columns.end, set);
        }
    }
    result.finish()
}

/// A part of the hand for which crops are made.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Region {
    /// One window around the eight carpals.
    Wrist,
    /// One window around each of the five distal phalanges.
    Fingertips,
}

impl Region {
    /// All regions.
    pub const ALL: [Region; 2] = [Region::Wrist, Region::Fingertips];

    /// The name on command lines and in records.
    pub const fn name(self) -> &'static str {
        match self {
            Region::Wrist => "wrist",
            Region::Fingertips => "fingertips",
        }
    }

    /// The bones that the region is made for.
    pub const fn bones(self) -> BoneSet {
        match self {
            Region::Wrist => BoneSet::CARPALS,
            Region::Fingertips => BoneSet::FINGERTIPS,
        }
    }

    /// The windows of the region in `mask`, each with its name: `wrist`, or the fingertip's such as `finger-4`.
    ///
    /// A window whose bones cover nothing is left out. `margin` and `minimum` are those of [`Window::around`].
    pub fn windows(self, mask: &Mask, margin: f64, minimum: u32) -> Vec<(&'static str, Window)> {
        let targets: Vec<(&'static str, BoneSet)> = match self {
            Region::Wrist => vec![(self.name(), self.bones())],
            Region::Fingertips => {
                self.bones().iter().map(|bone: Bone| (bone.name(), BoneSet::of(bone))).collect()
            }
        };
        targets
            .into_iter()
            .filter_map(|(name, bones)| {
                let bounds = bounding_box(mask, bones)?;
                Some((name, Window::around(bounds, margin, minimum, mask.size())))
            })
            .collect()
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Region {
    type Err = String;

    fn from_str(name: &str) -> Result<Region, String> {
        Region::ALL
            .into_iter()
            .find(|region| region.name() == name)
            .ok_or_else(|| format!("no region is called `{name}`; choose `wrist` or `fingertips`"))
    }
}
