//! The table of what is measured: each row a piece of work, our side of it, its peers, and the bar it must pass.

mod networks;

use crate::Result;
use crate::bar::{Bar, Extra};
use crate::inputs::Inputs;
use crate::work::{self, Work};

/// A row of the table.
pub(crate) struct Row {
    /// Its name on the command line.
    pub(crate) name: &'static str,
    /// What is done, an image at a time.
    pub(crate) work: &'static str,
    /// Threads on each side.
    pub(crate) threads: usize,
    /// Our side.
    pub(crate) ours: fn(&Inputs) -> Result<Work>,
    /// The other side, as usually written and tuned.
    pub(crate) peers: &'static [Peer],
    /// What must be reached.
    pub(crate) bar: Option<Bar>,
    /// Memory that our side may take beside its input.
    pub(crate) extra_bar: Option<Extra>,
    /// Bytes that what our side stores of an image may have.
    pub(crate) stored_bar: Option<u64>,
    /// How far results may differ, relative to their size.
    pub(crate) tolerance: f64,
}

/// A Python program that does the same.
pub(crate) struct Peer {
    /// `MODULE.FUNCTION` of `peers/`.
    pub(crate) function: &'static str,
    /// Whether it is the tuned form.
    pub(crate) tuned: bool,
    /// Whether it needs PyTorch.
    pub(crate) torch: bool,
}

impl Row {
    /// Whether both sides came to the same result.
    pub(crate) fn compare(&self, ours: &[f64], theirs: &[f64]) -> std::result::Result<(), String> {
        if ours.is_empty() || theirs.is_empty() {
            return Ok(());
        }
        if ours.len() != theirs.len() {
            return Err(format!("gives {} results, we {}", theirs.len(), ours.len()));
        }
        let differ = |(a, b): &(&f64, &f64)| (*a - *b).abs() > self.tolerance * a.abs().max(1.0);
        match ours.iter().zip(theirs).position(|pair| differ(&pair)) {
            Some(at) => Err(format!("has {} as result {at}, we {}", theirs[at], ours[at])),
            None => Ok(()),
        }
    }
}

const fn usual(function: &'static str) -> Peer {
    Peer { function, tuned: false, torch: false }
}

const fn tuned(function: &'static str) -> Peer {
    Peer { function, tuned: true, torch: false }
}

const fn torch(peer: Peer) -> Peer {
    Peer { torch: true, ..peer }
}

/// One core, exact, without a bar.
pub(crate) const fn row(
    name: &'static str,
    work: &'static str,
    ours: fn(&Inputs) -> Result<Work>,
    peers: &'static [Peer],
) -> Row {
    Row { name, work, threads: 1, ours, peers, bar: None, extra_bar: None, stored_bar: None, tolerance: 0.0 }
}

/// Of no row of the table, but compared with each other: a training step with all activations kept until the backward
/// pass, and one that works them out again.
pub(crate) const ACTIVATIONS: [Row; 2] = [
    Row { threads: 2, ..row("networks-kept", "activations kept", |_| work::large_training(false), &[]) },
    Row {
        threads: 2,
        tolerance: 1e-2,
        ..row("networks-checkpointed", "activations checkpointed", |_| work::large_training(true), &[])
    },
];

const fn at_most(milliseconds: f64, row: Row) -> Row {
    Row { bar: Some(Bar::Milliseconds(milliseconds)), ..row }
}

const fn not_slower(row: Row) -> Row {
    Row { bar: Some(Bar::NotSlower), ..row }
}

/// Every row.
pub(crate) fn all() -> impl Iterator<Item = &'static Row> {
    ROWS.iter().chain(networks::ROWS)
}

