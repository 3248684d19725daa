//! Progress on standard error: a bar, plain lines, JSON lines, or nothing.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ProgressMode;

/// One line of `--progress json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProgressEvent {
    /// The stage's name.
    pub stage: String,
    /// Units done.
    pub done: u64,
    /// Units in all, where known.
    pub total: Option<u64>,
    /// What is going on, such as the validation Dice of an epoch.
    pub message: String,
}

/// Tells how far a stage is.
#[derive(Debug)]
pub(crate) struct Progress {
    event: ProgressEvent,
    mode: ProgressMode,
    bar: Option<ProgressBar>,
    told: Instant,
}

/// How often a plain or JSON line is written at most.
const PLAIN_INTERVAL: Duration = Duration::from_secs(10);
const JSON_INTERVAL: Duration = Duration::from_millis(200);

impl Progress {
    pub(crate) fn new(stage: &str, mode: ProgressMode) -> Progress {
        let bar = (mode == ProgressMode::Auto && std::io::stderr().is_terminal()).then(|| {
            let bar = ProgressBar::no_length();
            bar.set_prefix(stage.to_owned());
            bar.set_style(style("{prefix:<18} {pos} {per_sec} {msg}"));
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        let event = ProgressEvent { stage: stage.to_owned(), done: 0, total: None, message: String::new() };
        Progress { event, mode, bar, told: Instant::now() }
    }

    pub(crate) fn total(&mut self, total: u64) {
        self.event.total = Some(total);
        if let Some(bar) = &self.bar {
            bar.set_length(total);
            bar.set_style(style("{prefix:<18} [{bar:30}] {pos}/{len} {eta} {msg}"));
        }
    }

    pub(crate) fn advance(&mut self, by: u64) {
        self.event.done += by;
        if let Some(bar) = &self.bar {
            bar.inc(by);
        } else {
            self.tell(false);
        }
    }

    /// Says what is going on; off a terminal this is always worth a line.
    pub(crate) fn message(&mut self, message: &str) {
        message.clone_into(&mut self.event.message);
        match &self.bar {
            Some(bar) => bar.set_message(message.to_owned()),
            None => self.tell(true),
        }
    }

    /// Writes a line that stays, above the bar where there is one.
    pub(crate) fn warn(&self, text: &str) {
        match (&self.bar, self.mode) {
            (Some(bar), _) => bar.println(format!("{}: {text}", self.event.stage)),
            (None, ProgressMode::Off) => {}
            (None, _) => eprintln!("{}: {text}", self.event.stage),
        }
    }

    pub(crate) fn finish(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        } else if self.mode == ProgressMode::Json {
            self.tell(true);
        }
    }

    fn tell(&mut self, now: bool) {
        let interval = match self.mode {
            ProgressMode::Off => return,
            ProgressMode::Json => JSON_INTERVAL,
            ProgressMode::Auto => PLAIN_INTERVAL,
        };
        if !now && self.told.elapsed() < interval {
            return;
        }
        self.told = Instant::now();
        let ProgressEvent { stage, done, total, message } = &self.event;
        match (self.mode, total) {
            (ProgressMode::Json, _) => {
                if let Ok(line) = serde_json::to_string(&self.event) {
                    eprintln!("{line}");
                }
            }
            (_, Some(total)) => eprintln!("{stage}: {done}/{total} {message}"),
            (_, None) => eprintln!("{stage}: {done} {message}"),
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
