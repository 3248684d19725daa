//! What a run did: as a table, as JSON, and remembered for the timeline.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::check::graph::Step;
use crate::store::Object;

/// What a run did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// The pipeline's name.
    pub pipeline: String,
    /// Its file.
    pub file: String,
    /// When it began, in milliseconds since 1970.
    pub started: u64,
    /// How long it took.
    pub seconds: f64,
    /// The exit code.
    pub exit: u8,
    /// The steps, in the order of the graph.
    pub steps: Vec<StepReport>,
    /// What was put where the pipeline file says.
    pub exports: Vec<PathBuf>,
    /// What was not put there, because something else is: where, and what to do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<String>,
}

/// What became of a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StepReport {
    /// The step's name.
    pub step: String,
    /// Its stage.
    pub stage: String,
    /// What became of it.
    pub state: State,
    /// Records (or files) that it wrote.
    pub records: Option<u64>,
    /// Seconds from the start of the run to its start.
    pub start: Option<f64>,
    /// Seconds that it ran.
    pub seconds: Option<f64>,
    /// Digest of the content of its output.
    pub digest: Option<String>,
    /// Key of its result; none where its output was piped on.
    pub key: Option<String>,
    /// Why it ran, failed or was skipped.
    pub message: String,
}

/// What became of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Its result was in the store.
    Hit,
    /// It ran to its end.
    Ran,
    /// It failed.
    Failed,
    /// It did not run, because something else failed or the run was stopped.
    Skipped,
    /// In a dry run: it will run.
    Run,
    /// In a dry run: it will run if what it reads changes.
    Waits,
}

impl State {
    /// The state as a word.
    pub fn word(self) -> &'static str {
        match self {
            State::Hit => "hit",
            State::Ran => "ran",
            State::Failed => "failed",
            State::Skipped => "skipped",
            State::Run => "run",
            State::Waits => "waits",
        }
    }
}

impl Report {
    /// The table: step, state, records, seconds, digest.
    pub fn table(&self) -> String {
        let mut rows = vec![["node", "state", "records", "seconds", "digest"].map(str::to_owned)];
        for step in &self.steps {
            rows.push([
                step.step.clone(),
                step.state.word().to_owned(),
                step.records.map_or_else(|| "–".to_owned(), |records| records.to_string()),
                step.seconds.map_or_else(|| "–".to_owned(), |seconds| format!("{seconds:.2}")),
                step.digest.as_deref().map_or("–", short).to_owned(),
            ]);
        }
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let [name, state, records, seconds] = [0, 1, 2, 3].map(width);
        let line = |row: &[String; 5]| {
            format!(
                "{:<name$}  {:<state$}  {:>records$}  {:>seconds$}  {}\n",
                row[0], row[1], row[2], row[3], row[4]
            )
        };
        rows.iter().map(line).collect()
    }

    /// How many steps have a state.
    pub fn count(&self, state: State) -> usize {
        self.steps.iter().filter(|step| step.state == state).count()
    }

    /// Everything in one line.
    pub fn summary(&self) -> String {
        let counts = [State::Ran, State::Hit, State::Failed, State::Skipped];
        let counts = counts.into_iter().filter(|state| self.count(*state) > 0);
        let counts: Vec<String> =
            counts.map(|state| format!("{} {}", self.count(state), state.word())).collect();
        format!("{}: {} in {:.2} s", self.pipeline, counts.join(", "), self.seconds)
    }
}

impl StepReport {
    /// A step of which nothing but this is known.
    pub(crate) fn new(step: &Step, state: State, message: String) -> StepReport {
        StepReport {
            step: step.name.clone(),
            stage: step.stage.clone(),
            state,
            records: None,
            start: None,
            seconds: None,
            digest: None,
            key: None,
            message,
        }
    }

    /// Adds what is known of its result.
    pub(crate) fn result(&mut self, object: &Object) {
        self.records = Some(object.records);
        self.digest = Some(object.digest.clone());
        self.key = Some(object.key.clone());
    }
}

/// Enough of a digest to tell it from others.
pub(crate) fn short(digest: &str) -> &str {
    let start = digest.find(':').map_or(0, |colon| colon + 1);
    digest.get(start..start + 12).unwrap_or(&digest[start..])
}

/// Milliseconds since 1970.
pub(crate) fn now() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |now| now.as_millis() as u64)
}
