//! Activation checkpointing: segments whose inner values training throws away and computes again.
//!
//! Chen, Xu, Zhang, Guestrin: Training Deep Nets with Sublinear Memory Cost, 2016 (arXiv:1604.06174).

#![allow(unsafe_code, reason = "the calls of segment.cpp")]

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use tch::Tensor;
use torch_sys::C_tensor;

use crate::switches::Switches;

/// A segment's computation on its inputs.
type Work = Box<dyn Fn(&[Tensor]) -> Tensor>;

/// What C++ holds of a segment.
struct Segment {
    work: Work,
    switches: Switches,
}

type Run = unsafe extern "C" fn(*mut c_void, *const *mut C_tensor, usize, bool) -> *mut C_tensor;
type Free = unsafe extern "C" fn(*mut c_void);

// SAFETY: as defined in segment.cpp.
unsafe extern "C" {
    fn zoo_recomputed(
        segment: *mut c_void,
        run: Run,
        free: Free,
        inputs: *const *const C_tensor,
        count: usize,
    ) -> *mut C_tensor;
}

/// What `work` makes of `inputs`. In training with checkpointing on, only inputs and output are kept until the
/// backward pass, which does the work again: under the same autocast and with the same random numbers, without
/// counting it in running statistics.
///
/// `work` may change nothing but running statistics, and its inputs not at all.
pub(crate) fn segment(
    switches: &Switches,
    train: bool,
    inputs: &[&Tensor],
    work: impl Fn(&[Tensor]) -> Tensor + 'static,
) -> Tensor {
    if !(train && switches.checkpointing()) {
        return work(&inputs.iter().map(|input| input.shallow_clone()).collect::<Vec<_>>());
    }
    let segment = Box::new(Segment { work: Box::new(work), switches: switches.clone() });
    let pointers: Vec<*const C_tensor> = inputs.iter().map(|input| input.as_ptr()).collect();
    // SAFETY: the pointers live as long as the call, and C++ frees the segment exactly once.
    let output = unsafe {
        zoo_recomputed(Box::into_raw(segment).cast(), run, free, pointers.as_ptr(), pointers.len())
    };
    assert!(!output.is_null(), "a segment of the model failed; the reason stands above");
    // SAFETY: the shim gives a tensor that nobody else owns.
    unsafe { Tensor::from_ptr(output) }
}

/// # Safety
/// `segment` comes from [`segment()`], and `inputs` are `count` tensors.
unsafe extern "C" fn run(
    segment: *mut c_void,
    inputs: *const *mut C_tensor,
    count: usize,
    again: bool,
) -> *mut C_tensor {
    let work = || {
        // SAFETY: see above; the tensors are cloned, so that C++ keeps its own.
        let (Segment { work, switches }, inputs) = unsafe {
            let inputs = std::slice::from_raw_parts(inputs, count);
            let inputs = inputs.iter().map(|&input| Tensor::clone_from_ptr(input));
            (&*segment.cast::<Segment>(), inputs.collect::<Vec<_>>())
        };
        let output = if again { switches.again(|| work(&inputs)) } else { work(&inputs) };
        // SAFETY: a handle of its own to a living tensor.
        unsafe { torch_sys::at_shallow_clone(output.as_ptr().cast_mut()) }
    };
    // A panic must not unwind through C++.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(ptr::null_mut())
}

/// # Safety
/// `segment` comes from [`segment()`] and is not used any more.
unsafe extern "C" fn free(segment: *mut c_void) {
    // SAFETY: see above.
    drop(unsafe { Box::from_raw(segment.cast::<Segment>()) });
}
