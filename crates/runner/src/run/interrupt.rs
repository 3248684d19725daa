//! Ctrl-C: stops every process that was started, and remembers that it was asked to.

use std::collections::BTreeSet;
use std::io;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// The processes that run, and the signal that ended them.
#[derive(Debug, Default)]
pub struct Interrupt {
    signal: AtomicI32,
    running: Mutex<BTreeSet<i32>>,
}

/// How long a stage has to end by itself.
const PATIENCE: Duration = Duration::from_secs(10);

impl Interrupt {
    /// Listens for SIGINT and SIGTERM from now on. The first asks every stage to end, the second does not ask. (To
    /// listen for SIGHUP would undo `nohup`.)
    pub fn listen() -> io::Result<Arc<Interrupt>> {
        let interrupt = Arc::new(Interrupt::default());
        let mut signals = Signals::new([SIGINT, SIGTERM])?;
        let shared = Arc::clone(&interrupt);
        thread::spawn(move || {
            for signal in signals.forever() {
                let first = shared.signal.swap(signal, Ordering::SeqCst) == 0;
                shared.stop_all(if first { Signal::TERM } else { Signal::KILL });
                if first {
                    let shared = Arc::clone(&shared);
                    thread::spawn(move || {
                        thread::sleep(PATIENCE);
                        shared.stop_all(Signal::KILL);
                    });
                }
            }
        });
        Ok(interrupt)
    }

    /// The signal that asked to stop.
    pub fn signal(&self) -> Option<i32> {
        Some(self.signal.load(Ordering::SeqCst)).filter(|signal| *signal != 0)
    }

    /// Counts a process among those to stop.
    pub(crate) fn started(&self, pid: u32) {
        self.with(|running| running.insert(pid as i32));
        if self.signal().is_some() {
            self.stop_all(Signal::TERM);
        }
    }

    /// The process has ended.
    pub(crate) fn ended(&self, pid: u32) {
        self.with(|running| running.remove(&(pid as i32)));
    }

    /// Asks every process to end, without a signal to this one.
    pub(crate) fn stop(&self) {
        self.stop_all(Signal::TERM);
    }

    fn stop_all(&self, signal: Signal) {
        self.with(|running| {
            for pid in running.iter().filter_map(|pid| Pid::from_raw(*pid)) {
                // It may have ended just now.
                let _ = kill_process(pid, signal);
            }
        });
    }

    fn with<T>(&self, change: impl FnOnce(&mut BTreeSet<i32>) -> T) -> T {
        change(&mut self.running.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
