//! Losses and gradients are those of peers; see `tests/golden/loss/make.py`.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use serde::Deserialize;
use tch::Tensor;

use super::Objective;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Golden {
    #[serde(rename = "versions")]
    _versions: BTreeMap<String, String>,
    shape: Vec<i64>,
    weights: Vec<f64>,
    logits: Vec<f64>,
    targets: BTreeMap<String, Vec<f64>>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    peer: String,
    objective: Objective,
    targets: String,
    weighted: bool,
    value: f64,
    gradient: Vec<f64>,
}

#[test]
fn values_and_gradients_are_those_of_peers() {
    let Golden { shape, weights, logits, targets, cases, .. } =
        serde_json::from_str(include_str!("../../../../tests/golden/loss/loss.json")).unwrap();
    for Case { peer, objective, targets: which, weighted, value, gradient } in cases {
        let case = format!("{peer}, {which} targets, weighted: {weighted}, {objective:?}");
        let logits = Tensor::from_slice(&logits).reshape(&shape).set_requires_grad(true);
        let targets = Tensor::from_slice(&targets[&which]).reshape(&shape);
        let total = objective.weighing(weighted.then_some(&weights), &logits, &targets).total;
        total.backward();
        let total = total.double_value(&[]);
        assert!((total / value - 1.0).abs() < 1e-12, "{case}: {total}, not {value}");
        let gradient = Tensor::from_slice(&gradient).reshape(&shape);
        let off = ((logits.grad() - &gradient).abs().max() / gradient.abs().max()).double_value(&[]);
        assert!(off < 1e-10, "{case}: the gradient is off by {off}");
    }
}
