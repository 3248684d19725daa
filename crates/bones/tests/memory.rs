//! What operations on runs allocate: in proportion to the runs and to one row, never to the pixels.
//!
//! The masks here are those of a hand drawn at two scales. At twice the scale there are four times the pixels, twice the
//! rows, and about twice the runs.
#![allow(clippy::unwrap_used)]
#![allow(unsafe_code, reason = "an allocator that counts")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;

use bones::components::{Connectivity, components, fill_holes, largest};
use bones::crop::{Window, bounding_box, crop, paste};
use bones::polygon::{Outline, fill};
use bones::{Bone, BoneSet, Mask, Run, Size, contour, dice, resize, surface, vote};

thread_local! {
    static LIVE: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

impl Counting {
    fn add(bytes: usize) {
        let live = LIVE.get() + bytes;
        LIVE.set(live);
        PEAK.set(PEAK.get().max(live));
    }

    fn take(bytes: usize) {
        LIVE.set(LIVE.get().saturating_sub(bytes));
    }
}

// SAFETY: all work is the system's; the counts are numbers of this thread that need no allocation.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Counting::add(layout.size());
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        Counting::take(layout.size());
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The most bytes that `work` had allocated at a time, its result included.
fn peak<T>(work: impl FnOnce() -> T) -> usize {
    let before = LIVE.get();
    PEAK.set(before);
    black_box(work());
    PEAK.get() - before
}

/// All bones as ellipses with a hole each, in five columns of six, at `scale` pixels a unit of 100 × 120, moved by
/// `shift` units.
fn hand(scale: i32, shift: i32) -> Mask {
    let size = Size::new(100 * scale as u32, 120 * scale as u32).unwrap();
    let ellipse = |bone: Bone, radius: [f64; 2]| {
        let at = bone.index() as i32;
        let centre = [(at % 5 * 20 + 10 + shift) * scale, (at / 5 * 20 + 10) * scale];
        let corner = |step: i32| {
            let angle = f64::from(step) * std::f64::consts::TAU / 200.0;
            let [x, y] = [angle.cos(), angle.sin()];
            [
                centre[0] + (x * radius[0] * f64::from(scale)) as i32,
                centre[1] + (y * radius[1] * f64::from(scale)) as i32,
            ]
        };
        Outline { bone, ring: (0..200).map(corner).collect() }
    };
    let whole: Vec<Outline> = Bone::ALL.into_iter().map(|bone| ellipse(bone, [11.0, 9.0])).collect();
    let holes: Vec<Outline> = Bone::ALL.into_iter().map(|bone| ellipse(bone, [2.0, 2.0])).collect();
    let (whole, holes) = (fill(&whole, size), fill(&holes, size));
    // Pixels of the hole are those where an odd number of the two masks has the bone.
    let ends = whole.runs().iter().chain(holes.runs()).map(|run| run.end);
    let mut ends: Vec<u32> = ends.collect();
    ends.sort_unstable();
    ends.dedup();
    let at = |mask: &Mask, pixel: u32| mask.runs()[mask.runs().partition_point(|run| run.end <= pixel)].set;
    let runs = ends.into_iter().map(|end| Run { end, set: at(&whole, end - 1) ^ at(&holes, end - 1) });
    Mask::from_runs(size, runs).unwrap()
}

type Operation = (&'static str, fn(&Mask, &Mask) -> usize);

const OPERATIONS: &[Operation] = &[
    ("flip left to right", |a, _| peak(|| resize::flip_horizontal(a))),
    ("flip top to bottom", |a, _| peak(|| resize::flip_vertical(a))),
    ("crop and paste back", |a, _| {
        let (width, height) = (a.size().width(), a.size().height());
        let window = Window::new(width / 4, height / 4, width / 2, height / 2, a.size()).unwrap();
        peak(|| paste(&crop(a, &window), &window))
    }),
    ("bounding box", |a, _| peak(|| bounding_box(a, BoneSet::ALL))),
    ("nearest resize", |a, _| peak(|| resize::nearest(a, Size::new(500, 600).unwrap()))),
    ("connected components", |a, _| peak(|| Bone::ALL.map(|bone| components(a, bone, Connectivity::Eight)))),
    ("largest component", |a, _| peak(|| largest(a, BoneSet::ALL, Connectivity::Eight))),
    ("hole filling", |a, _| peak(|| fill_holes(a, BoneSet::ALL))),
    ("contours", |a, _| peak(|| Bone::ALL.map(|bone| contour::trace(a, bone)))),
    ("Dice", |a, b| peak(|| dice::overlaps(a, b))),
    ("overlaps of bones", |a, _| peak(|| dice::shared(a))),
    ("areas", |a, _| peak(|| a.areas())),
    ("surface distances", |a, b| peak(|| Bone::ALL.map(|bone| surface::surface(a, b, bone, 2.0)))),
    ("votes", |a, b| peak(|| vote::hard(&[a, b, a, b, a], 3))),
];

/// Bytes for each run, and for each pixel of a row and a column, that an operation may take at most: 29 bones may each
/// have a piece and a gap at every run, of some words each.
const EACH: usize = 160;

#[test]
fn operations_take_memory_for_runs_and_a_row() {
    let [small, large] = [8, 16].map(|scale| [hand(scale, 0), hand(scale, 1)]);
    let runs = |masks: &[Mask; 2]| masks[0].runs().len() + masks[1].runs().len();
    assert!(runs(&large) > 30_000, "{}", runs(&large));
    for (name, operation) in OPERATIONS {
        let [few, many] = [&small, &large].map(|[a, b]| operation(a, b));
        let size = large[0].size();
        let bound = EACH * (runs(&large) + size.width() as usize + size.height() as usize);
        assert!(many <= bound, "{name}: {many} bytes, more than {bound}");
        // What goes with the pixels quadruples.
        let limit = few * 5 / 2 + 4096;
        assert!(many <= limit, "{name}: {few} bytes, and {many} at twice the size");
    }
}

#[test]
fn a_plane_would_be_noticed() {
    let [small, large] = [8, 16].map(|scale| hand(scale, 0));
    let [few, many] = [&small, &large].map(|mask| peak(|| mask.to_dense()));
    assert!(many > few * 5 / 2 + 4096 && many >= 4 * large.size().pixels() as usize);
}
