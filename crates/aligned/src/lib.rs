//! Several inputs side by side: for each radiograph what each of them has of it.
//!
//! An input is a shard or a submission, told by its content. Records of shards belong together by their key; a
//! submission knows images by their names alone, so its rows belong to the record with the attribute
//! `image_name`. Shards in files are read in any order, through their index; what comes through a pipe can be read
//! but once, so that pipes must have their records in one order.
//!
//! A submission without any row for a bone has no opinion on it, and neither have masks that are read from it
//! ([`planes::opinion`]). [`Member::opinion`] tells; what lacks one is said on standard error and counted.

mod beside;
mod input;
mod listing;
mod silence;

use std::path::PathBuf;

use bones::{BoneSet, Size};
use clap::Args;
use planes::{Frame, attribute};
use schemars::JsonSchema;
use serde::Serialize;
use shard::{Header, Record};
use stage::{Failure, Job, Reason};

pub use beside::Beside;
use input::Input;
pub use input::Member;
pub use listing::Listing;
use silence::Silences;

/// How large the images of a submission are that no shard tells more of.
#[derive(Clone, Copy, Debug, Args, Serialize, JsonSchema)]
pub struct ImageSize {
    /// Width in pixels of the images of a submission, where no shard tells it
    #[arg(long, value_name = "PIXELS", default_value_t = 2048, value_parser = clap::value_parser!(u32).range(1..=65535))]
    pub width: u32,
    /// Height in pixels of the images of a submission, where no shard tells it
    #[arg(long, value_name = "PIXELS", default_value_t = 2048, value_parser = clap::value_parser!(u32).range(1..=65535))]
    pub height: u32,
}

impl ImageSize {
    /// The size.
    pub fn get(self) -> Result<Size, Failure> {
        Size::new(self.width, self.height)
            .ok_or_else(|| Failure::Usage(format!("{}×{} is too large", self.width, self.height)))
    }
}

/// What becomes of a radiograph that some inputs lack.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Missing {
    /// It is an error that names it.
    Refuse,
    /// It goes on without them.
    Allow,
}

/// What the inputs have of one radiograph.
#[derive(Clone, Debug)]
pub struct Row {
    /// Key and attributes without planes, as the first input that has the radiograph tells them.
    pub head: Record,
    /// What each input has, in the order in which they were given.
    pub members: Vec<Option<Member>>,
}

impl Row {
    /// The records of the inputs, with the name of the input that each is from.
    pub fn records(&self) -> Result<Vec<Option<Record>>, Reason> {
        let record = |member: &Option<Member>| match member {
            Some(member) => member.record(&self.head).map(Some),
            None => Ok(None),
        };
        self.members.iter().map(record).collect()
    }

    /// The bones on which each input has an opinion; `None` for an input that lacks the radiograph.
    fn opinions(&self) -> Result<Vec<Option<BoneSet>>, Reason> {
        self.members.iter().map(|member| member.as_ref().map(Member::opinion).transpose()).collect()
    }
}

/// Several inputs side by side: an iterator over [`Row`]s.
pub struct Aligned {
    inputs: Vec<Input>,
    /// Indices of inputs: those that can be read but once, then those that know keys, then submissions. Each leads
    /// through what those before it have not.
    order: Vec<usize>,
    leading: usize,
    missing: Missing,
    incomplete: u64,
}

impl Aligned {
    /// Opens inputs, each the name of its port and a path. `size` is that of images which no shard tells more of.
    pub fn open(
        job: &mut Job,
        inputs: &[(&str, PathBuf)],
        size: Size,
        missing: Missing,
    ) -> Result<Aligned, Failure> {
        input::check_standard_input(inputs.iter().map(|(_, path)| path.as_path()))?;
        let inputs = inputs
            .iter()
            .map(|(port, path)| Input::open(job, port, path, size))
            .collect::<Result<Vec<_>, Failure>>()?;
        let mut order: Vec<usize> = (0..inputs.len()).collect();
        order.sort_by_key(|&index| inputs[index].rank());
        Ok(Aligned { inputs, order, leading: 0, missing, incomplete: 0 })
    }

    /// The headers of the inputs; submissions have none.
    pub fn headers(&self) -> impl Iterator<Item = Option<&Header>> {
        self.inputs.iter().map(Input::header)
    }

