//! Out of memory: what to do about it (exit code 75).

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use stage::Failure;
use tch::TchError;
use zoo::Fault;

/// What to do where there is too little memory.
#[derive(Clone, Copy, Debug)]
pub struct Remedy(&'static str);

impl Remedy {
    /// For training.
    pub const TRAINING: Remedy =
        Remedy("give a smaller --batch or --size, or --checkpoint-activations, which trades time for memory");
    /// For prediction.
    pub const PREDICTION: Remedy = Remedy("give a smaller --batch, or --device cpu");

    /// What `work` gives. libtorch's errors end it by a panic, as tch hands on all that its short calls meet: here they
    /// become failures. Other panics go on.
    pub fn caught<T>(self, work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
        catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| match Fault::of_panic(&*panic) {
            Some(fault) => Err(self.failure(fault)),
            None => resume_unwind(panic),
        })
    }

    /// An error of libtorch's as a failure.
    pub fn torch(self, error: TchError) -> Failure {
        self.failure(Fault::of(&error))
    }

    fn failure(self, fault: Fault) -> Failure {
        match fault {
            Fault::OutOfMemory(text) => Failure::TryAgain(format!("out of memory ({text}): {}", self.0)),
            Fault::Other(text) => Failure::Internal(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind, Tensor};

    use super::*;

    #[test]
    fn too_little_memory_may_do_later_and_says_what_to_do() {
        let failure = Remedy::TRAINING
            .caught(|| Ok(Tensor::zeros([1 << 58], (Kind::Float, Device::Cpu))))
            .expect_err("a tensor of an exabyte");
        assert_eq!(failure.code(), 75);
        let text = failure.to_string();
        assert!(text.starts_with("out of memory (") && text.contains("--batch or --size"), "{text}");
        assert!(!text.contains('\n') && !text.contains("frame #"), "{text}");
    }

    #[test]
    fn other_errors_of_libtorch_are_one_line() {
        let short = || Tensor::zeros([2], (Kind::Float, Device::Cpu)).view([3]);
        let failure = Remedy::PREDICTION.caught(|| Ok(short())).expect_err("two numbers are not three");
        assert_eq!(failure.code(), 70);
        assert_eq!(failure.to_string(), "shape '[3]' is invalid for input of size 2");
    }

    #[test]
    fn other_panics_go_on() {
        let panic = catch_unwind(|| Remedy::TRAINING.caught::<()>(|| panic!("Torch is not to blame")));
        let text = panic.expect_err("it panics").downcast_ref::<&str>().copied();
        assert_eq!(text, Some("Torch is not to blame"));
    }
}
