//! The law of labels: a network that gives exactly its labels back has masks that lie on the truth, at any size and
//! placement. They overlap it best where they are, and have its centroid within a tenth of a network pixel.
#![allow(clippy::unwrap_used)]

use augment::Plan;
use augment::render::{Cells, LabelForm, Memory, Pyramid, Source, render};
use bones::scores::{Logits, Thresholds, Values, to_mask};
use bones::statistics::SplitMix64;
use bones::{Bone, BoneSet, Mask, Size};
use pixels::{Filter, Fit, View, Windows};
use planes::Image;
use proptest::prelude::*;

const BONES: usize = Bone::ALL.len();

/// Discs, one a bone, on a grid of 6 × 5 of any phase against the pixels; none on a border.
fn discs(radiograph: Size, seed: u64) -> Mask {
    let mut random = SplitMix64::new(seed);
    let mut within =
        |reach: f64| reach * (2.0 * (random.next_u64() >> 11) as f64 / (1u64 << 53) as f64 - 1.0);
    let [width, height] = [radiograph.width(), radiograph.height()].map(f64::from);
    let (cell_width, cell_height) = (width / 6.0, height / 5.0);
    let radius = cell_width.min(cell_height) * 0.4;
    let mut sets = vec![0; radiograph.pixels() as usize];
    for bone in 0..BONES {
        let middle = |at: usize, cell: f64, off: f64| (at as f64 + 0.5) * cell - 0.5 + off;
        let x = middle(bone % 6, cell_width, within(cell_width / 2.0 - radius));
        let y = middle(bone / 6, cell_height, within(cell_height / 2.0 - radius));
        let rows = (y - radius).ceil() as usize..=(y + radius).floor() as usize;
        for row in rows {
            let reach = (radius * radius - (row as f64 - y).powi(2)).max(0.0).sqrt();
            let columns = (x - reach).ceil() as usize..=(x + reach).floor() as usize;
            columns.for_each(|column| sets[row * width as usize + column] |= 1 << bone);
        }
    }
    let sets: Vec<BoneSet> = sets.into_iter().map(|bits| BoneSet::from_bits(bits).unwrap()).collect();
    Mask::from_dense(radiograph, &sets).unwrap()
}

/// The labels of one placement, as quarters of each bone: [29, height, width] of the network's plane.
fn quarters(source: &Source<'_>) -> Vec<Vec<u8>> {
    let pixels = source.placement.network().pixels() as usize;
    let (mut image, mut words) = (vec![7; pixels], vec![7; source.labels.words() * pixels]);
    render(&Plan::IDENTITY, source, &mut image, &mut words, &mut Memory::default());
    let digit = |place: usize, at: usize, bone: usize| (words[place * pixels + at] as u32 >> bone & 1) as u8;
    let count = |at, bone| digit(0, at, bone) + 2 * digit(1, at, bone) + 4 * digit(2, at, bone);
    (0..BONES).map(|bone| (0..pixels).map(|at| count(at, bone)).collect()).collect()
}

/// What a network that gives its labels back finds, through all that it sees of a radiograph.
fn found(view: &View, truth: &Mask) -> Mask {
    let (radiograph, scaled) = (truth.size(), view.scaled(truth.size()));
    let black = Image::new(radiograph, vec![0; radiograph.pixels() as usize]).unwrap();
    let pyramid = Pyramid::new(black, scaled, view.filter, 1.0);
    let cells = Cells::new(truth, scaled, LabelForm::Coverage);
    let [width, pixels] = [scaled.width() as usize, scaled.pixels() as usize];
    let mut counts: Vec<Option<u8>> = vec![None; BONES * pixels];
    for placement in view.placements(radiograph) {
        let source = Source { pyramid: &pyramid, cells: &cells, labels: LabelForm::Coverage, placement };
        let [columns, rows] = placement.inside();
        for (bone, quarters) in quarters(&source).into_iter().enumerate() {
            for (x, y) in rows.clone().flat_map(|y| columns.clone().map(move |x| (x, y))) {
                let [left, top] = placement.origin().map(|at| at as isize);
                let there = (y as isize - top) as usize * width + (x as isize - left) as usize;
                let here = quarters[y * placement.network().width() as usize + x];
                // Windows say the same of what several of them see.
                let before = counts[bone * pixels + there].replace(here);
                assert_eq!(before.unwrap_or(here), here, "bone {bone} at {x},{y} of {placement:?}");
            }
        }
    }
    let logit = |count: Option<u8>| (f32::from(count.expect("a pixel that is seen")) / 4.0 - 0.5) * 8.0;
    let logits: Vec<f32> = counts.into_iter().map(logit).collect();
    let logits = Logits::new(Values::F32(&logits), scaled).unwrap();
    to_mask(&[(logits, 1.0)], radiograph, &Thresholds::default()).unwrap()
}

