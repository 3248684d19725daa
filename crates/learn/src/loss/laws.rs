//! What holds for every loss.
#![allow(clippy::unwrap_used)]

use serde_json::json;
use tch::{Device, Kind, Reduction, Tensor};

use super::*;

const SHAPE: [i64; 4] = [2, 29, 6, 5];

/// Numbers from -`largest` to `largest` without order, other ones for each `seed`.
fn numbers(seed: u32, largest: f64) -> Tensor {
    let count = SHAPE.iter().product::<i64>();
    let places = Tensor::arange(count, (Kind::Double, Device::Cpu)) + 1.0 + f64::from(seed) * 0.37;
    (places * 12.9898).sin().reshape(SHAPE) * largest
}

/// Targets of 0 and 1 that show nothing of the last class.
fn hard() -> Tensor {
    let targets = numbers(1, 1.0).gt(0.2).to_kind(Kind::Double);
    let _ = targets.narrow(1, 28, 1).zero_();
    targets
}

/// Targets in quarters.
fn soft() -> Tensor {
    ((numbers(2, 1.0) * 4.0).clamp(0.0, 1.0) * 4.0).round() / 4.0
}

fn objective(term: serde_json::Value) -> Objective {
    serde_json::from_value(json!({ "terms": [term] })).unwrap()
}

/// Each loss, with parameters that ask most of it.
fn every() -> Vec<Objective> {
    let terms = [
        json!({ "name": "bce" }),
        json!({ "name": "dice" }),
        json!({ "name": "dice", "smooth": 0, "per": "image", "ignore-empty": true }),
        json!({ "name": "iou" }),
        json!({ "name": "iou", "smooth": 0 }),
        json!({ "name": "focal" }),
        json!({ "name": "focal", "gamma": 0 }),
        json!({ "name": "focal", "gamma": 0.3, "alpha": 0.25 }),
        json!({ "name": "tversky" }),
        json!({ "name": "tversky", "smooth": 0, "alpha": 0, "beta": 1, "per": "image" }),
        json!({ "name": "focal-tversky" }),
        json!({ "name": "focal-tversky", "smooth": 0, "gamma": 0.2, "ignore-empty": true }),
        json!({ "name": "lovasz" }),
        json!({ "name": "lovasz", "per": "image" }),
        json!({ "name": "boundary" }),
    ];
    terms.map(objective).into()
}

/// The loss and its gradient, both in f64.
fn backward(objective: &Objective, logits: &Tensor, targets: &Tensor) -> (f64, Tensor) {
    let logits = logits.detach().set_requires_grad(true);
    let total = objective.of(&logits, targets).total;
    total.backward();
    (total.double_value(&[]), logits.grad().to_kind(Kind::Double))
}

#[test]
fn nothing_is_better_than_a_perfect_prediction() {
    let hard = hard();
    let perfect = (&hard * 2.0 - 1.0) * 60.0;
    for objective in every() {
        let best = objective.of(&perfect, &hard).total.double_value(&[]);
        for (seed, largest) in [(3, 0.1), (4, 5.0), (5, 100.0)] {
            let worse = objective.of(&numbers(seed, largest), &hard).total.double_value(&[]);
            assert!(worse >= best, "{objective:?}: {worse} is below {best}");
            let mostly = objective.of(&(&perfect + numbers(seed, largest)), &hard).total.double_value(&[]);
            assert!(mostly >= best - 1e-12, "{objective:?}: {mostly} is below {best}");
        }
    }
}

#[test]
fn quarters_are_met_best_by_themselves() {
    let soft = soft();
    let equal = soft.logit(1e-12);
    let hinges = |objective: &Objective| matches!(objective.terms[0], Term::Lovasz(_) | Term::Boundary(_));
    for objective in every().into_iter().filter(|objective| !hinges(objective)) {
        let best = objective.of(&equal, &soft).total.double_value(&[]);
        for seed in 3..9 {
            for largest in [0.01, 0.3, 3.0] {
                let other = objective.of(&(&equal + numbers(seed, largest)), &soft).total.double_value(&[]);
                assert!(other >= best - 1e-12, "{objective:?}: {other} is below {best}");
            }
        }
    }
}

