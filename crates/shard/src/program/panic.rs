//! A panic, with its place in the source.

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook};
use std::sync::{Mutex, PoisonError};

use super::{say, shortened};

/// A fault of the program: what it said, where, and how it came there.
#[derive(Clone, Debug)]
pub struct Panic {
    text: String,
    /// `file:line:column`.
    place: Option<String>,
    /// As `RUST_BACKTRACE=1` asks for.
    backtrace: Option<String>,
}

/// The panics of late, of any thread. A panic travels to the main thread as a payload without its place, and more than
/// one may be under way.
static SEEN: Mutex<VecDeque<Panic>> = Mutex::new(VecDeque::new());
/// How many of them are kept: those that somebody catches would else fill the memory.
const KEPT: usize = 64;

/// Does `work` and catches its panic, also one that comes from another thread by way of rayon. From here on, panics
/// are not written to standard error when they happen: whoever calls this says them.
pub fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, Panic> {
    set_hook(Box::new(note));
    // What the panic left half done is not looked at again: the program ends.
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| Panic::of(&*payload))
}

fn note(info: &PanicHookInfo<'_>) {
    let backtrace = Backtrace::capture();
    let panic = Panic {
        text: text(info.payload()),
        place: info.location().map(ToString::to_string),
        backtrace: (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string()),
    };
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    if seen.len() == KEPT {
        seen.pop_front();
    }
    seen.push_back(panic);
}

fn text(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "a panic without words".to_owned())
}

impl Panic {
    /// What was noted of the panic whose payload arrived.
    fn of(payload: &(dyn Any + Send)) -> Panic {
        let text = text(payload);
        let seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
        let noted = seen.iter().rev().find(|panic| panic.text == text);
        noted.cloned().unwrap_or(Panic { text, place: None, backtrace: None })
    }

    /// Writes to standard error what happened in `program`, with the frames that led to it where `RUST_BACKTRACE`
    /// asks for them.
    pub fn say(&self, program: &str) {
        let text = shortened(&self.text);
        let place = self.place.as_deref().map_or_else(String::new, |place| format!(", at {place}"));
        say(format_args!(
            "{program}: error: {text}{place} (this is a fault of the program; please report it)"
        ));
        if let Some(backtrace) = &self.backtrace {
            backtrace.lines().for_each(say);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_another_thread_keeps_its_place() {
        let line = line!() + 2; // That of the panic below.
        let panic = guarded(|| {
            rayon::scope(|scope| scope.spawn(|_| panic!("on a worker")));
        });
        let Panic { text, place, .. } = panic.expect_err("it panicked");
        assert_eq!(text, "on a worker");
        assert!(
            place.as_ref().is_some_and(|place| place.contains(&format!("panic.rs:{line}:"))),
            "{place:?}"
        );
    }
}
