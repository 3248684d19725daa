//! Panics of somebody else's reader, caught: they are faults of one file, not the end of the run.

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

use crate::error::ImageError;

thread_local! {
    /// Whether this thread is in [`caught`], where a panic is told by the error alone.
    static READING: Cell<bool> = const { Cell::new(false) };
}

/// What `read` gives; where it unwinds with an [`ImageError`], as [`libjpeg`](crate::libjpeg) does, that error, and
/// where it panics, an error that says so. The process's panic hook is not called.
pub(crate) fn caught<T>(
    format: &'static str,
    read: impl FnOnce() -> Result<T, ImageError>,
) -> Result<T, ImageError> {
    silence();
    let outer = READING.replace(true);
    // Readers work on bytes that they only borrow: nothing is left half done but what is dropped here.
    let result = panic::catch_unwind(AssertUnwindSafe(read));
    READING.set(outer);
    result.unwrap_or_else(|payload| {
        Err(match payload.downcast::<ImageError>() {
            Ok(error) => *error,
            Err(payload) => ImageError::Panicked { format, panic: text(&*payload) },
        })
    })
}

/// Makes the process's panic hook pass over panics inside [`caught`]; once, for all threads.
fn silence() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let hook = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if !READING.get() {
                hook(panic);
            }
        }));
    });
}

fn text(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without words").to_owned()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn a_panic_is_an_error_and_the_hook_hears_of_others_only() {
        static HEARD: AtomicUsize = AtomicUsize::new(0);
        panic::set_hook(Box::new(|_| {
            HEARD.fetch_add(1, Ordering::Relaxed);
        }));
        let fails = || caught("XYZ", || -> Result<(), ImageError> { panic!("row {}", 7) });
        let error = fails().map_err(|error| error.to_string());
        let expected =
            "the reader of XYZ files gave up on it (row 7): convert it to PNG (grey, of 8 or 16 bits)";
        assert_eq!(error, Err(expected.to_owned()));
        let empty = caught("XYZ", || -> Result<(), _> { panic::resume_unwind(Box::new(ImageError::Empty)) });
        assert!(matches!(empty, Err(ImageError::Empty)));
        assert_eq!(HEARD.load(Ordering::Relaxed), 0);
        assert!(panic::catch_unwind(|| panic!("elsewhere")).is_err());
        assert_eq!(HEARD.load(Ordering::Relaxed), 1);
        let _ = panic::take_hook();
    }
}
