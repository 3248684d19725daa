//! Hard votes: of five submissions into one, and of masks.

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use bones::{Mask, Size, rle, submission, vote};

use super::{Outcome, Work, adler32};
use crate::Result;
use crate::inputs::{Inputs, SIDE, SUBMISSIONS};

/// Votes that a pixel needs.
const VOTES: usize = 3;

/// Five submissions → the one that three of them agree on.
pub(crate) fn submissions(inputs: &Inputs) -> Result<Work> {
    let paths: Vec<PathBuf> = (0..SUBMISSIONS).map(|number| inputs.submission(number)).collect();
    let images = inputs.radiographs()?.len();
    #[expect(clippy::panic, reason = "a broken input ends the side's process, which the bench reports")]
    let run = |paths: &Vec<PathBuf>| Rows(elect(paths).unwrap_or_else(|error| panic!("vote: {error}")));
    Ok(Work::new(vec![paths], run).of_images(images))
}

fn elect(paths: &[PathBuf]) -> Result<String> {
    let size = Size::new(SIDE, SIDE).ok_or("no size")?;
    let submissions = paths
        .iter()
        .map(|path| Ok(submission::read(BufReader::new(File::open(path)?))?))
        .collect::<Result<Vec<_>>>()?;
    let mut text = String::new();
    for image in submissions[0].images() {
        let masks = submissions.iter().map(|submission| submission.mask(image, size));
        let masks = masks.collect::<std::result::Result<Vec<Mask>, _>>()?;
        let elected = vote::hard(&masks.iter().collect::<Vec<_>>(), VOTES)?;
        text.push_str(&submission::rows(image, &elected)?);
    }
    Ok(text)
}

/// The rows of a submission.
struct Rows(String);

impl Outcome for Rows {
    fn check(&self) -> Vec<f64> {
        let texts: Vec<&str> = self.0.lines().filter_map(|row| row.rsplit(',').next()).collect();
        vec![f64::from(adler32(texts.join("\n").as_bytes()))]
    }
}

/// Five masks → the pixels that three of them have.
pub(crate) fn masks_vote(inputs: &Inputs) -> Result<Work> {
    let mut items: Vec<Vec<Mask>> = Vec::new();
    for number in 0..SUBMISSIONS {
        for (image, mask) in inputs.predicted_masks(number)?.into_iter().enumerate() {
            items.resize_with(items.len().max(image + 1), Vec::new);
            items[image].push(mask);
        }
    }
    Ok(Work::new(items, |masks| Elected(vote::hard(&masks.iter().collect::<Vec<_>>(), VOTES))))
}

/// A vote's mask, or why there is none.
struct Elected(std::result::Result<Mask, vote::VoteError>);

impl Outcome for Elected {
    fn check(&self) -> Vec<f64> {
        self.0.as_ref().map(|mask| rle::encode_all(mask).check()).unwrap_or_default()
    }
}
