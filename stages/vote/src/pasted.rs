//! Crops put back into the radiograph that they were cut from.

use bones::Mask;
use planes::{Frame, attribute};
use shard::Record;
use stage::{Failure, Job, Reason};

/// The record of the whole radiograph, with the masks of the crop `record` in its window and background around
/// it. A record that is no crop stays as it is.
pub(crate) fn paste(mut record: Record) -> Result<Record, Reason> {
    let Some(window) = Frame::of(&record)?.window else { return Ok(record) };
    let mask = planes::masks(&record)?;
    if mask.size() != window.size() {
        return Err(format!("its masks are {}, its window is {window}", mask.size()).into());
    }
    let parent = record.attributes.remove(attribute::PARENT);
    record.key = parent.ok_or("a crop without the attribute `parent`: what was it cut from?")?;
    Frame { size: window.full(), window: None }.write(&mut record);
    planes::set_masks(&mut record, &bones::crop::paste(&mask, &window));
    Ok(record)
}

/// Unites whole radiographs that follow one another with one key.
#[derive(Default)]
pub(crate) struct Pasted {
    waiting: Option<(Record, Mask)>,
}

impl Pasted {
    /// Takes the next one; writes the one before it, where that is of another radiograph.
    pub(crate) fn push(&mut self, job: &mut Job, record: Record) -> Result<(), Failure> {
        let refuse = |record: &Record, reason: Reason| Failure::record("output", &record.key, reason);
        let mask = planes::masks(&record).map_err(|error| refuse(&record, error.into()))?;
        match &mut self.waiting {
            Some((waiting, united)) if waiting.key == record.key => {
                *united =
                    bones::vote::hard(&[united, &mask], 1).map_err(|error| refuse(&record, error.into()))?;
                let opinion = |record: &Record| {
                    planes::opinion(&record.attributes).map_err(|error| refuse(record, error.into()))
                };
                let either = opinion(waiting)? | opinion(&record)?;
                planes::set_opinion(waiting, either);
                Ok(())
            }
            _ => {
                self.flush(job)?;
                self.waiting = Some((record, mask));
                Ok(())
            }
        }
    }

    /// Writes what waits.
    pub(crate) fn flush(&mut self, job: &mut Job) -> Result<(), Failure> {
        let Some((mut record, mask)) = self.waiting.take() else { return Ok(()) };
        planes::set_masks(&mut record, &mask);
        job.push(&record)
    }
}
