//! A comparison: a batch's logits beside its targets, with what several losses need of them worked out once.

use std::cell::OnceCell;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

/// Over which pixels a class's overlap is summed before it is divided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Per {
    /// Those of all images of the batch: a bone that one image does not show is still defined by the others.
    #[default]
    Batch,
    /// Those of each image; the mean over images follows.
    Image,
}

impl Per {
    /// The dimensions of `[B, classes, H, W]` that are summed over.
    fn dimensions(self) -> &'static [i64] {
        match self {
            Per::Batch => &[0, 2, 3],
            Per::Image => &[2, 3],
        }
    }
}

/// Weights that are 1 on average; none where all are equal, which would change the last digits.
pub(super) fn relative(weights: &[f64]) -> Option<Vec<f64>> {
    let mean = weights.iter().sum::<f64>() / weights.len() as f64;
    let unequal = weights.iter().any(|weight| *weight != weights[0]);
    unequal.then(|| weights.iter().map(|weight| weight / mean).collect())
}

/// Denominators are at least this, as smp's `eps` has it: 0/0 of a class without pixels and without `smooth` is 0.
pub(super) const LEAST: f64 = 1e-7;

/// Sums over pixels, `[classes]` or `[B, classes]`.
#[derive(Debug)]
pub(super) struct Sums {
    /// Σmin(p, t): what both have.
    pub(super) both: Tensor,
    /// Σp: what is predicted.
    pub(super) predicted: Tensor,
    /// Σt: what is labelled.
    pub(super) labelled: Tensor,
}

/// Logits and targets `[B, classes, H, W]` of one precision, f32 or f64.
#[derive(Debug)]
pub(super) struct Comparison {
    pub(super) logits: Tensor,
    /// The targets to learn, smoothed.
    pub(super) targets: Tensor,
    /// The targets as they were given.
    pub(super) given: Tensor,
    /// A weight of each class, 1 on average; none where all are equal.
    weights: Option<Tensor>,
    probabilities: OnceCell<Tensor>,
    sums: [OnceCell<Sums>; 2],
}

impl Comparison {
    /// `weights` are of each class, 0 or more; targets are smoothed by `smoothing`.
    pub(super) fn new(
        logits: &Tensor,
        targets: &Tensor,
        weights: Option<&[f64]>,
        smoothing: f64,
    ) -> Comparison {
        let kind = if logits.kind() == Kind::Double { Kind::Double } else { Kind::Float };
        let given = targets.to_kind(kind);
        let weights = weights.and_then(relative);
        let weights =
            weights.map(|weights| Tensor::from_slice(&weights).to_kind(kind).to_device(logits.device()));
        Comparison {
            logits: logits.to_kind(kind),
            targets: if smoothing == 0.0 {
                given.shallow_clone()
            } else {
                &given * (1.0 - smoothing) + smoothing / 2.0
            },
            given,
            weights,
            probabilities: OnceCell::new(),
            sums: [const { OnceCell::new() }; 2],
        }
    }

    /// The precision of all numbers.
    pub(super) fn kind(&self) -> Kind {
        self.logits.kind()
    }

    /// A weight of each class, `[classes, 1, 1]`, 1 on average; none where all are equal.
    pub(super) fn weights(&self) -> Option<Tensor> {
        self.weights.as_ref().map(|weights| weights.view([-1, 1, 1]))
    }

    /// p, the sigmoid of the logits.
    pub(super) fn probabilities(&self) -> &Tensor {
        self.probabilities.get_or_init(|| self.logits.sigmoid())
    }

    /// The sums that overlaps are made of.
    pub(super) fn sums(&self, per: Per) -> &Sums {
        self.sums[per as usize].get_or_init(|| {
            let sum = |tensor: &Tensor| tensor.sum_dim_intlist(per.dimensions(), false, self.kind());
            let probabilities = self.probabilities();
            Sums {
                both: sum(&probabilities.minimum(&self.targets)),
                predicted: sum(probabilities),
                labelled: sum(&self.targets),
            }
        })
    }

    /// The mean over images and classes of `overlap / whole`, each `[classes]` or `[B, classes]`; 1 wherever nothing of a
    /// class is labelled, if `ignore_empty`.
    pub(super) fn mean_ratio(
        &self,
        overlap: &Tensor,
        whole: &Tensor,
        per: Per,
        ignore_empty: bool,
    ) -> Tensor {
        let ratio = overlap / whole.clamp_min(LEAST);
        if !ignore_empty {
            return self.mean_of_classes(&ratio);
        }
        let labelled = self.given.sum_dim_intlist(per.dimensions(), false, self.kind());
        self.mean_of_classes(&ratio.masked_fill(&labelled.le(0.0), 1.0))
    }

    /// The mean over images and classes, classes weighted, of `each`: `[classes]` or `[B, classes]`.
    pub(super) fn mean_of_classes(&self, each: &Tensor) -> Tensor {
        match &self.weights {
            Some(weights) => (each * weights).mean(self.kind()),
            None => each.mean(self.kind()),
        }
    }

    /// The mean over pixels, images and classes, classes weighted, of `each`: `[B, classes, H, W]`.
    pub(super) fn mean_of_pixels(&self, each: &Tensor) -> Tensor {
        match &self.weights {
            Some(_) => self.mean_of_classes(&each.mean_dim(&[0i64, 2, 3][..], false, self.kind())),
            None => each.mean(self.kind()),
        }
    }
}
