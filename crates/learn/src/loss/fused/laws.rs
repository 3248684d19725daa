//! The fused loss is the plain one.
#![allow(clippy::unwrap_used)]

use augment::render::LabelForm;
use bones::{Bone, Size};
use feed::Rendered;
use pulp::NullaryFnOnce;

use super::super::{Bce, Dice, Loss, Per};
use super::*;
use crate::tensors;

/// What the pixels of a batch are labelled as.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Shown {
    /// All that can be, without order, but for rows of nothing and bones that are nowhere.
    Anything,
    Nothing,
    /// The whole of every pixel.
    Everything,
}

fn batch([height, width]: [u32; 2], images: usize, labels: LabelForm, shown: Shown) -> Batch {
    let pixels = (height * width) as usize;
    let largest = (1u32 << labels.words()) / 2;
    let number = |image: usize, pixel: usize, bone: usize| match shown {
        Shown::Anything if bone == 7 || pixel / width as usize % 5 == 1 => 0,
        Shown::Anything => ((pixel * 31 + bone * 17 + image * 7) as u32).wrapping_mul(2_654_435_761) >> 9,
        Shown::Nothing => 0,
        Shown::Everything => largest,
    };
    let word = |image: usize, place: usize, pixel: usize| {
        let digit = |bone: usize| (number(image, pixel, bone) % (largest + 1)) >> place & 1;
        (0..COUNT).fold(0, |word, bone| word | (digit(bone) as i32) << bone)
    };
    let words = |image: usize| {
        let places = (0..labels.words()).flat_map(|place| (0..pixels).map(move |pixel| (place, pixel)));
        places.map(|(place, pixel)| word(image, place, pixel)).collect()
    };
    let sample = |image: usize| Rendered { sample: image, image: Vec::new(), labels: words(image) };
    Batch { size: Size::new(width, height).unwrap(), labels, samples: (0..images).map(sample).collect() }
}

/// Logits from -`largest` to `largest` without order, a few of them 0, channels-last or row-major.
fn logits(images: usize, [height, width]: [u32; 2], largest: f64, kind: Kind, channels_last: bool) -> Tensor {
    let shape = [images as i64, i64::from(height), i64::from(width), COUNT as i64];
    let numbers = Tensor::arange(shape.iter().product::<i64>(), (Kind::Double, Device::Cpu));
    let some = numbers.remainder(53.0).ge(1.0);
    let logits = ((numbers + 1.0) * 12.9898).sin() * largest * some;
    let logits = logits.view(shape).permute([0, 3, 1, 2]).to_kind(kind);
    if channels_last { logits } else { logits.contiguous() }
}

fn coarse(logits: Tensor, batch: &Batch, align_corners: bool) -> Coarse {
    let size = [batch.size.height(), batch.size.width()].map(i64::from);
    Coarse { logits, size, align_corners }
}

/// The loss, its terms and its gradient the plain way.
fn plainly(objective: &Objective, coarse: &Coarse, batch: &Batch) -> Fused {
    let leaf = coarse.logits.detach().set_requires_grad(true);
    let kind = if leaf.kind() == Kind::Double { Kind::Double } else { Kind::Float };
    let raised =
        Coarse { logits: leaf.to_kind(kind), size: coarse.size, align_corners: coarse.align_corners };
    let value = objective.of(&raised.upsampled(), &tensors::targets(batch, Device::Cpu));
    value.total.backward();
    Fused { value, gradient: leaf.grad() }
}

