//! Activation checkpointing: segments whose inner values training throws away and computes again.
//!
//! Chen, Xu, Zhang, Guestrin: Training Deep Nets with Sublinear Memory Cost, 2016 (arXiv:1604.06174).

#![allow(unsafe_code, reason = "the calls of segment.cpp")]

use std::any::Any;
use std::ffi::{c_char, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tch::Tensor;
use torch_sys::C_tensor;

use crate::Fault;
use crate::runtime::{REASON, fail};
use crate::switches::Switches;

/// Layers that a segment computes with, on whichever thread runs the backward pass: on CUDA that is another one.
pub(crate) type Shared<T> = Arc<Mutex<T>>;

/// Makes layers such that segments can compute with them.
pub(crate) fn shared<T>(layers: T) -> Shared<T> {
    Arc::new(Mutex::new(layers))
}

/// The layers, for as long as they compute. One that panicked has left them as they were.
pub(crate) fn locked<T: ?Sized>(layers: &Shared<T>) -> MutexGuard<'_, T> {
    layers.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A segment's computation on its inputs.
type Work = Box<dyn Fn(&[Tensor]) -> Tensor + Send + Sync>;

/// What C++ holds of a segment.
struct Segment {
    work: Work,
    switches: Switches,
}

type Run = unsafe extern "C" fn(*mut c_void, *const *mut C_tensor, usize, bool, *mut c_char) -> *mut C_tensor;
type Free = unsafe extern "C" fn(*mut c_void);

// SAFETY: as defined in segment.cpp.
unsafe extern "C" {
    fn zoo_recomputed(
        segment: *mut c_void,
        run: Run,
        free: Free,
        inputs: *const *const C_tensor,
        count: usize,
        reason: *mut c_char,
    ) -> *mut C_tensor;
}

/// What `work` makes of `inputs`. In training with checkpointing on, only inputs and output are kept until the
/// backward pass, which does the work again: under the same autocast and with the same random numbers, without
/// counting it in running statistics. An error of libtorch's panics, as it does outside of segments.
///
/// `work` may change nothing but running statistics, and its inputs not at all.
pub(crate) fn segment(
    switches: &Switches,
    train: bool,
    inputs: &[&Tensor],
    work: impl Fn(&[Tensor]) -> Tensor + Send + Sync + 'static,
) -> Tensor {
    if !(train && switches.checkpointing()) {
        return work(&inputs.iter().map(|input| input.shallow_clone()).collect::<Vec<_>>());
    }
    let segment = Box::new(Segment { work: Box::new(work), switches: switches.clone() });
    let pointers: Vec<*const C_tensor> = inputs.iter().map(|input| input.as_ptr()).collect();
    let segment = Box::into_raw(segment).cast();
    let mut reason: [c_char; REASON] = [0; REASON];
    // SAFETY: the pointers live as long as the call, C++ frees the segment exactly once, and the reason has its room.
    let output =
        unsafe { zoo_recomputed(segment, run, free, pointers.as_ptr(), pointers.len(), reason.as_mut_ptr()) };
    if output.is_null() {
        fail(&reason);
    }
    // SAFETY: the shim gives a tensor that nobody else owns.
    unsafe { Tensor::from_ptr(output) }
}

/// # Safety
/// `segment` comes from [`segment()`], `inputs` are `count` tensors, and `reason` has room for [`REASON`] bytes.
unsafe extern "C" fn run(
    segment: *mut c_void,
    inputs: *const *mut C_tensor,
    count: usize,
    again: bool,
    reason: *mut c_char,
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
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = told(&*panic);
        let length = text.floor_char_boundary(REASON - 1);
        // SAFETY: see above; the shim has filled the room with zeros.
        unsafe { ptr::copy_nonoverlapping(text.as_ptr(), reason.cast(), length) };
        ptr::null_mut()
    })
}

/// What a panic says, in one line.
fn told(panic: &(dyn Any + Send)) -> String {
    let text = || panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = || text().or_else(|| panic.downcast_ref::<String>().cloned());
    let fault = Fault::of_panic(panic).map(|fault| fault.to_string());
    fault.or_else(text).unwrap_or_else(|| "an unknown panic in a segment".to_owned())
}

/// # Safety
/// `segment` comes from [`segment()`] and is not used any more.
unsafe extern "C" fn free(segment: *mut c_void) {
    // SAFETY: see above.
    drop(unsafe { Box::from_raw(segment.cast::<Segment>()) });
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use tch::{Device, Kind};

    use super::*;

    fn leaf() -> Tensor {
        Tensor::ones([2, 2], (Kind::Float, Device::Cpu)).set_requires_grad(true)
    }

    fn checkpointing() -> Switches {
        let switches = Switches::default();
        switches.set_checkpointing(true);
        switches
    }

    /// What the panic of `work` says of libtorch.
    fn fault(work: impl FnOnce()) -> Fault {
        Fault::of_panic(&*catch_unwind(AssertUnwindSafe(work)).unwrap_err()).unwrap()
    }

    fn exabyte() -> Tensor {
        Tensor::zeros([1 << 58], (Kind::Float, Device::Cpu))
    }

    #[test]
    fn an_error_within_a_segment_keeps_its_reason() {
        let first = fault(|| {
            let _ = segment(&checkpointing(), true, &[&leaf()], |_| exabyte());
        });
        assert_eq!(first, fault(|| drop(exabyte())));
        // A segment within a segment, and the backward pass.
        let within = fault(|| {
            let _ = segment(&checkpointing(), true, &[&leaf()], |inputs| {
                segment(&checkpointing(), true, &[&inputs[0]], |_| exabyte())
            });
        });
        assert_eq!(within, first);
        let switches = checkpointing();
        let inner = switches.clone();
        let output = segment(&switches, true, &[&leaf()], move |inputs| {
            if inner.recomputing() { exabyte() } else { inputs[0].square() }
        });
        assert_eq!(fault(|| output.sum(Kind::Float).backward()), first);
        assert!(matches!(first, Fault::OutOfMemory(_)), "{first:?}");
        // What comes after it is computed as ever.
        assert!(!switches.recomputing());
        let other = fault(|| {
            let _ = segment(&checkpointing(), true, &[&leaf()], |inputs| inputs[0].view([3]));
        });
        assert_eq!(other, Fault::Other("shape '[3]' is invalid for input of size 4".to_owned()));
    }

    #[test]
    fn the_backward_pass_casts_as_the_forward_pass_did() {
        let kinds = shared(Vec::new());
        let noted = Arc::clone(&kinds);
        let weight = leaf();
        let output = crate::autocast(Device::Cpu, || {
            segment(&checkpointing(), true, &[&weight], move |inputs| {
                let product = inputs[0].matmul(&inputs[0]);
                locked(&noted).push(product.kind());
                product.to_kind(Kind::Float)
            })
        });
        let outside = || leaf().matmul(&leaf()).kind();
        assert_eq!(outside(), Kind::Float);
        output.sum(Kind::Float).backward();
        assert_eq!(*locked(&kinds), [Kind::BFloat16; 2]);
        assert_eq!(outside(), Kind::Float);
    }

    #[test]
    fn segments_may_run_on_any_thread() {
        fn any_thread<T: Send + Sync>() {}
        any_thread::<Segment>();
    }
}
