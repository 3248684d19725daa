//! The run time beneath a model: mixed precision, and memory that is kept between steps.

#![allow(unsafe_code, reason = "the calls of runtime.cpp")]

use std::ffi::{CStr, c_char};

use tch::{Device, Tensor};
use torch_sys::C_tensor;

// SAFETY: as defined in runtime.cpp; none of them throws, and the safe ones take no pointer and have no precondition.
unsafe extern "C" {
    safe fn zoo_autocast_enter(cuda: bool) -> bool;
    safe fn zoo_autocast_leave(cuda: bool, before: bool);
    safe fn zoo_keep_freed_memory() -> bool;
    safe fn zoo_libtorch_version() -> *const c_char;
    fn zoo_drop_gradient(leaf: *const C_tensor);
}

/// Frees the gradient of a parameter, which tch can only set to zero.
pub(crate) fn drop_gradient(parameter: &Tensor) {
    // SAFETY: the pointer is that of a living tensor; a parameter is a leaf.
    unsafe { zoo_drop_gradient(parameter.as_ptr()) }
}

/// Runs `work` with bfloat16 autocast on `device`: convolutions and matrix products in bfloat16, sensitive steps and
/// all parameters in single precision.
///
/// The logits of a [`Segmenter`](crate::Segmenter) stay single precision. For training, only the forward pass and
/// the loss belong inside. A device other than CPU and CUDA, and a model in double precision, compute as ever.
pub fn autocast<T>(device: Device, work: impl FnOnce() -> T) -> T {
    let cuda = match device {
        Device::Cpu => false,
        Device::Cuda(_) => true,
        Device::Mps | Device::Vulkan => return work(),
    };
    let _region = Region { cuda, before: zoo_autocast_enter(cuda) };
    work()
}

/// Leaves autocast when dropped, on unwinding too.
struct Region {
    cuda: bool,
    before: bool,
}

impl Drop for Region {
    fn drop(&mut self) {
        zoo_autocast_leave(self.cuda, self.before);
    }
}

/// Whether [`autocast`] saves time on `device`: on CUDA, and on CPUs with bfloat16 instructions.
pub fn autocast_pays(device: Device) -> bool {
    match device {
        Device::Cuda(_) => true,
        Device::Cpu => cpu_has_bf16(),
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

/// Keeps freed memory in the process, for all of its threads; call it once, first thing in `main`.
///
/// glibc returns large blocks to the system when a training step frees its activations, and the next step pays for
/// every page again, up to 40 % of its time. Tensors made from now on are laid into memory so that a later one of the
/// same size fits where one was. False where the C library is another one, which is no fault.
pub fn keep_freed_memory() -> bool {
    zoo_keep_freed_memory()
}

/// The version of libtorch that this program was compiled for, such as `2.13.0`.
pub fn libtorch_version() -> &'static str {
    // SAFETY: the shim gives a string literal, which ends in a zero byte and is never freed.
    unsafe { CStr::from_ptr(zoo_libtorch_version()) }.to_str().unwrap_or("unknown")
}