/// The objectives that can be fused, and what most is asked of them.
fn objectives() -> Vec<Objective> {
    let dice = |smooth: f64, per: Per, ignore_empty: bool| Objective {
        terms: vec![Term::Dice(Dice { weight: 0.7, smooth, per, ignore_empty })],
        ..Objective::default()
    };
    let weight = |bone: Bone| (bone.name().to_owned(), 0.25 + bone.index() as f64);
    let class_weights = Bone::ALL.into_iter().map(weight).collect();
    let terms = vec![
        Term::Dice(Dice { weight: 0.3, per: Per::Image, ..Dice::default() }),
        Term::Bce(Bce { weight: 0.6 }),
        Term::Dice(Dice { weight: 0.2, smooth: 5.0, per: Per::Batch, ignore_empty: true }),
    ];
    vec![
        Objective::default(),
        Objective::of_flags(Loss::Bce, 0.0),
        Objective::of_flags(Loss::BceDice, 1.0),
        dice(1.0, Per::Image, false),
        dice(0.0, Per::Batch, true),
        Objective { terms, class_weights, label_smoothing: 0.1 },
    ]
}

/// Checks the loss and its terms to `tolerance` of themselves (of 0.001 where they are less), the gradient to `tolerance` of its
/// largest entry; what is stored as bf16 also to its last place.
fn check(objective: &Objective, coarse: &Coarse, batch: &Batch, tolerance: f64) {
    let what = format!("{objective:?}, {coarse:?}, {:?}", batch.labels);
    let (found, expected) = (fused(objective, coarse, batch).unwrap(), plainly(objective, coarse, batch));
    let near = |found: &Tensor, expected: &Tensor| {
        let (found, expected) = (found.double_value(&[]), expected.double_value(&[]));
        assert!(
            (found - expected).abs() <= tolerance * expected.abs().max(1e-3),
            "{found}, not {expected}: {what}"
        );
    };
    near(&found.value.total, &expected.value.total);
    for (found, expected) in found.value.terms.iter().zip(&expected.value.terms) {
        assert_eq!(found.0, expected.0);
        near(&found.1, &expected.1);
    }
    let logits = &coarse.logits;
    assert_eq!(found.gradient.kind(), logits.kind());
    // How far it is to the next of a side of 1 is nobody's concern.
    let order = |tensor: &Tensor| {
        tensor.size().into_iter().zip(tensor.stride()).filter(|side| side.0 > 1).collect::<Vec<_>>()
    };
    assert_eq!(order(&found.gradient), order(logits), "{what}");
    let [found, expected] =
        [found.gradient, expected.gradient].map(|gradient| gradient.to_kind(Kind::Double));
    let last = if logits.kind() == Kind::BFloat16 { 1.0 / 128.0 } else { 0.0 };
    let allowed = expected.abs().max() * tolerance + expected.abs() * last;
    let beyond = ((&found - &expected).abs() / allowed.clamp_min(f64::MIN_POSITIVE)).max().double_value(&[]);
    assert!(beyond <= 1.0, "the gradient is off by {beyond} of what is allowed: {what}");
}

const EXACT: f64 = 1e-12;
const SINGLE: f64 = 1e-6;
const KINDS: [(Kind, f64); 3] = [(Kind::Double, EXACT), (Kind::Float, SINGLE), (Kind::BFloat16, SINGLE)];

#[test]
fn it_is_the_plain_loss() {
    for (size, images) in [([7, 33], 1), ([20, 16], 3), ([1, 1], 2), ([17, 5], 2)] {
        for form in [LabelForm::Centre, LabelForm::Coverage] {
            let batch = batch(size, images, form, Shown::Anything);
            for objective in objectives() {
                for (kind, tolerance) in KINDS {
                    for channels_last in [true, false] {
                        let logits = logits(images, size, 6.0, kind, channels_last);
                        check(&objective, &Coarse::from(logits), &batch, tolerance);
                    }
                }
            }
        }
    }
}

#[test]
fn it_is_the_plain_loss_of_upsampled_logits() {
    let sizes =
        [([5, 7], [20, 28]), ([3, 4], [7, 33]), ([1, 2], [8, 8]), ([20, 3], [40, 12]), ([9, 9], [9, 18])];
    for (from, to) in sizes {
        for form in [LabelForm::Centre, LabelForm::Coverage] {
            let batch = batch(to, 2, form, Shown::Anything);
            for objective in objectives() {
                for align_corners in [true, false] {
                    for (kind, tolerance) in KINDS {
                        let coarse = coarse(logits(2, from, 6.0, kind, true), &batch, align_corners);
                        check(&objective, &coarse, &batch, tolerance);
                    }
                    let row_major = coarse(logits(2, from, 6.0, Kind::Float, false), &batch, align_corners);
                    check(&objective, &row_major, &batch, SINGLE);
                }
            }
        }
    }
}

