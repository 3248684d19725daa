//! The ballot: how the votes on one radiograph are counted.

use aligned::{Aligned, Member, Row};
use bones::scores::{Logits, Thresholds, Values, to_mask};
use bones::vote::{Needed, Voter, elect};
use bones::{BoneSet, Mask};
use planes::{Frame, Scores};
use shard::{Header, Record};
use stage::{Failure, Reason};

use crate::{Mode, Vote};

/// How the votes on one radiograph are counted.
pub(crate) struct Ballot {
    rule: Rule,
    /// How many of the inputs vote: those behind them only tell what the images are.
    voters: usize,
    thresholds: Thresholds,
}

/// What the votes on one radiograph come to.
pub(crate) struct Decision {
    /// The radiograph with its masks.
    pub(crate) record: Record,
    /// Whether anybody voted.
    pub(crate) voted: bool,
    /// What is doubtful about it.
    pub(crate) misgiving: Option<String>,
}

enum Rule {
    /// So many of the masks that have an opinion.
    Hard { needed: Needed },
    /// The mean by these weights, one for each input.
    Soft { weights: Vec<f32> },
}

impl Ballot {
    /// The ballot that the arguments and the inputs ask for.
    pub(crate) fn new(vote: &Vote, rows: &Aligned, thresholds: Thresholds) -> Result<Ballot, Failure> {
        let has_scores = |header: Option<&Header>| {
            header.is_some_and(|header| header.plane(planes::name::SCORES).is_some())
        };
        let voters = rows.headers().count() - usize::from(vote.images.is_some());
        let all_scores = rows.headers().take(voters).all(has_scores);
        let soft = vote.mode == Mode::Soft || (vote.mode == Mode::Auto && all_scores);
        let usage = |text: String| Err(Failure::Usage(text));
        if soft {
            if !all_scores {
                let reason = "a soft vote needs scores, and not all of these are; choose --mode hard, or have \
                              `predict` emit scores";
                return Err(Failure::data(rows.file(), reason));
            }
            if vote.min_votes.is_some() {
                return usage("--min-votes counts masks: give --mode hard too".to_owned());
            }
            if !vote.weights.is_empty() && vote.weights.len() != voters {
                return usage(format!("--weights has {} weights for {voters} inputs", vote.weights.len()));
            }
            if vote.weights.iter().any(|weight| !weight.is_finite() || *weight < 0.0)
                || (!vote.weights.is_empty() && vote.weights.iter().all(|weight| *weight == 0.0))
            {
                return usage("--weights must be finite, not negative, and not all zero".to_owned());
            }
            let weights = if vote.weights.is_empty() { vec![1.0; voters] } else { vote.weights.clone() };
            return Ok(Ballot { rule: Rule::Soft { weights }, voters, thresholds });
        }
        if !vote.weights.is_empty() {
            return usage("--weights are for a soft vote, and this is a hard one".to_owned());
        }
        let min_votes = vote.min_votes.map(usize::from);
        if let Some(k) = min_votes.filter(|&k| k > voters) {
            return usage(format!("--min-votes {k} can't be reached by {voters} inputs"));
        }
        let needed = min_votes.map_or(Needed::Majority, Needed::AtLeast);
        Ok(Ballot { rule: Rule::Hard { needed }, voters, thresholds })
    }

    /// What the votes of a row come to.
    pub(crate) fn decide(&self, row: &Row) -> Result<Decision, Reason> {
        let frame = Frame::of(&row.head)?;
        let record =
            |member: &Option<Member>| member.as_ref().map(|member| member.record(&row.head)).transpose();
        let records = row.members[..self.voters].iter().map(record).collect::<Result<Vec<_>, Reason>>()?;
        for record in records.iter().flatten() {
            let other = Frame::of(record)?;
            if other != frame {
                return Err(format!("its inputs show different parts of it: {frame:?}, {other:?}").into());
            }
        }
        let votes = match &self.rule {
            Rule::Soft { weights } => self.soft(&frame, &records, weights)?.map(|mask| (mask, BoneSet::ALL)),
            Rule::Hard { needed } => self.hard(&frame, &records, *needed)?,
        };
        let voted = votes.is_some();
        // A radiograph on which nobody votes shows nothing; that is said, and is not the same as no opinion.
        let (mask, opinion) = votes.unwrap_or_else(|| (Mask::empty(frame.size), BoneSet::ALL));
        let mut record = row.head.clone();
        planes::set_masks(&mut record, &mask);
        planes::set_opinion(&mut record, opinion);
        let misgiving = if voted { frame.misgiving_about(&mask, opinion) } else { None };
        Ok(Decision { record, voted, misgiving })
    }

    /// `None` where no record has a weight.
    fn soft(
        &self,
        frame: &Frame,
        records: &[Option<Record>],
        weights: &[f32],
    ) -> Result<Option<Mask>, Reason> {
        let scores = records
            .iter()
            .zip(weights)
            .filter(|(_, weight)| **weight > 0.0)
            .filter_map(|(record, weight)| Some((planes::scores(record.as_ref()?), *weight)))
            .map(|(scores, weight)| Ok((scores?, weight)))
            .collect::<Result<Vec<(Scores, f32)>, Reason>>()?;
        if scores.is_empty() {
            return Ok(None);
        }
        let maps = scores
            .iter()
            .map(|(scores, weight)| Ok((Logits::new(Values::F16(scores.logits()), scores.size())?, *weight)))
            .collect::<Result<Vec<(Logits<'_>, f32)>, Reason>>()?;
        Ok(Some(to_mask(&maps, frame.size, &self.thresholds)?))
    }

    /// The masks, and the bones on which any voter has an opinion; `None` where there is no record.
    fn hard(
        &self,
        frame: &Frame,
        records: &[Option<Record>],
        needed: Needed,
    ) -> Result<Option<(Mask, BoneSet)>, Reason> {
        let vote = |record: &Record| match record.plane(planes::name::MASKS) {
            Some(_) => Ok(planes::masks_and_opinion(record)?),
            None => {
                let mask = self.soft(frame, &[Some(record.clone())], &[1.0])?;
                Ok((mask.expect("one record of weight 1 was given"), BoneSet::ALL))
            }
        };
        let votes = records.iter().flatten().map(vote).collect::<Result<Vec<(Mask, BoneSet)>, Reason>>()?;
        if votes.is_empty() {
            return Ok(None);
        }
        let voters: Vec<Voter<'_>> =
            votes.iter().map(|(mask, opinion)| Voter { mask, opinion: *opinion }).collect();
        let opinion = votes.iter().fold(BoneSet::EMPTY, |all, (_, opinion)| all | *opinion);
        Ok(Some((elect(&voters, needed)?, opinion)))
    }
}
