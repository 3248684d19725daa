//! The table: on the terminal, as Markdown, as JSON.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::process::Command;

use serde::Serialize;

use crate::activations::Activations;
use crate::figures::{median, megabytes, milliseconds, times};
use crate::memory::StageMemory;
use crate::programs::ProgramResult;
use crate::rows::{Peer, Row};
use crate::side::{Ready, Round, Side};

/// Everything that was measured, and where.
#[derive(Serialize)]
pub(crate) struct Report {
    commit: String,
    date: String,
    cpu: String,
    cores: usize,
    /// Whether networks compute in bfloat16 on it.
    bfloat16: bool,
    load: String,
    rounds: usize,
    images: usize,
    versions: BTreeMap<String, String>,
    rows: Vec<RowResult>,
    /// Rows on whole programs.
    pub(crate) programs: Vec<ProgramResult>,
    /// What stages take at most.
    pub(crate) memory: Vec<StageMemory>,
    /// What checkpointed activations save.
    pub(crate) activations: Option<Activations>,
}

/// What was measured of a row.
#[derive(Serialize)]
pub(crate) struct RowResult {
    name: &'static str,
    work: &'static str,
    bar: String,
    met: Option<bool>,
    ours: Measured,
    usual: Option<Measured>,
    tuned: Option<Measured>,
    #[serde(skip)]
    versions: BTreeMap<String, String>,
}

/// What was measured of a side.
#[derive(Serialize)]
struct Measured {
    /// What the table shows: of the processors where there is one thread, else of the clock.
    median_seconds: f64,
    extra_bytes: u64,
    stored_bytes: Option<u64>,
    seconds: Vec<f64>,
    cpu_seconds: Vec<f64>,
}

impl Measured {
    fn of(mut side: Side, row: &Row) -> Measured {
        let Ready { extra, stored, .. } = side.ready;
        let Round { seconds, cpu_seconds } = std::mem::take(&mut side.rounds);
        Measured {
            median_seconds: median(if row.threads == 1 { &cpu_seconds } else { &seconds }),
            extra_bytes: extra,
            stored_bytes: stored,
            seconds,
            cpu_seconds,
        }
    }
}

impl RowResult {
    /// What the sides of a row measured.
    pub(crate) fn new(row: &'static Row, ours: Side, peers: Vec<(&'static Peer, Side)>) -> RowResult {
        let mut result = RowResult {
            name: row.name,
            work: row.work,
            bar: "–".to_owned(),
            met: None,
            ours: Measured::of(ours, row),
            usual: None,
            tuned: None,
            versions: BTreeMap::new(),
        };
        for (peer, side) in peers {
            result.versions.extend(side.ready.versions.clone());
            let place = if peer.tuned { &mut result.tuned } else { &mut result.usual };
            *place = Some(Measured::of(side, row));
        }
        let seconds = |side: &Option<Measured>| side.as_ref().map(|side| side.median_seconds);
        let (usual, tuned) = (seconds(&result.usual), seconds(&result.tuned));
        let tuned_extra = result.tuned.as_ref().map(|side| side.extra_bytes);
        let ours = &result.ours;
        let time = row.bar.map(|bar| (bar.words(), bar.met(ours.median_seconds, usual, tuned)));
        let memory = row.extra_bar.map(|bar| (bar.words(), bar.met(ours.extra_bytes, tuned_extra)));
        let stored = row.stored_bar.zip(ours.stored_bytes);
        let stored =
            stored.map(|(most, bytes)| (format!("≤ {} stored", megabytes(most)), Some(bytes <= most)));
        let (words, met): (Vec<String>, Vec<Option<bool>>) =
            [time, memory, stored].into_iter().flatten().unzip();
        if !words.is_empty() {
            result.bar = words.join(", ");
            // A row is met where all its bars are, and nothing is said where one could not be looked at.
            result.met =
                met.into_iter().collect::<Option<Vec<bool>>>().map(|met| met.into_iter().all(|met| met));
        }
        result
    }

    fn cells(&self) -> [String; 8] {
        let time = |side: &Option<Measured>| match side {
            Some(side) => milliseconds(side.median_seconds),
            None => "–".to_owned(),
        };
        let ratio = |side: &Option<Measured>| match side {
            Some(side) => times(side.median_seconds / self.ours.median_seconds),
            None => "–".to_owned(),
        };
        let sides = [Some(&self.ours), self.usual.as_ref(), self.tuned.as_ref()];
        let extra: Vec<String> =
            sides.into_iter().flatten().map(|side| megabytes(side.extra_bytes)).collect();
        [
            self.work.to_owned(),
            milliseconds(self.ours.median_seconds),
            time(&self.usual),
            ratio(&self.usual),
            time(&self.tuned),
            ratio(&self.tuned),
            verdict(&self.bar, self.met),
            extra.join(" / "),
        ]
    }
}