#[test]
fn it_is_the_plain_loss_where_logits_are_large_or_all_is_the_same() {
    for shown in [Shown::Anything, Shown::Nothing, Shown::Everything] {
        let batch = batch([9, 21], 2, LabelForm::Coverage, shown);
        for objective in objectives() {
            for largest in [0.0, 1e-3, 30.0, 1e4] {
                for (kind, tolerance) in KINDS {
                    check(
                        &objective,
                        &Coarse::from(logits(2, [9, 21], largest, kind, true)),
                        &batch,
                        tolerance,
                    );
                    let from = logits(2, [3, 7], largest, kind, true);
                    // Between large logits, the order of additions is seen where they cancel.
                    let tolerance = tolerance * (largest / 10.0).max(1.0);
                    check(&objective, &coarse(from, &batch, true), &batch, tolerance);
                }
            }
        }
    }
}

/// `minimum` gives half of the gradient to each side where both are least.
#[test]
fn a_tie_has_half_of_the_gradient() {
    let labels = vec![0, i32::MAX >> 2, 0];
    let batch = Batch {
        size: Size::new(1, 1).unwrap(),
        labels: LabelForm::Coverage,
        samples: vec![Rendered { sample: 0, image: Vec::new(), labels }],
    };
    let tie = Coarse::from(Tensor::zeros([1, COUNT as i64, 1, 1], (Kind::Double, Device::Cpu)));
    let dice = Objective::of_flags(Loss::BceDice, 1.0);
    check(&dice, &tie, &batch, EXACT);
    let gradient = fused(&dice, &tie, &batch).unwrap().gradient.double_value(&[0, 0, 0, 0]);
    // p = t = ½ and smooth = 1: (2·½ + 1) / (½ + ½ + 1), whose slopes are 2·½ / 2 - 2 / 4 = 0.
    assert!(gradient.abs() < 1e-15, "{gradient}");
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let batch = batch([50, 37], 3, LabelForm::Coverage, Shown::Anything);
    let with = |threads: usize, coarse: &Coarse| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let (logits, batch) = (coarse.logits.shallow_clone(), &batch);
        let coarse = Coarse { logits, size: coarse.size, align_corners: coarse.align_corners };
        pool.install(move || fused(&Objective::default(), &coarse, batch).unwrap())
    };
    for from in [[50, 37], [25, 10]] {
        let coarse = coarse(logits(3, from, 6.0, Kind::Float, true), &batch, true);
        let [one, two] = [1, 2].map(|threads| with(threads, &coarse));
        assert_eq!(one.value.total.double_value(&[]), two.value.total.double_value(&[]));
        assert!(one.gradient.equal(&two.gradient));
    }
}

#[test]
fn vectors_change_no_bit() {
    let batch = batch([4, 37], 1, LabelForm::Coverage, Shown::Anything);
    let nhwc = logits(1, [4, 37], 9.0, Kind::Float, true).permute([0, 2, 3, 1]);
    let numbers: Vec<f32> = Vec::try_from(nhwc.reshape([-1])).unwrap();
    let labels = Labels { words: &batch.samples[0].labels, pixels: 4 * 37, unit: 0.25, none: 0.0 };
    let measure = || Measure { source: Plain::new(&numbers, 37), rows: 0..4, width: 37, labels };
    // A function that nobody compiles for vectors beyond the least.
    #[inline(never)]
    fn plain<W: NullaryFnOnce>(work: W) -> W::Output {
        work.call()
    }
    assert_eq!(format!("{:?}", plain(measure())), format!("{:?}", Arch::new().dispatch(measure())));
    let slopes = Slopes { bce: [1e-3; 32], both: [-2e-2; 32], whole: [1e-2; 32] };
    let gradient = |vectors: bool| {
        let tensor = memory::filled(&[4 * 37 * 29], |gradient: &mut [MaybeUninit<f32>]| {
            let (source, sink) = (Plain::new(&numbers, 37), Rows::new(gradient, 37));
            let work = Descend { source, sink, rows: 0..4, width: 37, labels, slopes: &slopes };
            let _ = if vectors { Arch::new().dispatch(work) } else { plain(work) };
        });
        tensor.unwrap()
    };
    assert!(gradient(true).equal(&gradient(false)));
}

