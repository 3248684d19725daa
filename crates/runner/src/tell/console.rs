//! Tells on standard error how far a run is: a bar for each running step on a terminal, plain lines elsewhere.

use std::collections::HashMap;
use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use stage::{ProgressEvent, say};

/// Tells how far a run is.
#[derive(Debug)]
pub struct Console {
    width: usize,
    /// The bars, on a terminal.
    bars: Option<MultiProgress>,
    running: Mutex<HashMap<String, Running>>,
}

#[derive(Debug)]
struct Running {
    bar: Option<ProgressBar>,
    told: Instant,
    message: String,
}

/// How often a running step is worth a plain line.
const PLAIN_INTERVAL: Duration = Duration::from_secs(10);

impl Console {
    /// A console for steps whose names have up to `width` characters.
    pub fn new(width: usize) -> Console {
        let bars = std::io::stderr().is_terminal().then(MultiProgress::new);
        Console { width, bars, running: Mutex::default() }
    }

    /// Writes a line that stays.
    pub fn line(&self, text: &str) {
        match &self.bars {
            // As with `say`: a terminal that is gone needs no lines.
            Some(bars) => drop(bars.println(text)),
            None => say(text),
        }
    }

    /// Writes a line about a step.
    pub(crate) fn tell(&self, step: &str, text: &str) {
        self.line(&format!("{step:<width$}  {text}", width = self.width));
    }

    pub(crate) fn started(&self, step: &str) {
        let bar = self.bars.as_ref().map(|bars| {
            let bar = bars.add(ProgressBar::no_length());
            bar.set_prefix(format!("{step:<width$}", width = self.width));
            bar.set_style(style("{prefix}  {spinner} {pos} {per_sec} {msg}"));
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        if bar.is_none() {
            self.tell(step, "started");
        }
        let running = Running { bar, told: Instant::now(), message: String::new() };
        self.with(|all| all.insert(step.to_owned(), running));
    }

    pub(crate) fn progress(&self, step: &str, event: &ProgressEvent) {
        let line = self.with(|all| {
            let running = all.get_mut(step)?;
            if let Some(bar) = &running.bar {
                if let (Some(total), None) = (event.total, bar.length()) {
                    bar.set_length(total);
                    bar.set_style(style("{prefix}  [{bar:30}] {pos}/{len} {eta} {msg}"));
                }
                bar.set_position(event.done);
                bar.set_message(event.message.clone());
                return None;
            }
            // The last message of a step may be its result: a new one is told, but not every few milliseconds.
            let fresh = !event.message.is_empty() && event.message != running.message;
            let due = running.told.elapsed() >= if fresh { Duration::from_secs(1) } else { PLAIN_INTERVAL };
            if !due {
                return None;
            }
            running.told = Instant::now();
            running.message.clone_from(&event.message);
            Some(event.told())
        });
        if let Some(line) = line {
            self.tell(step, &line);
        }
    }

    pub(crate) fn ended(&self, step: &str, text: &str) {
        let running = self.with(|all| all.remove(step));
        if let Some(bar) = running.and_then(|running| running.bar) {
            bar.finish_and_clear();
        }
        self.tell(step, text);
    }

    fn with<T>(&self, change: impl FnOnce(&mut HashMap<String, Running>) -> T) -> T {
        change(&mut self.running.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
