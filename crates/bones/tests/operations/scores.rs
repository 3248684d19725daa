use bones::bone::COUNT;
use bones::rle::encode_all;
use bones::scores::{Logits, ScoresError, Thresholds, Values, to_mask};
use bones::{Bone, BoneSet, Mask, Size};
use half::f16;
use proptest::prelude::*;

use crate::{dense, golden};

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    models: Vec<Model>,
    height: u32,
    width: u32,
    thresholds: Vec<f32>,
    rle: Vec<String>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Model {
    height: u32,
    width: u32,
    scale: f32,
    weight: f32,
}

/// The logits that `make.py` makes for a model.
fn logits(number: i64, model: &Model) -> Vec<f32> {
    let (width, height) = (i64::from(model.width), i64::from(model.height));
    let mut logits = Vec::new();
    for bone in 0..COUNT as i64 {
        for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
            let (cx, cy) = ((7 * bone + 3 * number) % width, (5 * bone + number) % height);
            let noise = (x * 7919 + y * 104_729 + bone * 1_299_709 + number * 15_485_863) % 257 - 128;
            let disc = 16 * (9 - (x - cx).pow(2) - (y - cy).pow(2));
            let whole = disc.clamp(-160, 160) + noise.div_euclid(8);
            logits.push(whole as f32 / 32.0 * model.scale);
        }
    }
    logits
}

#[test]
fn masks_equal_those_of_pytorch() {
    for case in golden::cases::<Case>("scores.json") {
        let values: Vec<Vec<f32>> =
            (0..).zip(&case.models).map(|(number, model)| logits(number, model)).collect();
        let halves: Vec<Vec<f16>> =
            values.iter().map(|values| values.iter().map(|&value| f16::from_f32(value)).collect()).collect();
        // Half precision holds the logits of scale 1 exactly.
        let maps: Vec<_> = case
            .models
            .iter()
            .enumerate()
            .map(|(index, model)| {
                let exact = model.scale == 1.0;
                let values = if exact { Values::F16(&halves[index]) } else { Values::F32(&values[index]) };
                (Logits::new(values, dense::size(model.width, model.height)).unwrap(), model.weight)
            })
            .collect();
        let thresholds = Thresholds::new(case.thresholds.try_into().unwrap()).unwrap();
        let mask = to_mask(&maps, dense::size(case.width, case.height), &thresholds).unwrap();
        assert_eq!(encode_all(&mask).as_slice(), case.rle, "{}×{}", case.width, case.height);
    }
}

/// Index of the first source pixel, and the weight of the second, for each output pixel.
fn taps(source: usize, target: usize) -> Vec<(usize, f32)> {
    let scale = source as f32 / target as f32;
    (0..target)
        .map(|i| {
            if source == target {
                return (i, 0.0);
            }
            let position = scale.mul_add(i as f32 + 0.5, -0.5).max(0.0);
            let first = (position.floor() as usize).min(source - 1);
            (first, (position - first as f32).clamp(0.0, 1.0))
        })
        .collect()
}

/// Upsamples one map of `from` to `to`, pixel by pixel.
fn upsample(map: &[f32], from: Size, to: Size) -> Vec<f32> {
    let (width, height) = (from.width() as usize, from.height() as usize);
    let columns = taps(width, to.width() as usize);
    let mut pixels = Vec::new();
    for (y, down) in taps(height, to.height() as usize) {
        for &(x, right) in &columns {
            let at = |x: usize, y: usize| map[y.min(height - 1) * width + x.min(width - 1)];
            let across = |y| at(x, y).mul_add(1.0 - right, at(x + 1, y) * right);
            pixels.push(across(y).mul_add(1.0 - down, across(y + 1) * down));
        }
    }
    pixels
}

/// What `to_mask` must give, from dense arrays.
fn computed(maps: &[(Vec<f32>, Size, f32)], to: Size, thresholds: [f32; COUNT]) -> Mask {
    let mut pixels = vec![BoneSet::EMPTY; to.pixels() as usize];
    let total: f32 = maps.iter().map(|(_, _, weight)| weight).sum();
    let voting = maps.iter().filter(|(_, _, weight)| *weight > 0.0).count();
    for bone in Bone::ALL {
        let mut sums = vec![0.0; pixels.len()];
        for (values, from, weight) in maps.iter().filter(|(_, _, weight)| *weight > 0.0) {
            let area = from.pixels() as usize;
            let map = upsample(&values[bone.index() * area..][..area], *from, to);
            for (sum, logit) in sums.iter_mut().zip(map) {
                let probability = 1.0 / (1.0 + f64::from(-logit).exp() as f32);
                *sum += if voting == 1 { probability } else { weight * probability };
            }
        }
        for (pixel, sum) in pixels.iter_mut().zip(sums) {
            let mean = if voting == 1 { sum } else { sum / total };
            if mean > thresholds[bone.index()] {
                *pixel = *pixel | BoneSet::of(bone);
            }
        }
    }
    Mask::from_dense(to, &pixels).unwrap()
}

fn sizes(limit: u32) -> impl Strategy<Value = Size> {
    (1..=limit, 1..=limit).prop_map(|(width, height)| dense::size(width, height))
}

/// Logits of 29 maps: smooth blobs, noise, plateaus around a value, or multiples of a quarter with exact ties.
fn values(pixels: usize) -> impl Strategy<Value = Vec<f32>> {
    let noise = prop::collection::vec(-6.0..6.0f32, COUNT * pixels);
    let ties = prop::collection::vec((-3..=3i8).prop_map(|n| f32::from(n) / 4.0), COUNT * pixels);
    let plateau = (-4.0..4.0f32, prop::collection::vec(-1e-6..1e-6f32, COUNT * pixels))
        .prop_map(|(level, noise)| noise.into_iter().map(|n| level + n).collect());
    let blobs = (prop::collection::vec(-1.0..1.0f32, COUNT), 0.01..2.0f32).prop_map(move |(phases, step)| {
        let wave = |bone: usize, at: usize| 8.0 * (phases[bone] * 5.0 + at as f32 * step).sin() - 2.0;
        (0..COUNT).flat_map(|bone| (0..pixels).map(move |at| wave(bone, at))).collect::<Vec<_>>()
    });
    prop_oneof![noise, ties, plateau, blobs]
}

