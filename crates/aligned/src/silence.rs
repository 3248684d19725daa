//! Silence: what inputs have no opinion on, told on standard error and counted.

use bones::BoneSet;
use stage::Job;

/// What each input has no opinion on.
pub(crate) struct Silences(Vec<Silence>);

#[derive(Clone, Copy, Default)]
struct Silence {
    bones: BoneSet,
    /// In how many radiographs one of them or more.
    radiographs: u64,
    /// How many bones of radiographs.
    count: u64,
}

impl Silences {
    /// Of so many inputs.
    pub(crate) fn of(inputs: usize) -> Silences {
        Silences(vec![Silence::default(); inputs])
    }

    /// Takes the opinions of all inputs on one radiograph; `None` for those that lack it.
    pub(crate) fn note(&mut self, opinions: &[Option<BoneSet>]) {
        for (silence, opinion) in self.0.iter_mut().zip(opinions) {
            let bones = opinion.map_or(BoneSet::EMPTY, |opinion| BoneSet::ALL - opinion);
            silence.bones = silence.bones | bones;
            silence.radiographs += u64::from(!bones.is_empty());
            silence.count += bones.len() as u64;
        }
    }

    /// Says it of the inputs of these names.
    pub(crate) fn tell<'a>(self, job: &mut Job, names: impl Iterator<Item = &'a str>) {
        for (silence, name) in self.0.into_iter().zip(names).filter(|(silence, _)| silence.radiographs > 0) {
            job.count("bones without an opinion", silence.count);
            job.note(&format!(
                "{name}: no opinion on {} of {} bones ({}) in {} radiographs; it takes no part there",
                silence.bones.len(),
                BoneSet::ALL.len(),
                planes::first_names(silence.bones),
                silence.radiographs
            ));
        }
    }
}
