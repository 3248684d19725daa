//! Parameter groups: tensors that share a learning rate and whether they decay.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Device, Kind};

use super::Parameter;
use crate::fault::{Check, Fault};

/// Which tensors learn more slowly, and which do not decay.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Groups {
    /// The encoder's share of the learning rate, 0 or more: below 1 for an encoder that comes with weights
    pub encoder_lr: f64,
    /// What weight decay leaves alone
    pub no_decay: Vec<Spared>,
    /// Largest norm of the whole gradient; a larger one is scaled down; 0: no limit
    pub grad_clip: f64,
}

/// Tensors that weight decay may leave alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Spared {
    /// Scales of normalisation, and of layers: tensors of less than two dimensions that are no biases
    Norms,
    /// Tensors of less than two dimensions whose key ends in `bias`
    Biases,
    /// Swin's tables of relative positions: those whose key ends in `relative_position_bias_table`
    PositionTables,
}

impl Default for Groups {
    fn default() -> Groups {
        let no_decay = vec![Spared::Norms, Spared::Biases, Spared::PositionTables];
        Groups { encoder_lr: 1.0, no_decay, grad_clip: 1.0 }
    }
}

/// What the tensors of a group have in common.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Group {
    /// Share of the learning rate.
    pub(super) rate: f64,
    /// Whether its weights decay.
    pub(super) decays: bool,
    device: Device,
    kind: Kind,
}

impl Groups {
    /// Everything that is out of range.
    pub fn check(&self) -> Vec<Fault> {
        let check = Check::default().not_negative("encoder-lr", self.encoder_lr);
        check.not_negative("grad-clip", self.grad_clip).0
    }

    /// The limit of the gradient's norm, where there is one.
    pub fn limit(&self) -> Option<f64> {
        (self.grad_clip > 0.0).then_some(self.grad_clip)
    }

    /// Whether weight decay is for the tensor with this key and so many dimensions.
    pub fn decays(&self, key: &str, dimensions: usize) -> bool {
        let name = key.rsplit('.').next().unwrap_or(key);
        let what = match (dimensions, name) {
            (_, "relative_position_bias_table") => Spared::PositionTables,
            (0 | 1, "bias") => Spared::Biases,
            (0 | 1, _) => Spared::Norms,
            _ => return true,
        };
        !self.no_decay.contains(&what)
    }

    /// Parameters by their groups, each in the order in which it came.
    pub(super) fn deal(
        &self,
        parameters: impl IntoIterator<Item = Parameter>,
    ) -> Vec<(Group, Vec<Parameter>)> {
        let mut dealt: Vec<(Group, Vec<Parameter>)> = Vec::new();
        for parameter in parameters {
            let group = Group {
                rate: if parameter.encoder { self.encoder_lr } else { 1.0 },
                decays: self.decays(&parameter.key, parameter.tensor.dim()),
                device: parameter.tensor.device(),
                kind: parameter.tensor.kind(),
            };
            match dealt.iter_mut().find(|(other, _)| *other == group) {
                Some((_, members)) => members.push(parameter),
                None => dealt.push((group, vec![parameter])),
            }
        }
        dealt
    }
}