    /// How messages name all inputs together.
    pub fn file(&self) -> String {
        let names: Vec<&str> = self.inputs.iter().map(Input::name).collect();
        names.join(", ")
    }

    /// How many rows so far lacked a member.
    pub fn incomplete(&self) -> u64 {
        self.incomplete
    }

    /// Calls `work` on rayon's threads for each row, and `sink` on this thread with the results, in order. A row
    /// that `work` refuses ends the stage with 65, or is skipped where `--skip-bad` allows it. Gives the number
    /// of rows that lacked a member.
    pub fn each<T: Send>(
        mut self,
        job: &mut Job,
        work: impl Fn(&Row) -> Result<T, Reason> + Sync,
        mut sink: impl FnMut(&mut Job, T) -> Result<(), Failure>,
    ) -> Result<u64, Failure> {
        let file = self.file();
        let mut silences = Silences::of(self.inputs.len());
        shard::ordered::map(
            &mut self,
            job.threads() * 2,
            |row: Row| {
                let done = row.opinions().and_then(|opinions| Ok((work(&row)?, opinions)));
                Ok((row.head.key, done))
            },
            |(key, done)| {
                job.advance(1);
                match done {
                    Ok((value, opinions)) => {
                        silences.note(&opinions);
                        sink(job, value)
                    }
                    Err(reason) => job.skip(&file, &key, reason),
                }
            },
        )?;
        silences.tell(job, self.inputs.iter().map(Input::name));
        for input in self.inputs {
            input.close(job)?;
        }
        Ok(self.incomplete)
    }

    /// The next row that the leading input has and none of those before it.
    fn advance(&mut self) -> Result<Option<Row>, Failure> {
        while let Some(&lead) = self.order.get(self.leading) {
            let Some((head, member)) = self.inputs[lead].next()? else {
                self.leading += 1;
                continue;
            };
            let mut members = vec![None; self.inputs.len()];
            members[lead] = Some(member);
            for &other in &self.order[self.leading + 1..] {
                members[other] = self.inputs[other].find(&head)?;
            }
            return Ok(Some(Row { head, members }));
        }
        Ok(None)
    }

    /// An error that names what is missing, from the incomplete `row` on to the end of the inputs.
    fn refuse(&mut self, row: Row) -> Failure {
        const SHOWN: usize = 10;
        let mut lines = Vec::new();
        let mut count = 0;
        let mut next = Ok(Some(row));
        while let Ok(Some(row)) = next {
            let named = |index: &usize| format!("`{}`", self.inputs[*index].name());
            let (without, with): (Vec<usize>, Vec<usize>) =
                (0..row.members.len()).partition(|&index| row.members[index].is_none());
            if let (Some(with), false) = (with.first(), without.is_empty()) {
                count += 1;
                if count <= SHOWN {
                    let without: Vec<String> = without.iter().map(named).collect();
                    lines.push(format!(
                        "{} is in {}, not in {}",
                        row.head.key,
                        named(with),
                        without.join(", ")
                    ));
                }
            }
            next = self.advance();
        }
        if count > SHOWN {
            lines.push(format!("and {} more", count - SHOWN));
        }
        let text = format!(
            "the inputs don't have the same records (those out of a submission have its image names for keys, unless \
             --images tells more): {}",
            lines.join("; ")
        );
        Failure::data(self.file(), text)
    }
}

impl Iterator for Aligned {
    type Item = Result<Row, Failure>;

    fn next(&mut self) -> Option<Result<Row, Failure>> {
        let row = match self.advance() {
            Ok(Some(row)) => row,
            Ok(None) => return None,
            Err(failure) => {
                self.leading = self.order.len();
                return Some(Err(failure));
            }
        };
        if row.members.iter().any(Option::is_none) {
            self.incomplete += 1;
            if self.missing == Missing::Refuse {
                let failure = self.refuse(row);
                self.leading = self.order.len();
                return Some(Err(failure));
            }
        }
        Some(Ok(row))
    }
}

/// The attribute by which a submission knows an image.
fn image_name(head: &Record) -> Option<&str> {
    head.attributes.get(attribute::IMAGE_NAME).map(String::as_str)
}

/// Size of what a head's record shows.
fn size(head: &Record) -> Result<Size, Reason> {
    Ok(Frame::of(head)?.size)
}