#[test]
fn every_loss_is_finite_with_its_gradient() {
    let targets = [hard(), soft(), numbers(1, 0.0), numbers(1, 0.0) + 1.0];
    let extreme = numbers(6, 1.0).sign() * 1e4;
    for kind in [Kind::Double, Kind::Float, Kind::BFloat16, Kind::Half] {
        for objective in every() {
            for (index, targets) in targets.iter().enumerate() {
                let right = (targets * 2.0 - 1.0) * 1e4;
                for logits in [&extreme, &right, &(-&right), &numbers(7, 3.0), &(&right * 0.0)] {
                    let targets = targets.to_kind(Kind::Float);
                    let (total, gradient) = backward(&objective, &logits.to_kind(kind), &targets);
                    let finite = gradient.isfinite().all().int64_value(&[]) == 1;
                    assert!(total.is_finite() && finite, "{objective:?}, {kind:?}, targets {index}: {total}");
                }
            }
        }
    }
}

#[test]
fn half_precision_is_computed_in_f32() {
    for kind in [Kind::BFloat16, Kind::Half] {
        let logits = numbers(6, 3.0).to_kind(kind);
        for objective in every() {
            let value = objective.of(&logits, &soft());
            let same = objective.of(&logits.to_kind(Kind::Float), &soft());
            assert_eq!(value.total.kind(), Kind::Float);
            assert_eq!(value.total.double_value(&[]), same.total.double_value(&[]), "{objective:?}");
        }
    }
}

#[test]
fn gradients_are_the_differences_of_values() {
    let terms: Vec<Term> = every().into_iter().flat_map(|objective| objective.terms).collect();
    let weight = |bone: Bone| (bone.name().to_owned(), 0.25 + bone.index() as f64);
    let class_weights: BTreeMap<String, f64> = Bone::ALL.into_iter().map(weight).collect();
    let objective = Objective { terms, class_weights, label_smoothing: 0.1 };
    for targets in [hard(), soft()] {
        let logits = numbers(8, 2.0);
        let (_, gradient) = backward(&objective, &logits, &targets);
        for seed in 9..15 {
            let direction = numbers(seed, 1.0);
            let at =
                |step: f64| objective.of(&(&logits + &direction * step), &targets).total.double_value(&[]);
            let difference = (at(1e-6) - at(-1e-6)) / 2e-6;
            let slope = (&gradient * &direction).sum(Kind::Double).double_value(&[]);
            assert!((difference - slope).abs() < 1e-6 * slope.abs().max(1.0), "{difference}, not {slope}");
        }
    }
}

#[test]
fn equal_weights_of_classes_change_nothing_and_others_only_by_their_ratio() {
    let weighing = |objective: &Objective, weight: fn(usize) -> f64| {
        let named = Bone::ALL.into_iter().map(|bone| (bone.name().to_owned(), weight(bone.index())));
        Objective { class_weights: named.collect(), ..objective.clone() }
    };
    let (logits, targets) = (numbers(8, 2.0), hard());
    for plain in every() {
        let (value, gradient) = backward(&plain, &logits, &targets);
        let (equal, same) = backward(&weighing(&plain, |_| 0.1), &logits, &targets);
        assert_eq!((value, true), (equal, gradient.equal(&same)), "{plain:?}");
        let (one, _) = backward(&weighing(&plain, |index| index as f64), &logits, &targets);
        let (two, gradient) = backward(&weighing(&plain, |index| 3.0 * index as f64), &logits, &targets);
        assert!((one - two).abs() < 1e-12, "{plain:?}: {one} and {two}");
        let first = gradient.narrow(1, 0, 1).abs().max().double_value(&[]);
        assert_eq!(first, 0.0, "{plain:?} learns what weighs nothing");
    }
}

#[test]
fn terms_add_up_to_the_total() {
    let terms: Vec<Term> = every().into_iter().flat_map(|objective| objective.terms).collect();
    let objective = Objective { terms, ..Objective::default() };
    let value = objective.of(&numbers(8, 2.0), &soft());
    let sum: f64 = value.terms.iter().map(|(_, term)| term.double_value(&[])).sum();
    assert!((sum - value.total.double_value(&[])).abs() < 1e-12);
    let names: Vec<&str> = value.terms.iter().map(|(name, _)| &**name).collect();
    assert_eq!(names[..5], ["bce", "dice", "dice-2", "iou", "iou-2"]);
    let mut once = names.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), names.len());
}

