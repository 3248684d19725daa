//! The run time beneath a model: mixed precision, what a card can do, and memory that is kept between steps.

#![allow(unsafe_code, reason = "the calls of runtime.cpp")]

use std::ffi::{CStr, c_char, c_int};

use tch::{Device, TchError, Tensor};
use torch_sys::C_tensor;

/// What autocast was before a region of it.
#[derive(Clone, Copy)]
#[repr(C)]
struct Autocast {
    on: bool,
    kind: i8,
}

/// Room for the first line of a reason, and its end; as in runtime.cpp and segment.cpp.
pub(crate) const REASON: usize = 1024;

// SAFETY: as defined in runtime.cpp; none of them throws, and the safe ones take no pointer and have no precondition.
unsafe extern "C" {
    safe fn zoo_autocast_enter(cuda: bool) -> Autocast;
    safe fn zoo_autocast_leave(cuda: bool, before: Autocast);
    safe fn zoo_forbid_tf32();
    safe fn zoo_keep_freed_memory() -> bool;
    safe fn zoo_libtorch_version() -> *const c_char;
    fn zoo_cuda_capability(card: c_int, major: *mut c_int, minor: *mut c_int) -> bool;
    fn zoo_drop_gradient(leaf: *const C_tensor);
    fn zoo_backward(tensor: *const C_tensor, gradient: *const C_tensor, reason: *mut c_char) -> bool;
}

/// Adds to the gradients of all leaves that `tensor` was computed from, where the gradient of `tensor` itself is given, of
/// its shape and element type.
///
/// # Panics
/// On an error of libtorch's, as `Tensor::backward` does; [`Fault::of_panic`](crate::Fault::of_panic) knows it.
pub fn backward(tensor: &Tensor, gradient: &Tensor) {
    let mut reason: [c_char; REASON] = [0; REASON];
    // SAFETY: the pointers are those of living tensors, and the reason has its room.
    if !unsafe { zoo_backward(tensor.as_ptr(), gradient.as_ptr(), reason.as_mut_ptr()) } {
        fail(&reason);
    }
}

/// Panics for a reason, a text that ends in a zero, as the calls of tch do: [`Fault::of_panic`](crate::Fault::of_panic)
/// knows it.
#[allow(clippy::unwrap_used, clippy::unnecessary_literal_unwrap, reason = "that is how they panic")]
pub(crate) fn fail(reason: &[c_char; REASON]) -> ! {
    let text: Vec<u8> = reason.iter().map(|&byte| byte as u8).take_while(|&byte| byte != 0).collect();
    let text = String::from_utf8_lossy(&text).into_owned();
    Err::<std::convert::Infallible, TchError>(TchError::Torch(text)).unwrap();
    unreachable!("an error was unwrapped")
}

/// Frees the gradient of a parameter, which tch can only set to zero; nothing where it has none.
pub fn drop_gradient(parameter: &Tensor) {
    if parameter.grad().defined() {
        // SAFETY: the pointer is that of a living tensor; what has a gradient can lose it.
        unsafe { zoo_drop_gradient(parameter.as_ptr()) }
    }
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
    before: Autocast,
}

impl Drop for Region {
    fn drop(&mut self) {
        zoo_autocast_leave(self.cuda, self.before);
    }
}

/// The compute capability of the CUDA card of this number, major and minor; nothing where CUDA's run time does not tell.
pub(crate) fn cuda_capability(card: usize) -> Option<[i32; 2]> {
    let (mut major, mut minor) = (0, 0);
    let card = c_int::try_from(card).ok()?;
    // SAFETY: both pointers are those of living integers.
    unsafe { zoo_cuda_capability(card, &raw mut major, &raw mut minor) }.then_some([major, minor])
}

/// Computes f32 on CUDA in f32, from now on and in the whole process: by default cuDNN rounds a convolution's factors
/// to TF32.
pub(crate) fn forbid_tf32() {
    zoo_forbid_tf32();
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
    unsafe { CStr::from_ptr(zoo_libtorch_version()) }.to_str().expect("a version is ASCII")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::panic::{AssertUnwindSafe, catch_unwind};

    use tch::Kind;

    use super::*;
    use crate::Fault;

    #[test]
    fn a_given_gradient_goes_backward() {
        let leaf = Tensor::from_slice(&[1.0, 2.0, 3.0]).set_requires_grad(true);
        backward(&leaf.square(), &Tensor::from_slice(&[1.0, 10.0, -1.0]));
        assert_eq!(Vec::<f64>::try_from(leaf.grad()).unwrap(), [2.0, 40.0, -6.0]);
        // Gradients add up, as after any backward pass.
        backward(&leaf, &Tensor::ones([3], (Kind::Double, Device::Cpu)));
        assert_eq!(Vec::<f64>::try_from(leaf.grad()).unwrap(), [3.0, 41.0, -5.0]);
    }

    #[test]
    fn what_cannot_go_backward_is_told() {
        let leaf = Tensor::from_slice(&[1.0, 2.0]).set_requires_grad(true);
        let fault = |tensor: &Tensor, gradient: &Tensor| {
            let panic = catch_unwind(AssertUnwindSafe(|| backward(tensor, gradient))).unwrap_err();
            Fault::of_panic(&*panic).unwrap().to_string()
        };
        let one = Tensor::from_slice(&[1.0]);
        assert!(fault(&leaf, &one).contains("shape"), "{}", fault(&leaf, &one));
        assert!(fault(&one, &one).contains("does not require grad"), "{}", fault(&one, &one));
    }
}
