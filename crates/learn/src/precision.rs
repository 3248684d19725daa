//! In which precision a network computes.

use clap::ValueEnum;
use schemars::JsonSchema;
use serde::Serialize;
use tch::Device;

/// In which precision convolutions and matrix products are computed; weights, losses and sums are always f32.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// bf16 on CUDA and on CPUs with instructions for it, else f32
    Auto,
    /// Single precision
    F32,
    /// bfloat16, by autocast
    Bf16,
}

impl Precision {
    /// What `work` gives when it computes on `device` in this precision.
    pub fn compute<T>(self, device: Device, work: impl FnOnce() -> T) -> T {
        match self {
            Precision::Auto if zoo::autocast_pays(device) => zoo::autocast(device, work),
            Precision::Bf16 => zoo::autocast(device, work),
            Precision::Auto | Precision::F32 => work(),
        }
    }
}