/// The mean centroid of all bones, each counted the same.
fn centroid(mask: &Mask) -> [f64; 2] {
    let width = mask.size().width() as usize;
    let mut sums = [[0.0; 3]; BONES];
    for (at, set) in mask.to_dense().into_iter().enumerate() {
        for bone in set.iter() {
            let [x, y, count] = &mut sums[bone.index()];
            (*x, *y, *count) = (*x + (at % width) as f64, *y + (at / width) as f64, *count + 1.0);
        }
    }
    [0, 1].map(|axis| sums.iter().map(|sum| sum[axis] / sum[2] / BONES as f64).sum())
}

/// How many bones of pixels two masks share when one of them is moved.
fn overlap(moved: &[BoneSet], truth: &[BoneSet], size: Size, [right, down]: [i32; 2]) -> u32 {
    let (width, height) = (size.width() as i32, size.height() as i32);
    let columns = right.max(0)..width + right.min(0);
    let rows = down.max(0)..height + down.min(0);
    let row = |y: i32| {
        let truth = &truth[(y * width) as usize..][columns.start as usize..columns.end as usize];
        let moved = &moved[((y - down) * width) as usize..][(columns.start - right) as usize..];
        truth.iter().zip(moved).map(|(one, other)| (*one & *other).len() as u32).sum::<u32>()
    };
    rows.map(row).sum()
}

fn view() -> impl Strategy<Value = View> {
    let whole = |fit| View { size: 64, filter: Filter::Area, fit, windows: None, clahe: None };
    let windows = (64u32..400, 0.4..1.0).prop_map(move |(side, share)| {
        let stride = (f64::from(side) * share) as u32;
        View { windows: Some(Windows { side, stride }), ..whole(Fit::Pad) }
    });
    let wholes = prop_oneof![Just(whole(Fit::Pad)), Just(whole(Fit::Stretch))];
    (prop_oneof![wholes, windows], 32u32..160).prop_map(|(view, size)| match view.windows {
        None => View { size, ..view },
        // A pixel of a window shows eight of the radiograph at most: the discs are to be seen.
        Some(windows) => View { size: size.clamp(windows.side / 8, windows.side * 3 / 2), ..view },
    })
}

fn radiograph() -> impl Strategy<Value = Size> {
    (150u32..500, 0.6..1.7)
        .prop_map(|(width, share)| Size::new(width, (f64::from(width) * share) as u32).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn labels_lead_back_to_the_truth(view in view(), radiograph in radiograph(), seed: u64) {
        let truth = discs(radiograph, seed);
        let found = found(&view, &truth);
        let scaled = view.scaled(radiograph);
        let pixel = [
            f64::from(radiograph.width()) / f64::from(scaled.width()),
            f64::from(radiograph.height()) / f64::from(scaled.height()),
        ];
        let (is, should) = (centroid(&found), centroid(&truth));
        let off = [0, 1].map(|axis| (is[axis] - should[axis]) / pixel[axis]);
        prop_assert!(off.iter().all(|off| off.abs() < 0.1), "centroids are off by {off:?} network pixels");
        let [found, truth] = [found.to_dense(), truth.to_dense()];
        let here = overlap(&found, &truth, radiograph, [0, 0]);
        for moved in [[-1, 0], [1, 0], [0, -1], [0, 1], [2, 2], [-2, -2]] {
            let there = overlap(&found, &truth, radiograph, moved);
            prop_assert!(there < here, "masks overlap {there} when moved by {moved:?}, {here} where they are");
        }
    }
}
