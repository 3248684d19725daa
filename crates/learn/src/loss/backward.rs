//! A backward pass: from a batch's logits and labels to the gradient of what they were computed from.

use feed::Batch;
use tch::Kind;
use zoo::Coarse;

use super::fused::{Fused, fused};
use super::{Objective, Value};
use crate::tensors;

impl Objective {
    /// The loss of a batch's logits, whose gradient, times `share`, is added to that of all parameters: from labels as they are
    /// packed where [`fused`] can, else by [`Objective::of`] and `backward`.
    ///
    /// # Panics
    /// As [`Objective::of`], and on errors of libtorch's.
    pub fn backward(&self, coarse: &Coarse, batch: &Batch, share: f64) -> Value {
        if let Some(Fused { value, mut gradient }) = fused(self, coarse, batch) {
            if share != 1.0 {
                let _ = gradient.g_mul_scalar_(share);
            }
            zoo::backward(&coarse.logits, &gradient);
            return value;
        }
        let Coarse { logits, size, align_corners } = coarse;
        let kind = if logits.kind() == Kind::Double { Kind::Double } else { Kind::Float };
        // Before it is upsampled, so that no second tensor of the images' size is made.
        let coarse = Coarse { logits: logits.to_kind(kind), size: *size, align_corners: *align_corners };
        let value = self.of(&coarse.upsampled(), &tensors::targets(batch, logits.device()));
        (&value.total * share).backward();
        value
    }
}
