//! Progress on standard error: a bar, plain lines, JSON lines, or nothing.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shard::program::{say, say_whole, shortened};

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
        self.event.message = shortened(message).into_owned();
        match &self.bar {
            Some(bar) => bar.set_message(self.event.message.clone()),
            None => self.tell(true),
        }
    }

    /// Writes a line that stays, above the bar where there is one.
    pub(crate) fn warn(&self, text: &str) {
        match (&self.bar, self.mode) {
            (Some(bar), _) => bar.println(format!("{}: {}", self.event.stage, shortened(text))),
            (None, ProgressMode::Off) => {}
            (None, _) => say(format_args!("{}: {text}", self.event.stage)),
        }
    }

    /// Takes the bar away, where there is one, for the words that follow.
    pub(crate) fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    pub(crate) fn finish(&mut self) {
        self.clear();
        if self.bar.is_none() && self.mode == ProgressMode::Json {
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
            // The message has its limit, and escapes make it at most six times as long: a line is never cut.
            (ProgressMode::Json, _) => {
                say_whole(serde_json::to_string(&self.event).expect("names, numbers and texts are JSON"));
            }
            (_, Some(total)) => say(format_args!("{stage}: {done}/{total} {message}")),
            (_, None) => say(format_args!("{stage}: {done} {message}")),
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the templates here are well-formed")
}
