//! The stages' peak memory, and whether it grows with the number of radiographs.

use std::fs;
use std::path::Path;

use serde::Serialize;

use crate::Result;
use crate::inputs::Inputs;
use crate::process::stage;

/// The most that a stage without tensors may take, in bytes.
pub(crate) const BAR: u64 = 500_000_000;

/// How much more the largest data set may take than the smallest, in bytes, for memory to count as flat: what an
/// allocator keeps back differs from run to run, and the names of a thousand files have to be kept.
pub(crate) const GROWTH_BAR: u64 = 16_000_000;

/// The peak memory of a stage.
#[derive(Debug, Serialize)]
pub(crate) struct StageMemory {
    /// The stage and its arguments.
    pub(crate) stage: String,
    /// Radiographs and bytes.
    pub(crate) peaks: Vec<(usize, u64)>,
}

impl StageMemory {
    /// The largest peak.
    pub(crate) fn most(&self) -> u64 {
        self.peaks.iter().map(|&(_, bytes)| bytes).max().unwrap_or(0)
    }

    /// Whether it is within the bar and does not grow.
    pub(crate) fn met(&self) -> bool {
        let ends = self.peaks.first().zip(self.peaks.last());
        let flat = ends.is_none_or(|((_, few), (_, many))| *many <= *few + GROWTH_BAR);
        self.most() <= BAR && flat
    }
}

/// Stages in an order in which each finds what it reads, `{…}` standing for files in the scratch folder.
const CALLS: &[(&str, &[&str])] = &[
    ("decode", &["{hands}", "--out", "{images}"]),
    ("rasterize-labels", &["{images}", "--out", "{masks}"]),
    ("offline-crop", &["{masks}", "--region", "wrist", "--out", "{crops}"]),
    ("encode-rle", &["{masks}", "--out", "{csv}"]),
    ("decode-rle", &["{csv}", "--images", "{masks}", "--out", "{read}"]),
    ("vote", &["{masks}", "{read}", "{csv}", "--out", "{voted}"]),
    ("score", &["{read}", "--truth", "{masks}", "--out", "{scores}"]),
    ("overlay", &["{masks}", "--out", "{pictures}"]),
    ("split", &["{hands}", "--unstratified", "--out", "{folds}"]),
    ("pick", &["{masks}", "--folds", "{folds}", "--side", "train", "--out", "{picked}"]),
];

/// The peaks of all stages on data sets of `counts` radiographs at 2048².
///
/// The data sets are the drawn radiographs under many names (hard links), so that they differ in nothing but their
/// number. `phantom` itself, which takes a second for each, draws a tenth of them.
pub(crate) fn measure(inputs: &Inputs, scratch: &Path, counts: &[usize]) -> Result<Vec<StageMemory>> {
    let mut found: Vec<StageMemory> = Vec::new();
    for &count in counts {
        let folder = scratch.join(count.to_string());
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        inputs.multiply(&folder.join("hands"), count, |from, to| fs::hard_link(from, to))?;
        let drawn = (count / 10).max(1).to_string();
        let phantom: &[&str] = &["--count", &drawn, "--out", "{phantoms}"];
        let calls = std::iter::once(("phantom", phantom)).chain(CALLS.iter().copied());
        for (at, (name, arguments)) in calls.enumerate() {
            let program = stage(name)?;
            let mut command = program.command();
            for argument in arguments {
                match argument.strip_prefix('{').and_then(|argument| argument.strip_suffix('}')) {
                    Some(file) => command.arg(folder.join(file)),
                    None => command.arg(argument),
                };
            }
            let peak = program.peak(&mut command, &folder.join("summary.json"))?;
            if found.len() <= at {
                let stage = match name {
                    "phantom" => "phantom (a tenth as many)".to_owned(),
                    _ => name.to_owned(),
                };
                found.push(StageMemory { stage, peaks: Vec::new() });
            }
            found[at].peaks.push((count, peak));
        }
        fs::remove_dir_all(&folder)?;
    }
    Ok(found)
}
