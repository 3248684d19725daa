//! In which precision a network computes.

use clap::ValueEnum;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::Device;

/// In which precision convolutions and matrix products are computed; weights, losses and sums are always f32.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// bf16 on CUDA cards of compute capability 8.0 or more and on CPUs with instructions for it, else f32
    Auto,
    /// Single precision, without TF32 on CUDA
    F32,
    /// bfloat16, by autocast
    Bf16,
}

impl Precision {
    /// What is computed in on `device`: f32 or bf16.
    pub fn on(self, device: Device) -> Precision {
        match self {
            Precision::Auto if zoo::autocast_pays(device) => Precision::Bf16,
            Precision::Auto => Precision::F32,
            precision => precision,
        }
    }

    /// What `work` gives when it computes on `device` in this precision.
    pub fn compute<T>(self, device: Device, work: impl FnOnce() -> T) -> T {
        if self.on(device) == Precision::Bf16 { zoo::autocast(device, work) } else { work() }
    }
}