const HEAD: [&str; 8] = ["work, an image", "ours", "usual", "×", "tuned", "×", "bar", "extra memory"];

impl Report {
    /// A report of this machine, without rows.
    pub(crate) fn begin(rounds: usize, images: usize) -> Report {
        let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        let changed =
            !output("git", &["status", "--porcelain", "--", ".", ":!benches/RESULTS.md"]).is_empty();
        Report {
            commit: output("git", &["rev-parse", "--short", "HEAD"])
                + if changed { ", with uncommitted changes" } else { "" },
            date: output("date", &["-u", "+%Y-%m-%d"]),
            cpu: model.map_or("unknown", |(_, model)| model).to_owned(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            bfloat16: zoo::autocast_pays(tch::Device::Cpu),
            load: fs::read_to_string("/proc/loadavg").unwrap_or_default().split(' ').take(1).collect(),
            rounds,
            images,
            versions: [
                ("rustc".to_owned(), output("rustc", &["--version"]).replacen("rustc ", "", 1)),
                ("libtorch".to_owned(), zoo::libtorch_version().to_owned()),
            ]
            .into(),
            rows: Vec::new(),
            programs: Vec::new(),
            memory: Vec::new(),
            activations: None,
        }
    }

    /// Adds a row.
    pub(crate) fn push(&mut self, row: RowResult) {
        self.versions.extend(row.versions.clone());
        self.rows.push(row);
    }

    fn lines(&self) -> Vec<[String; 8]> {
        let mut lines: Vec<[String; 8]> = self.rows.iter().map(RowResult::cells).collect();
        for program in &self.programs {
            let none = || "–".to_owned();
            lines.push([
                program.work.clone(),
                milliseconds(program.ours),
                program.peer.map_or_else(none, milliseconds),
                program.peer.map_or_else(none, |peer| times(peer / program.ours)),
                none(),
                none(),
                verdict(&format!("≤ {}", milliseconds(program.bar)), Some(program.ours <= program.bar)),
                none(),
            ]);
        }
        lines
    }

    /// The table for a terminal.
    pub(crate) fn table(&self) -> String {
        let lines = self.lines();
        let head = HEAD.map(str::to_owned);
        let all = || std::iter::once(&head).chain(&lines);
        let width = |column: usize| all().map(|line| line[column].chars().count()).max().unwrap_or(0);
        let widths: [usize; 8] = std::array::from_fn(width);
        let mut text = String::new();
        for line in all() {
            for (at, (cell, width)) in line.iter().zip(widths).enumerate() {
                let _ = match at {
                    0 | 6 => write!(text, "{cell:<width$}  "),
                    _ => write!(text, "{cell:>width$}  "),
                };
            }
            text.truncate(text.trim_end().len());
            text.push('\n');
        }
        text + "\n" + &self.stored() + &self.memory_table() + &self.activations_table()
    }

    /// `benches/RESULTS.md`.
    pub(crate) fn markdown(&self) -> String {
        let mut text = String::from("# The latest run of `just bench`\n\n");
        let _ = writeln!(
            text,
            "Commit {}, {}; {} {} bfloat16 instructions, {} cores, load {} at the start; {} radiographs of 2048², {} rounds, medians.",
            self.commit,
            self.date,
            self.cpu,
            if self.bfloat16 { "with" } else { "without" },
            self.cores,
            self.load,
            self.images,
            self.rounds
        );
        let versions: Vec<String> =
            self.versions.iter().map(|(name, version)| format!("{name} {version}")).collect();
        let _ = writeln!(text, "Versions: {}.\n", versions.join(", "));
        text.push_str(
            "Each side is a process of its own; they take turns on the same files, and their results were compared \
             first. One thread a side unless said; its time is the processor's, system calls included, so that what \
             else the machine does counts little (the JSON has the clock's too). Where there are two threads, and in \
             the last rows, it is the clock's. *Usual* is the code as competition baselines have it, *tuned* the \
             fastest form that we could find with the same libraries (`benches/peers/`). × is the peer's time by \
             ours. Extra memory is the peak above what the work began with: ours / usual / tuned. Scores are drawn, \
             not predicted: true masks with soft edges and errors that hang together. Networks are those of \
             segmentation-models-pytorch on the same weights, a batch of two at a time; on both sides, *tuned* and \
             ours, they compute in bfloat16 where the processor has instructions for it, *usual* in single \
             precision.\n\n",
        );
        let _ = writeln!(text, "| {} |\n|---|---:|---:|---:|---:|---:|---|---:|", HEAD.join(" | "));
        for line in self.lines() {
            let _ = writeln!(text, "| {} |", line.join(" | "));
        }
        text.push('\n');
        text + &self.stored() + &self.memory_table() + &self.activations_table()
    }

    /// The sizes of what is stored.
    fn stored(&self) -> String {
        let mut text = String::new();
        for row in &self.rows {
            if let Some(ours) = row.ours.stored_bytes {
                let peer = row.usual.as_ref().and_then(|usual| usual.stored_bytes);
                let peer = peer.map_or(String::new(), |bytes| format!(", {} as npz", megabytes(bytes)));
                let _ = writeln!(text, "{}: {} an image{peer}.\n", row.work, megabytes(ours));
            }
        }
        text
    }

    fn memory_table(&self) -> String {
        let Some(first) = self.memory.first() else { return String::new() };
        let counts: Vec<String> = first.peaks.iter().map(|(count, _)| format!("{count} images")).collect();
        let mut text = format!("| peak memory of a stage | {} | bar |\n|---|", counts.join(" | "));
        text.push_str(&"---:|".repeat(counts.len()));
        text.push_str("---|\n");
        for stage in &self.memory {
            let peaks: Vec<String> = stage.peaks.iter().map(|&(_, bytes)| megabytes(bytes)).collect();
            let bar = verdict("≤ 500 MB, flat", Some(stage.met()));
            let _ = writeln!(text, "| {} | {} | {bar} |", stage.stage, peaks.join(" | "));
        }
        text
    }

    fn activations_table(&self) -> String {
        let Some(activations) = &self.activations else { return String::new() };
        let [kept, checkpointed, saved] = activations.cells();
        let bar = verdict("≥ 40 % less", Some(activations.met()));
        let work = "training step of unetplusplus/resnet50, one image of 1024²";
        format!(
            "\n| extra memory | activations kept | checkpointed | less | bar |\n|---|---:|---:|---:|---|\n\
             | {work} | {kept} | {checkpointed} | {saved} | {bar} |\n"
        )
    }
}

fn verdict(bar: &str, met: Option<bool>) -> String {
    match met {
        Some(true) => format!("{bar}: met"),
        Some(false) => format!("{bar}: MISSED"),
        None => bar.to_owned(),
    }
}

/// What a program prints, or nothing.
fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}
