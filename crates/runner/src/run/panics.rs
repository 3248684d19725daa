//! Panics: caught, with the place where they began.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook};
use std::sync::{Mutex, Once, PoisonError};

use crate::tell::console::words;

/// What the last panic said and where, until somebody asks. A panic may reach whoever catches it on another thread than
/// the one on which it began.
static LAST: Mutex<Option<String>> = Mutex::new(None);

/// Does `work`; the error says what a panic said, and where it began.
pub fn catch<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| set_hook(Box::new(note)));
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| {
        let said = LAST.lock().unwrap_or_else(PoisonError::into_inner).take();
        let said = said.unwrap_or_else(|| "a panic".to_owned());
        format!("{said} (this is a fault of the runner; please report it)")
    })
}

fn note(panic: &PanicHookInfo<'_>) {
    let said = panic.payload_as_str().unwrap_or("a panic");
    let place =
        panic.location().map(|place| format!("{}:{}: ", place.file(), place.line())).unwrap_or_default();
    let trace = Backtrace::capture();
    if trace.status() == BacktraceStatus::Captured {
        words(&trace.to_string());
    }
    // The first panic is the cause of others.
    LAST.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| format!("{place}{said}"));
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_panic_keeps_its_place() {
        let told = catch(|| assert_eq!(1 + 1, 3)).unwrap_err();
        assert!(told.starts_with(file!()) && told.contains("left: 2"), "{told}");
        assert_eq!(catch(|| 3), Ok(3));
    }
}
