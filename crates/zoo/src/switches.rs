//! What a model is told after it was built, and its layers look at when they compute.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Shared by all layers of a model.
#[derive(Debug, Clone, Default)]
pub(crate) struct Switches(Arc<States>);

#[derive(Debug, Default)]
struct States {
    frozen: AtomicBool,
    checkpointing: AtomicBool,
    recomputing: AtomicBool,
}

impl Switches {
    /// Whether weights change no more, so that layers may fold them.
    pub(crate) fn frozen(&self) -> bool {
        self.0.frozen.load(Relaxed)
    }

    pub(crate) fn freeze(&self) {
        self.0.frozen.store(true, Relaxed);
    }

    /// Whether training keeps the inputs of segments only, and computes what is within them twice.
    pub(crate) fn checkpointing(&self) -> bool {
        self.0.checkpointing.load(Relaxed)
    }

    pub(crate) fn set_checkpointing(&self, on: bool) {
        self.0.checkpointing.store(on, Relaxed);
    }

    /// Whether what is computed was computed before, so that nothing is to be counted again.
    pub(crate) fn recomputing(&self) -> bool {
        self.0.recomputing.load(Relaxed)
    }

    /// Does `work` again.
    pub(crate) fn again<T>(&self, work: impl FnOnce() -> T) -> T {
        self.0.recomputing.store(true, Relaxed);
        let _done = Again(self);
        work()
    }
}

/// Ends recomputing when dropped, on unwinding too.
struct Again<'a>(&'a Switches);

impl Drop for Again<'_> {
    fn drop(&mut self) {
        self.0.0.recomputing.store(false, Relaxed);
    }
}
