//! Where the run-length texts of a submission stand, so that no more of it need be held than is asked for.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, BufRead, Read};
use std::ops::Range;

use super::line::{Columns, unquoted};
use super::{LONGEST_LINE, SubmissionError};
use crate::bone::{Bone, COUNT};
use crate::bone_set::BoneSet;
use crate::mask::{Mask, Size};
use crate::rle;

/// Where the text of a bone stands.
#[derive(Clone, Debug)]
struct Field {
    bytes: Range<usize>,
    line: usize,
}

/// The rows of a submission by image name and bone, without their run-length texts: about a kilobyte an image, where
/// the texts of an image are some hundred.
#[derive(Clone, Debug)]
pub struct Index {
    images: BTreeMap<String, [Option<Field>; COUNT]>,
    opinion: BoneSet,
}

impl Index {
    /// Reads a submission, of which no more than a line is held at a time.
    ///
    /// Columns are found by the header's names, in any order and among others. Fields may be quoted (a quoted field
    /// ends on its line), lines may end in CRLF, a byte order mark may come first, blank lines are passed over, and
    /// the rle field may be empty or missing. Rows may come in any order; two rows for one bone of one image are an
    /// error, and so is a line longer than [`LONGEST_LINE`].
    pub fn read(mut input: impl BufRead) -> Result<Index, SubmissionError> {
        let mut reading = Reading::default();
        let mut line = Vec::new();
        loop {
            line.clear();
            // One byte more than fits shows that a line is too long.
            if input.by_ref().take(LONGEST_LINE as u64 + 1).read_until(b'\n', &mut line)? == 0 {
                return reading.finish();
            }
            reading.line(&line)?;
        }
    }

    /// The same of a text that is held.
    pub(super) fn of(text: &[u8]) -> Result<Index, SubmissionError> {
        let mut reading = Reading::default();
        let mut rest = text;
        while !rest.is_empty() {
            let line = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
            reading.line(&rest[..line])?;
            rest = &rest[line..];
        }
        reading.finish()
    }

    /// The image names, sorted.
    pub fn images(&self) -> impl Iterator<Item = &str> {
        self.images.keys().map(String::as_str)
    }

    /// Whether the image has a row.
    pub fn contains(&self, image: &str) -> bool {
        self.images.contains_key(image)
    }

    /// The bones on which the submission has an opinion: those with a row for at least one image, even if that says
    /// that no pixel shows the bone. Where an image has no row for one of them, that says the same, as programs mean it
    /// that leave out what is empty; on the other bones the submission has no opinion in any image.
    pub fn opinion(&self) -> BoneSet {
        self.opinion
    }

    /// How many rows of bones on which the submission has an opinion are left out.
    pub fn rows_left_out(&self) -> u64 {
        self.images().map(|image| (self.missing(image) & self.opinion).len() as u64).sum()
    }

    /// The bones for which no row of the image stands; all of them for an unknown image.
    pub fn missing(&self, image: &str) -> BoneSet {
        Bone::ALL.into_iter().filter(|&bone| self.bytes(image, bone).is_none()).collect()
    }

    /// Which bytes of the submission are the run-length text of a bone; `None` where no row gives it.
    pub fn bytes(&self, image: &str, bone: Bone) -> Option<Range<usize>> {
        self.images.get(image)?[bone.index()].as_ref().map(|field| field.bytes.clone())
    }

    /// The mask of an image of `size`, where `text` gives bytes of the submission. A bone without a row covers
    /// nothing; see [`Index::missing`].
    pub fn mask<'t>(
        &self,
        image: &str,
        size: Size,
        text: impl Fn(Range<usize>) -> io::Result<Cow<'t, [u8]>>,
    ) -> Result<Mask, SubmissionError> {
        let fields = self
            .images
            .get(image)
            .ok_or_else(|| SubmissionError::UnknownImage { image: image.to_owned() })?;
        let mut ranges: [Vec<Range<u32>>; COUNT] = Default::default();
        for (bone, field) in Bone::ALL.into_iter().zip(fields) {
            let Some(Field { bytes, line }) = field.clone() else { continue };
            let bytes = text(bytes)?;
            let text = std::str::from_utf8(&bytes).map_err(|_| SubmissionError::NotUtf8 { line })?;
            ranges[bone.index()] = rle::decode(text, size).map_err(|error| SubmissionError::Rle {
                line,
                image: image.to_owned(),
                bone,
                error,
            })?;
        }
        Ok(rle::merge(size, &ranges))
    }
}

/// An index that grows line by line.
#[derive(Default)]
struct Reading {
    columns: Option<Columns>,
    opinion: BoneSet,
    images: BTreeMap<String, [Option<Field>; COUNT]>,
    /// Bytes and lines so far.
    at: usize,
    lines: usize,
}

impl Reading {
    /// Takes the next line, with its end.
    fn line(&mut self, bytes: &[u8]) -> Result<(), SubmissionError> {
        self.lines += 1;
        let mut start = self.at;
        self.at += bytes.len();
        let line = self.lines;
        if bytes.strip_suffix(b"\n").unwrap_or(bytes).len() > LONGEST_LINE {
            return Err(SubmissionError::LongLine { line });
        }
        let mut text = std::str::from_utf8(bytes).map_err(|_| SubmissionError::NotUtf8 { line })?;
        text = text.strip_suffix('\n').unwrap_or(text);
        text = text.strip_suffix('\r').unwrap_or(text);
        let Some(columns) = &self.columns else {
            self.columns = Some(Columns::read(text.strip_prefix('\u{feff}').unwrap_or(text))?);
            return Ok(());
        };
        if text.is_empty() {
            return Ok(());
        }
        let [image, class, rle] = columns.row(text, line)?;
        let class = unquoted(&text[class]);
        let bone = Bone::from_name(&class).ok_or_else(|| SubmissionError::UnknownClass {
            line,
            found: class.clone().into_owned(),
            nearest: Bone::nearest(&class),
        })?;
        let image = unquoted(&text[image]);
        let rows = match self.images.get_mut(image.as_ref()) {
            Some(rows) => rows,
            None => self.images.entry(image.clone().into_owned()).or_default(),
        };
        start += rle.start;
        let field = Field { bytes: start..start + rle.len(), line };
        match &mut rows[bone.index()] {
            Some(Field { line: first, .. }) => {
                let (image, first) = (image.into_owned(), *first);
                Err(SubmissionError::Duplicate { image, bone, first, second: line })
            }
            row => {
                *row = Some(field);
                self.opinion = self.opinion | BoneSet::of(bone);
                Ok(())
            }
        }
    }

    fn finish(self) -> Result<Index, SubmissionError> {
        // A text without a line has no column.
        self.columns.map_or_else(|| Columns::read(""), Ok)?;
        Ok(Index { images: self.images, opinion: self.opinion })
    }
}
