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
    /// Seconds that are left at the speed so far, where that can be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eta_seconds: Option<u64>,
}

impl ProgressEvent {
    /// How far it is, as in `30/48, 12 min left: epoch 3/6`.
    pub fn told(&self) -> String {
        let ProgressEvent { done, total, message, eta_seconds, .. } = self;
        let total = total.map(|total| format!("/{total}")).unwrap_or_default();
        let left = eta_seconds.filter(|seconds| *seconds > 0);
        let left = left.map(|seconds| format!(", {} left:", duration(seconds))).unwrap_or_default();
        format!("{done}{total}{left} {message}").trim_end_matches([' ', ':']).to_owned()
    }
}

/// Tells how far a stage is.
#[derive(Debug)]
pub(crate) struct Progress {
    event: ProgressEvent,
    mode: ProgressMode,
    bar: Option<ProgressBar>,
    told: Instant,
    /// When the first units were done, and how many: an earlier run may have done them.
    first: Option<(Instant, u64)>,
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
        let (stage, message) = (stage.to_owned(), String::new());
        let event = ProgressEvent { stage, done: 0, total: None, message, eta_seconds: None };
        Progress { event, mode, bar, told: Instant::now(), first: None }
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
        self.first.get_or_insert((Instant::now(), self.event.done));
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
        let since = |(start, before): (Instant, u64)| (start.elapsed(), self.event.done - before);
        self.event.eta_seconds = self
            .first
            .map(since)
            .and_then(|(elapsed, done)| left(elapsed, done, self.event.total?.checked_sub(self.event.done)?));
        if self.mode == ProgressMode::Json {
            // The message has its limit, and escapes make it at most six times as long: a line is never cut.
            say_whole(serde_json::to_string(&self.event).expect("names, numbers and texts are JSON"));
        } else {
            say(format_args!("{}: {}", self.event.stage, self.event.told()));
        }
    }
}

/// Seconds that `left` units take where `done` units took `elapsed`; nothing as long as that can't be told.
fn left(elapsed: Duration, done: u64, left: u64) -> Option<u64> {
    (done > 0).then(|| (elapsed.as_secs_f64() / done as f64 * left as f64).round() as u64)
}

/// A time as people say it: `40 s`, `12 min`, `3 h 20 min`.
fn duration(seconds: u64) -> String {
    let minutes = (seconds + 30) / 60;
    match (seconds, minutes) {
        (..90, _) => format!("{seconds} s"),
        (_, ..90) => format!("{minutes} min"),
        _ => format!("{} h {} min", minutes / 60, minutes % 60),
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the templates here are well-formed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_is_that_of_the_speed_so_far() {
        assert_eq!(left(Duration::from_secs(30), 0, 5), None);
        assert_eq!(left(Duration::from_secs(30), 10, 40), Some(120));
        assert_eq!(left(Duration::from_millis(10), 10, 0), Some(0));
        assert_eq!([40, 95, 5399, 12_000].map(duration), ["40 s", "2 min", "1 h 30 min", "3 h 20 min"]);
    }

    #[test]
    fn what_is_known_is_told() {
        let event = ProgressEvent {
            stage: "train".to_owned(),
            done: 30,
            total: Some(48),
            message: "epoch 3/6".to_owned(),
            eta_seconds: Some(720),
        };
        assert_eq!(event.told(), "30/48, 12 min left: epoch 3/6");
        let quiet = ProgressEvent { message: String::new(), ..event };
        assert_eq!(quiet.told(), "30/48, 12 min left");
        assert_eq!(ProgressEvent { total: None, eta_seconds: None, ..quiet }.told(), "30");
    }

    #[test]
    fn what_was_done_before_is_no_speed() {
        let mut progress = Progress::new("train", ProgressMode::Off);
        progress.total(100);
        progress.advance(90);
        let (start, before) = progress.first.expect("units were done");
        assert_eq!(before, 90);
        progress.advance(1);
        assert_eq!(progress.first, Some((start, 90)));
    }
}
