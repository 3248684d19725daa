//! How far a run is.

use checkpoint::{Extent, Kept, Leg, Validation};
use serde::{Deserialize, Serialize};

use super::identity::{self, Difference, Identity};
use crate::Patience;
use crate::recipe::Run;

/// Where a run ends: after so many epochs or so many steps, whichever comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Goal {
    /// Epochs.
    pub epochs: u64,
    /// Steps.
    pub steps: u64,
}

impl Goal {
    /// That of a whole run.
    pub fn of(run: &Run) -> Goal {
        match run.steps {
            Some(steps) => Goal { epochs: u64::MAX, steps },
            None => Goal { epochs: run.epochs, steps: u64::MAX },
        }
    }
}

/// How far a run is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    /// Epochs done.
    pub epoch: u64,
    /// Steps done.
    pub step: u64,
    /// The best validation so far.
    pub best: Option<Validation>,
    /// The last validation so far.
    pub last: Option<Validation>,
    /// What early stopping has seen.
    pub patience: Patience,
    /// The weights that are kept.
    #[serde(default)]
    pub kept: Vec<Kept>,
    /// The stretches before.
    #[serde(default)]
    pub legs: Vec<Leg>,
    /// What the stepper notes beside its tensors.
    pub(super) stepper: serde_json::Value,
    /// Length of `metrics.jsonl` in bytes; what follows was written by an epoch that did not end.
    pub(super) metrics: u64,
    /// Of which run this is.
    pub(super) identity: Identity,
    /// Digest of the run that it went on from, as long as it grows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) resumed: Option<String>,
}

impl Progress {
    /// That of a run that has done nothing.
    pub(super) fn none(identity: Identity, patience: Patience) -> Progress {
        Progress {
            epoch: 0,
            step: 0,
            best: None,
            last: None,
            patience,
            kept: Vec::new(),
            legs: Vec::new(),
            stepper: serde_json::Value::Null,
            metrics: 0,
            identity,
            resumed: None,
        }
    }

    /// Whether the run came to its goal.
    pub fn reaches(&self, goal: Goal) -> bool {
        self.epoch >= goal.epochs || self.step >= goal.steps
    }

    /// Whether nothing is left to do: the run came to its goal, or stops early.
    pub fn is_done(&self, goal: Goal) -> bool {
        self.reaches(goal) || self.patience.is_over()
    }

    /// How long the run is so far.
    pub fn extent(&self) -> Extent {
        Extent { epochs: self.epoch, steps: self.step }
    }

    /// Goes on as the run `identity`, which is otherwise in this.
    pub(super) fn turn(&mut self, identity: &Identity, patience: Patience, differences: &[Difference]) {
        self.legs.push(Leg { end: self.extent(), had: identity::had(differences) });
        self.identity = identity.clone();
        self.patience = self.patience.clone().within(patience);
        let renamed = |difference: &Difference| difference.name == "schedule.name";
        if let (true, Some(notes)) = (differences.iter().any(renamed), self.stepper.as_object_mut()) {
            // What one schedule remembers is nothing to another.
            notes.remove("schedule");
        }
    }

    /// Which weights to keep of the epoch that ended, of which there is this validation, as a run asks for: every so many
    /// epochs, and the best few. Whether its own are among them.
    pub(crate) fn keep(&mut self, run: &Run, validation: Option<&Validation>) -> bool {
        let epoch = self.epoch;
        self.kept.push(Kept { epoch, dice: validation.map(|validation| validation.dice) });
        let mut ranks: Vec<&Kept> = self.kept.iter().filter(|kept| kept.dice.is_some()).collect();
        ranks.sort_by(|one, other| other.dice.partial_cmp(&one.dice).unwrap_or(std::cmp::Ordering::Equal));
        // The best of all is `model.safetensors`; alone it needs no second file.
        let most = if run.keep_best > 1 { run.keep_best as usize } else { 0 };
        let best: Vec<u64> = ranks.iter().take(most).map(|kept| kept.epoch).collect();
        let due = |epoch: u64| run.keep_every > 0 && epoch.is_multiple_of(run.keep_every);
        self.kept.retain(|kept| due(kept.epoch) || best.contains(&kept.epoch));
        self.kept.last().is_some_and(|kept| kept.epoch == epoch)
    }

    /// Takes note of a validation; whether it is the best so far.
    pub(crate) fn note(&mut self, validation: &Validation) -> bool {
        self.last = Some(validation.clone());
        self.patience.note(validation.dice);
        let best = self.best.as_ref().is_none_or(|best| validation.dice > best.dice);
        if best {
            self.best = Some(validation.clone());
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use checkpoint::{Data, Versions};

    use super::*;

    #[test]
    fn the_best_few_and_every_so_many_are_kept() {
        let data = Data { digests: Vec::new(), records: 1, patients: 1 };
        let versions = Versions { train: String::new(), libtorch: String::new() };
        let recipe = serde_json::Value::Null;
        let identity = Identity {
            recipe,
            seed: 0,
            start: None,
            pretrained: None,
            training: data,
            validation: None,
            versions,
        };
        let epochs = |run: &Run| {
            let mut progress = Progress::none(identity.clone(), Patience::new(None, 0.0));
            for (epoch, dice) in [(1, 0.5), (2, 0.9), (3, 0.7), (4, 0.9), (5, 0.8)] {
                progress.epoch = epoch;
                let validation = Validation {
                    epoch,
                    step: epoch,
                    dice,
                    classes: Vec::new(),
                    loss: None,
                    terms: Default::default(),
                };
                let kept = progress.keep(run, Some(&validation));
                assert_eq!(kept, progress.kept.iter().any(|kept| kept.epoch == epoch));
            }
            progress.kept.iter().map(|kept| kept.epoch).collect::<Vec<_>>()
        };
        assert_eq!(epochs(&Run::default()), [0; 0]);
        assert_eq!(epochs(&Run { keep_best: 2, ..Run::default() }), [2, 4]);
        assert_eq!(epochs(&Run { keep_best: 3, keep_every: 3, ..Run::default() }), [2, 3, 4, 5]);
        assert_eq!(epochs(&Run { keep_every: 2, ..Run::default() }), [2, 4]);
    }
}
