//! What a device can do: whether bfloat16 (bf16) pays there.

use tch::Device;

use crate::runtime::cuda_capability;

/// Whether [`autocast`](crate::autocast) saves time on `device`: on CUDA cards of compute capability 8.0 or more, and on
/// CPUs with bfloat16 instructions.
pub fn autocast_pays(device: Device) -> bool {
    let capability = match device {
        Device::Cuda(card) => cuda_capability(card),
        _ => None,
    };
    bf16_pays(device, capability, cpu_has_bf16())
}

/// The first cards with bfloat16 in their tensor cores, NVIDIA's Ampere; those before emulate it, slower than f32.
const AMPERE: [i32; 2] = [8, 0];

/// Whether bfloat16 is faster than f32 on `device`: a card of this compute capability, or a CPU that has instructions for it or
/// not. Nothing is known in favour of a card that does not tell.
fn bf16_pays(device: Device, capability: Option<[i32; 2]>, cpu_has_bf16: bool) -> bool {
    match device {
        Device::Cuda(_) => capability.is_some_and(|capability| capability >= AMPERE),
        Device::Cpu => cpu_has_bf16,
        Device::Mps | Device::Vulkan => false,
    }
}

#[cfg(target_arch = "x86_64")]
fn cpu_has_bf16() -> bool {
    std::is_x86_feature_detected!("avx512bf16")
}

#[cfg(target_arch = "aarch64")]
fn cpu_has_bf16() -> bool {
    std::arch::is_aarch64_feature_detected!("bf16")
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn cpu_has_bf16() -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bf16_is_for_what_has_instructions_for_it() {
        let card = |capability| bf16_pays(Device::Cuda(0), Some(capability), true);
        // P100, V100, T4; A100, A10, L4, H100, B200.
        assert_eq!([[6, 0], [7, 0], [7, 5]].map(card), [false; 3]);
        assert_eq!([[8, 0], [8, 6], [8, 9], [9, 0], [10, 0]].map(card), [true; 5]);
        assert!(!bf16_pays(Device::Cuda(1), None, true));
        let ampere = Some(AMPERE);
        assert_eq!([true, false].map(|has| bf16_pays(Device::Cpu, ampere, has)), [true, false]);
        assert!(!bf16_pays(Device::Mps, ampere, true));
    }
}