/// The loss as it was before there were terms, so that runs go on as they began.
#[test]
fn the_default_is_half_bce_and_half_dice_to_the_last_bit() {
    let targets = soft().to_kind(Kind::Float).permute([0, 2, 3, 1]).contiguous().permute([0, 3, 1, 2]);
    for share in [0.5, 0.3, 0.0, 1.0] {
        let logits = || numbers(8, 3.0).to_kind(Kind::Float).set_requires_grad(true);
        let (ours, theirs) = (logits(), logits());
        let objective = Objective::of_flags(Loss::BceDice, share);
        let value = objective.of(&ours, &targets).total;
        let bce = theirs.binary_cross_entropy_with_logits::<Tensor>(&targets, None, None, Reduction::Mean);
        let sum = |tensor: &Tensor| tensor.sum_dim_intlist(&[0i64, 2, 3][..], false, Kind::Float);
        let shares = theirs.sigmoid();
        let both = sum(&shares.minimum(&targets));
        let dice = (both * 2.0 + 1.0) / (sum(&shares) + sum(&targets) + 1.0);
        let expected: Tensor = bce * (1.0 - share) + (1.0 - dice.mean(Kind::Float)) * share;
        value.backward();
        expected.backward();
        assert_eq!(value.double_value(&[]), expected.double_value(&[]));
        assert!(ours.grad().equal(&theirs.grad()), "the gradient differs at a share of {share}");
    }
    assert_eq!(Objective::default(), Objective::of_flags(Loss::BceDice, 0.5));
}

#[test]
fn every_term_is_read_by_its_name_alone_and_written_again() {
    let schema = schemars::schema_for!(Term).to_value();
    let names: Vec<&str> = schema["oneOf"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["properties"]["name"]["const"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["bce", "dice", "iou", "focal", "tversky", "focal-tversky", "lovasz", "boundary"]);
    for name in names {
        let read = objective(json!({ "name": name }));
        assert_eq!(read.names(), [name]);
        assert_eq!((read.check(), read.terms[0].weight()), (vec![], 1.0));
        let written = serde_json::to_value(&read).unwrap();
        assert_eq!(serde_json::from_value::<Objective>(written).unwrap(), read);
        for wrong in [json!({ "name": name, "wieght": 1.0 }), json!({ "name": name, "weight": "1" })] {
            let refusal = serde_json::from_value::<Term>(wrong).unwrap_err().to_string();
            assert!(
                refusal.contains("unknown field `wieght`") || refusal.contains("expected f64"),
                "{refusal}"
            );
        }
    }
    let refusal = serde_json::from_value::<Term>(json!({ "name": "dise" })).unwrap_err().to_string();
    assert!(refusal.contains("unknown variant `dise`, expected one of `bce`, `dice`"), "{refusal}");
}

#[test]
fn all_faults_are_told_at_once() {
    let objective: Objective = serde_json::from_value(json!({
        "terms": [
            { "name": "bce", "weight": -1.0 },
            { "name": "focal", "gamma": -2.0, "alpha": 1.5 },
            { "name": "tversky", "alpha": 0.0, "beta": 0.0, "smooth": -1.0 },
            { "name": "focal-tversky", "gamma": 0.0 },
        ],
        "class-weights": { "Radus": 2.0, "Ulna": -1.0 },
        "label-smoothing": 1.0,
    }))
    .unwrap();
    let told: Vec<String> = objective.check().iter().map(Fault::to_string).collect();
    let expected = [
        "terms[0].weight: weight of bce is -1; a number from 0 was expected",
        "terms[1].gamma: gamma of focal is -2; a number from 0 was expected",
        "terms[1].alpha: alpha of focal is 1.5; a number from 0 to 1 was expected",
        "terms[2].beta: beta of tversky is 0, and so is alpha; one of them above 0 was expected",
        "terms[2].smooth: smooth of tversky is -1; a number from 0 was expected",
        "terms[3].gamma: gamma of focal-tversky is 0; a number above 0 was expected",
        "class-weights.Radus: there is no bone Radus; did you mean Radius?",
        "class-weights.Ulna: the weight of Ulna is -1; a number from 0 was expected",
        "label-smoothing: label-smoothing is 1; a number from 0 to below 1 was expected",
    ];
    assert_eq!(told, expected);
    let nothing = Bone::NAMES.map(|name| (name.to_owned(), 0.0));
    let terms = vec![Term::Bce(Bce { weight: 0.0 })];
    let objective = Objective { terms, class_weights: nothing.into(), ..Objective::default() };
    let paths: Vec<String> = objective.check().into_iter().map(|fault| fault.path).collect();
    assert_eq!(paths, ["terms", "class-weights"]);
    assert_eq!(Objective { terms: vec![], ..Objective::default() }.check().len(), 1);
    for weight in [f64::NAN, f64::INFINITY] {
        let objective = Objective { terms: vec![Term::Bce(Bce { weight })], ..Objective::default() };
        assert_eq!(objective.check().len(), 1, "{weight}");
    }
}