#[test]
fn what_is_no_number_is_told() {
    let batch = batch([6, 18], 1, LabelForm::Coverage, Shown::Anything);
    for wrong in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        for kind in [Kind::Float, Kind::BFloat16, Kind::Double] {
            for place in [0, 6 * 18 / 2] {
                let logits = logits(1, [6, 18], 3.0, kind, true);
                let pixel = logits.permute([0, 2, 3, 1]).view([-1, COUNT as i64]);
                let _ = pixel.get(place).get(3).fill_(wrong);
                let total = fused(&Objective::default(), &Coarse::from(logits), &batch).unwrap().value.total;
                assert!(!total.double_value(&[]).is_finite(), "{wrong} in {kind:?} gives {total:?}");
            }
        }
    }
}

#[test]
fn what_it_cannot_do_is_left_to_others() {
    let batch = batch([4, 6], 2, LabelForm::Coverage, Shown::Anything);
    let whole = |kind: Kind| Coarse::from(logits(2, [4, 6], 3.0, kind, true));
    let focal = Objective { terms: vec![Term::Focal(Default::default())], ..Objective::default() };
    assert!(fused(&focal, &whole(Kind::Float), &batch).is_none());
    let usual = Objective::default();
    assert!(fused(&usual, &whole(Kind::Half), &batch).is_none());
    assert!(fused(&usual, &Coarse::from(logits(2, [4, 5], 3.0, Kind::Float, true)), &batch).is_none());
    assert!(fused(&usual, &Coarse::from(logits(1, [4, 6], 3.0, Kind::Float, true)), &batch).is_none());
}

#[test]
fn both_ways_go_backward_to_the_same_gradient() {
    let batch = batch([12, 20], 2, LabelForm::Coverage, Shown::Anything);
    let weights = || {
        let weights =
            logits(2, [3, 5], 1.0, Kind::Float, true).sum_dim_intlist(&[0i64, 2, 3][..], true, None);
        (weights * 0.1 + 1.0).detach().set_requires_grad(true)
    };
    for kind in [Kind::Float, Kind::BFloat16] {
        let maps = logits(2, [3, 5], 4.0, kind, true);
        let (ours, theirs) = (weights(), weights());
        let objective = Objective::default();
        let value = objective.backward(&coarse(&maps * ours.to_kind(kind), &batch, true), &batch, 1.0);
        let raised = coarse((&maps * theirs.to_kind(kind)).to_kind(Kind::Float), &batch, true).upsampled();
        let expected = objective.of(&raised, &tensors::targets(&batch, Device::Cpu));
        expected.total.backward();
        let (value, expected) = (value.total.double_value(&[]), expected.total.double_value(&[]));
        assert!((value - expected).abs() < SINGLE * expected, "{value}, not {expected}");
        let off = (ours.grad() - theirs.grad()).abs().max() / theirs.grad().abs().max();
        let allowed = if kind == Kind::Float { 3e-6 } else { 1e-2 };
        assert!(off.double_value(&[]) < allowed, "{off:?}");
        // An objective that can't be fused goes the plain way.
        let other = Objective { terms: vec![Term::Focal(Default::default())], ..Objective::default() };
        let leaf = weights();
        other.backward(&coarse(&maps * leaf.to_kind(kind), &batch, true), &batch, 1.0);
        assert!(leaf.grad().abs().max().double_value(&[]) > 0.0);
    }
}