/// The rows on files, masks and scores.
const ROWS: &[Row] = &[
    at_most(
        2.5,
        row(
            "outlines",
            "outline JSON → masks of 29 bones",
            work::outlines,
            &[usual("outlines.usual"), tuned("outlines.tuned")],
        ),
    ),
    at_most(
        1.0,
        row(
            "run-length-text",
            "29 masks → run-length text",
            work::run_length_text,
            &[usual("rle.usual"), tuned("rle.tuned")],
        ),
    ),
    at_most(
        3.0,
        row(
            "submissions-vote",
            "hard vote of five CSVs → CSV",
            work::submissions,
            &[usual("votes.usual"), tuned("votes.tuned")],
        ),
    ),
    not_slower(row("radiographs", "PNG → grey image", work::radiographs, &[usual("radiographs.usual")])),
    Row {
        threads: 2,
        ..not_slower(row(
            "radiographs-parallel",
            "PNG → grey image, two threads",
            work::radiographs_parallel,
            &[usual("radiographs.usual")],
        ))
    },
    Row {
        threads: 2,
        bar: Some(Bar::Faster { usual: 8.0, tuned: 8.0 }),
        ..row(
            "training-input",
            "training input at 512², two threads, as tensors (usual: one process, tuned: two workers)",
            work::training_input,
            &[usual("training.usual"), torch(tuned("training.tuned"))],
        )
    },
    at_most(
        1.0,
        row(
            "training-sample",
            "a sample of 512² from 2048² in memory: turned, scaled, mirrored, contrast",
            work::training_sample,
            &[usual("training.in_memory")],
        ),
    ),
    at_most(
        3.0,
        row(
            "training-sample-field",
            "the same by the whole recipe `field`",
            work::training_sample_field,
            &[usual("training.in_memory_field")],
        ),
    ),
    Row {
        // A pixel may differ where a score is within rounding of the threshold.
        tolerance: 1e-4,
        extra_bar: Some(Extra::AtMost(40_000_000)),
        ..at_most(
            12.0,
            row(
                "scores-one-model",
                "scores 512² → masks 2048², one model",
                work::one_model,
                &[torch(usual("scores.one_usual")), torch(tuned("scores.one_tuned"))],
            ),
        )
    },
    Row {
        tolerance: 1e-4,
        extra_bar: Some(Extra::AtMost(40_000_000)),
        ..at_most(
            45.0,
            row(
                "scores-three-models",
                "scores 512² → masks 2048², soft vote of three",
                work::three_models,
                &[torch(usual("scores.three_usual")), torch(tuned("scores.three_tuned"))],
            ),
        )
    },
    // 29 × 512² × 2 bytes at 150 MB/s.
    Row {
        stored_bar: Some(4_000_000),
        ..at_most(
            101.4,
            row(
                "scores-write",
                "f16 scores 512² → shard record",
                work::write_scores,
                &[usual("storage.write")],
            ),
        )
    },
    Row {
        // The peer keeps every bit.
        tolerance: 1e-3,
        ..at_most(
            101.4,
            row("scores-read", "shard record → f16 scores 512²", work::read_scores, &[usual("storage.read")]),
        )
    },
    at_most(
        101.4,
        row(
            "scores-write-exact",
            "f16 scores 512² → shard record, every bit",
            work::write_exact,
            &[usual("storage.write")],
        ),
    ),
    at_most(
        101.4,
        row(
            "scores-read-exact",
            "shard record → f16 scores 512², every bit",
            work::read_exact,
            &[usual("storage.read")],
        ),
    ),
    // 29 × 512² × 2 bytes at 150 MB/s, as for half precision.
    Row {
        stored_bar: Some(1_000_000),
        ..at_most(
            101.4,
            row(
                "scores-write-quantised",
                "scores 512² → shard record, a byte each",
                work::write_quantised,
                &[usual("storage.write_quantised")],
            ),
        )
    },
    Row {
        // What the peer gives for a byte may round to another half precision number.
        tolerance: 1e-6,
        ..at_most(
            101.4,
            row(
                "scores-read-quantised",
                "shard record, a byte each → f16 scores 512²",
                work::read_quantised,
                &[usual("storage.read_quantised")],
            ),
        )
    },
    row(
        "masks-vote",
        "hard vote of five masks",
        work::masks_vote,
        &[usual("votes.masks_usual"), tuned("votes.masks_tuned")],
    ),
    row("flip", "flip left to right", work::flip, &[usual("walks.flip_usual"), tuned("walks.flip_tuned")]),
    row("crop", "crop 1024² and paste back", work::crop_and_paste, &[usual("walks.crop_usual")]),
    row("nearest", "nearest resize 2048² → 512²", work::shrink, &[usual("walks.shrink_usual")]),
    row(
        "contours",
        "contours of 29 bones",
        work::contours,
        &[usual("walks.trace_usual"), tuned("walks.trace_tuned")],
    ),
    row(
        "largest-component",
        "largest component of 29 bones",
        work::largest_component,
        &[usual("walks.largest_usual"), tuned("walks.largest_tuned")],
    ),
    row(
        "holes",
        "holes of 29 bones filled",
        work::holes,
        &[usual("walks.holes_usual"), tuned("walks.holes_tuned")],
    ),
    row(
        "shared",
        "pixels that each pair of 29 bones shares",
        work::shared_pixels,
        &[usual("walks.shared_usual"), tuned("walks.shared_tuned")],
    ),
    row("areas", "areas of 29 bones", work::areas, &[usual("walks.areas_usual"), tuned("walks.areas_tuned")]),
    Row {
        tolerance: 1e-9,
        ..row("dice", "Dice of 29 bones", work::dice, &[usual("walks.dice_usual"), tuned("walks.dice_tuned")])
    },
    Row {
        tolerance: 1e-9,
        ..row(
            "surfaces",
            "HD95 and NSD of 29 bones",
            work::surfaces,
            &[usual("walks.surface_usual"), tuned("walks.surface_tuned")],
        )
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_named_once_and_have_one_usual_peer() {
        for (at, row) in all().enumerate() {
            assert!(all().take(at).all(|other| other.name != row.name), "{} twice", row.name);
            assert_eq!(row.peers.iter().filter(|peer| !peer.tuned).count(), 1, "{}", row.name);
            assert!(row.peers.len() <= 2, "{}", row.name);
        }
    }

    #[test]
    fn peers_are_functions_of_their_files() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("peers");
        for peer in all().flat_map(|row| row.peers) {
            let (module, function) = peer.function.split_once('.').unwrap_or_default();
            let source = std::fs::read_to_string(folder.join(module).with_extension("py"));
            let source = source.unwrap_or_default();
            assert!(source.contains(&format!("\ndef {function}(inputs, threads):\n")), "{}", peer.function);
        }
    }

    #[test]
    fn results_are_compared_within_the_tolerance() {
        let row = &ROWS[0];
        assert!(row.compare(&[1.0, 2.0], &[1.0, 2.0]).is_ok());
        assert!(row.compare(&[1.0, 2.0], &[1.0, 2.5]).is_err());
        assert!(row.compare(&[1.0], &[1.0, 2.0]).is_err());
    }
}
