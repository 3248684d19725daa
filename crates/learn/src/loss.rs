//! What training makes small.

use clap::ValueEnum;
use schemars::JsonSchema;
use serde::Serialize;
use tch::{Kind, Reduction, Tensor};

/// What training makes small.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// Binary cross-entropy of every class and pixel, averaged
    Bce,
    /// Binary cross-entropy, and a share of soft Dice (--dice-weight)
    BceDice,
}

/// Keeps soft Dice defined and its gradient tame where a batch shows nothing of a class, in pixels.
const SMOOTH: f64 = 1.0;

impl Loss {
    /// The loss of logits `[B, classes, H, W]` against targets of 0 and 1 of the same shape, a single number;
    /// `dice_weight` from 0 to 1 is the share of soft Dice.
    pub fn of(self, logits: &Tensor, targets: &Tensor, dice_weight: f64) -> Tensor {
        let logits = logits.to_kind(Kind::Float);
        match self {
            Loss::Bce => bce(&logits, targets),
            Loss::BceDice => {
                bce(&logits, targets) * (1.0 - dice_weight) + soft_dice(&logits, targets) * dice_weight
            }
        }
    }
}

/// `torch.nn.functional.binary_cross_entropy_with_logits`.
fn bce(logits: &Tensor, targets: &Tensor) -> Tensor {
    logits.binary_cross_entropy_with_logits::<Tensor>(targets, None, None, Reduction::Mean)
}

/// 1 − the mean over classes of (2·Σmin(p, t) + 1) / (Σp + Σt + 1), summed over batch and pixels, with p the sigmoid of the
/// logits. Where targets are 0 or 1, min(p, t) is pt and this is soft Dice (Milletari, Navab, Ahmadi, "V-Net", 3DV 2016,
/// with plain sums below the fraction). Of targets in between, soft Dice would make all or nothing; this is least where
/// p = t (Wang and others, "Dice semimetric losses", MICCAI 2023: min(p, t) is (p + t − |p − t|) / 2).
fn soft_dice(logits: &Tensor, targets: &Tensor) -> Tensor {
    let over = [0i64, 2, 3];
    let sum = |tensor: &Tensor| tensor.sum_dim_intlist(&over[..], false, Kind::Float);
    let shares = logits.sigmoid();
    let both = sum(&shares.minimum(targets));
    let dice = (both * 2.0 + SMOOTH) / (sum(&shares) + sum(targets) + SMOOTH);
    1.0 - dice.mean(Kind::Float)
}