fn model(limit: u32) -> impl Strategy<Value = (Vec<f32>, Size, f32, bool)> {
    (sizes(limit), prop_oneof![3 => 0.1..2.0f32, 1 => Just(1.0f32), 1 => Just(0.0f32)], any::<bool>())
        .prop_flat_map(|(size, weight, half)| {
            values(size.pixels() as usize).prop_map(move |values| (values, size, weight, half))
        })
}

fn thresholds() -> impl Strategy<Value = [f32; COUNT]> {
    prop_oneof![
        Just([0.5; COUNT]),
        (0.001..0.999f32).prop_map(|threshold| [threshold; COUNT]),
        prop::collection::vec(1e-6..0.999_999f32, COUNT).prop_map(|list| list.try_into().unwrap()),
    ]
}

fn check(mut models: Vec<(Vec<f32>, Size, f32, bool)>, to: Size, thresholds: [f32; COUNT]) {
    if models.iter().all(|model| model.2 == 0.0) {
        models[0].2 = 1.0;
    }
    let halves: Vec<Vec<f16>> =
        models.iter().map(|model| model.0.iter().map(|&value| f16::from_f32(value)).collect()).collect();
    for (model, half) in models.iter_mut().zip(&halves).filter(|(model, _)| model.3) {
        model.0 = half.iter().map(|value| value.to_f32()).collect();
    }
    let maps: Vec<_> = models
        .iter()
        .zip(&halves)
        .map(|((values, size, weight, half), halves)| {
            let values = if *half { Values::F16(halves) } else { Values::F32(values) };
            (Logits::new(values, *size).unwrap(), *weight)
        })
        .collect();
    let found = to_mask(&maps, to, &Thresholds::new(thresholds).unwrap()).unwrap();
    let plain: Vec<_> = models.into_iter().map(|(values, size, weight, _)| (values, size, weight)).collect();
    assert_eq!(found, computed(&plain, to, thresholds));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn one_model_equals_the_dense_computation(model in model(20), to in sizes(100), thresholds in thresholds()) {
        check(vec![model], to, thresholds);
    }

    #[test]
    fn a_soft_vote_equals_the_dense_computation(
        models in prop::collection::vec(model(14), 2..5),
        to in sizes(80),
        thresholds in thresholds(),
    ) {
        check(models, to, thresholds);
    }

    #[test]
    fn wide_maps_cross_words(width in 60..200u32, to in 1..300u32, thresholds in thresholds(), seed in values(200)) {
        let from = dense::size(width, 1);
        let values = seed[..COUNT * width as usize].to_vec();
        check(vec![(values, from, 1.0, false)], dense::size(to, 2), thresholds);
    }

    #[test]
    fn sixteen_models_equal_the_dense_computation(
        models in prop::collection::vec(model(5), 16),
        to in sizes(20),
        thresholds in thresholds(),
    ) {
        check(models, to, thresholds);
    }
}

#[test]
fn a_tie_with_the_threshold_is_outside() {
    let from = dense::size(2, 2);
    let zeros = vec![0.0; COUNT * 4];
    let logits = Logits::new(Values::F32(&zeros), from).unwrap();
    let to = dense::size(9, 7);
    assert_eq!(to_mask(&[(logits, 1.0)], to, &Thresholds::default()).unwrap(), Mask::empty(to));
    let all = to_mask(&[(logits, 1.0)], to, &Thresholds::uniform(0.499).unwrap()).unwrap();
    assert_eq!(all.runs().len(), 1);
    assert_eq!(all.areas(), [63; COUNT]);
}

#[test]
fn bad_input_is_named() {
    let size = dense::size(3, 2);
    let mut values = vec![0.0; COUNT * 6];
    assert!(matches!(
        Logits::new(Values::F32(&values[1..]), size),
        Err(ScoresError::Length { expected: 174, found: 173, .. })
    ));
    assert!(Logits::new(Values::F32(&[]), dense::size(0, 4)).is_err());
    let good = Logits::new(Values::F32(&values), size).unwrap();
    let default = Thresholds::default();
    assert_eq!(to_mask(&[], size, &default), Err(ScoresError::NoModels));
    assert_eq!(to_mask(&[(good, 0.0)], size, &default), Err(ScoresError::NoModels));
    assert_eq!(
        to_mask(&[(good, 1.0), (good, -1.0)], size, &default),
        Err(ScoresError::Weight { model: 2, weight: -1.0 })
    );
    assert!(to_mask(&[(good, f32::NAN)], size, &default).is_err());
    for threshold in [0.0, 1.0, -0.5, f32::NAN] {
        assert!(Thresholds::uniform(threshold).is_err(), "{threshold}");
    }
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -f32::NAN] {
        values[27 * 6 + 4] = bad;
        let halves: Vec<f16> = values.iter().map(|&value| f16::from_f32(value)).collect();
        for values in [Values::F32(&values), Values::F16(&halves)] {
            let logits = Logits::new(values, size).unwrap();
            let error = to_mask(&[(logits, 1.0)], dense::size(9, 9), &default).unwrap_err();
            let bone = Bone::from_name("Radius").unwrap();
            assert_eq!(error, ScoresError::NotFinite { model: 1, bone, x: 1, y: 1 });
        }
    }
}
