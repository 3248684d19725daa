//! The submission: a CSV with a row `image_name,class,rle` for each bone of each image.
//!
//! ```text
//! image_name,class,rle
//! image1661130828152_R.png,finger-1,1234 5 3282 7
//! image1661130828152_R.png,finger-2,
//! ```

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, BufRead, Write};
use std::ops::Range;

use thiserror::Error;

use crate::bone::{Bone, COUNT};
use crate::bone_set::BoneSet;
use crate::mask::{Mask, Size};
use crate::rle::{self, RleError};

/// The names of the three columns, in the order in which they are written.
const COLUMNS: [&str; 3] = ["image_name", "class", "rle"];

/// Writes a submission, image by image.
#[derive(Debug)]
pub struct Writer<W: Write> {
    output: W,
}

impl<W: Write> Writer<W> {
    /// Writes the header.
    pub fn new(mut output: W) -> io::Result<Writer<W>> {
        writeln!(output, "{}", COLUMNS.join(","))?;
        Ok(Writer { output })
    }

    /// Writes the [`rows`] of an image.
    pub fn push(&mut self, image_name: &str, mask: &Mask) -> io::Result<()> {
        self.output.write_all(rows(image_name, mask)?.as_bytes())
    }

    /// Flushes and hands the output back.
    pub fn finish(mut self) -> io::Result<W> {
        self.output.flush()?;
        Ok(self.output)
    }
}

/// The 29 rows of an image in canonical order; the rle field of a bone without pixels is empty.
///
/// A name with a comma or a quote is quoted; a name with a line break is refused as
/// [`io::ErrorKind::InvalidInput`], since no reader of submissions expects one.
pub fn rows(image_name: &str, mask: &Mask) -> io::Result<String> {
    if image_name.contains(['\n', '\r']) {
        let message =
            format!("the image name {image_name:?} has a line break, which a submission can't hold");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    let image_name = match image_name.contains([',', '"']) {
        true => Cow::Owned(format!("\"{}\"", image_name.replace('"', "\"\""))),
        false => Cow::Borrowed(image_name),
    };
    let texts = rle::encode_all(mask);
    let length = |text: &String| image_name.len() + text.len() + 16;
    let mut rows = String::with_capacity(texts.iter().map(length).sum());
    for (bone, text) in Bone::ALL.into_iter().zip(texts) {
        for part in [&image_name, ",", bone.name(), ",", &text, "\n"] {
            rows.push_str(part);
        }
    }
    Ok(rows)
}

/// Why a text is no submission, or has no mask to give. Lines are counted from 1, the header included.
#[derive(Debug, Error)]
pub enum SubmissionError {
    /// The input can't be read.
    #[error("the submission can't be read")]
    Read(#[from] io::Error),
    /// A byte sequence that is not UTF-8.
    #[error("line {line} is not UTF-8; save the CSV as UTF-8")]
    NotUtf8 {
        /// Which line.
        line: usize,
    },
    /// No line at all, or a first line without one of the three columns.
    #[error("line 1 is `{found}`, which has no column `{missing}`; the header must be image_name,class,rle")]
    Header {
        /// The first line, at most 80 characters of it.
        found: String,
        /// The column that it lacks.
        missing: &'static str,
    },
    /// A row that has no image name or class, or more fields than the header.
    #[error("line {line} has {found} fields, the header has {expected}")]
    FieldCount {
        /// Which line.
        line: usize,
        /// How many fields it has.
        found: usize,
        /// How many fields the header has.
        expected: usize,
    },
    /// A quote that is not closed on its line, or followed by more text.
    #[error("line {line} has a quoted field that does not end with a quote before the next comma")]
    Quote {
        /// Which line.
        line: usize,
    },
    /// A class that is none of the 29 bones.
    #[error("line {line}: no class is called `{found}`; did you mean `{nearest}`?")]
    UnknownClass {
        /// Which line.
        line: usize,
        /// What is written there.
        found: String,
        /// The bone whose name is nearest.
        nearest: Bone,
    },
    /// Two rows for one bone of one image.
    #[error("lines {first} and {second} both give `{bone}` of `{image}`; remove one of them")]
    Duplicate {
        /// The image.
        image: String,
        /// The bone.
        bone: Bone,
        /// The line that gives it first.
        first: usize,
        /// The line that gives it again.
        second: usize,
    },
    /// An image that has no row.
    #[error("the submission has no row for the image `{image}`")]
    UnknownImage {
        /// The image asked for.
        image: String,
    },
    /// A run-length text that is none.
    #[error("line {line} (`{bone}` of `{image}`): {error}")]
    Rle {
        /// Which line.
        line: usize,
        /// The image.
        image: String,
        /// The bone.
        bone: Bone,
        /// What is wrong with the text.
        error: RleError,
    },
}

/// Where the text of a bone stands in the submission.
#[derive(Clone, Debug)]
struct Field {
    bytes: Range<usize>,
    line: usize,
}

/// A submission, keyed by image name and bone.
///
/// The text is kept as it was read, and run-length texts are parsed when a mask is asked for.
#[derive(Clone, Debug)]
pub struct Submission {
    text: String,
    images: BTreeMap<String, [Option<Field>; COUNT]>,
}

impl Submission {
    /// The image names, sorted.
    pub fn images(&self) -> impl Iterator<Item = &str> {
        self.images.keys().map(String::as_str)
    }

    /// The run-length text of a bone; `None` where no row gives it. An empty text is an empty mask.
    pub fn rle(&self, image: &str, bone: Bone) -> Option<&str> {
        let field = self.images.get(image)?[bone.index()].as_ref()?;
        Some(&self.text[field.bytes.clone()])
    }

    /// The bones for which no row of the image stands; all of them for an unknown image.
    pub fn missing(&self, image: &str) -> BoneSet {
        Bone::ALL.into_iter().filter(|&bone| self.rle(image, bone).is_none()).collect()
    }

    /// The mask of an image of `size`. A bone without a row covers nothing; see [`Submission::missing`].
    pub fn mask(&self, image: &str, size: Size) -> Result<Mask, SubmissionError> {
        let fields = self
            .images
            .get(image)
            .ok_or_else(|| SubmissionError::UnknownImage { image: image.to_owned() })?;
        let mut ranges: [Vec<Range<u32>>; COUNT] = Default::default();
        for (bone, field) in Bone::ALL.into_iter().zip(fields) {
            let Some(field) = field else { continue };
            ranges[bone.index()] = rle::decode(&self.text[field.bytes.clone()], size).map_err(|error| {
                SubmissionError::Rle { line: field.line, image: image.to_owned(), bone, error }
            })?;
        }
        Ok(rle::merge(size, &ranges))
    }
}

/// Reads a submission.
///
/// Columns are found by the header's names, in any order and among others. Fields may be quoted (a quoted field
/// ends on its line), lines may end in CRLF, a byte order mark may come first, blank lines are passed over, and
/// the rle field may be empty or missing. Rows may come in any order; two rows for one bone of one image are an
/// error.
pub fn read(mut input: impl BufRead) -> Result<Submission, SubmissionError> {
    let mut bytes = Vec::new();
    input.read_to_end(&mut bytes)?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        SubmissionError::NotUtf8 { line: 1 + memchr::memchr_iter(b'\n', before).count() }
    })?;
    let mut lines =
        Lines { text: &text, at: if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 } };
    let header = Header::read(&text, lines.next().unwrap_or_default())?;

    let mut images: BTreeMap<String, [Option<Field>; COUNT]> = BTreeMap::new();
    for (line, bytes) in (2..).zip(lines) {
        if bytes.is_empty() {
            continue;
        }
        let [image, class, rle] = header.row(&text, bytes, line)?;
        let class = unquoted(&text[class]);
        let bone = Bone::from_name(&class).ok_or_else(|| SubmissionError::UnknownClass {
            line,
            found: class.clone().into_owned(),
            nearest: Bone::nearest(&class),
        })?;
        let image = unquoted(&text[image]);
        let rows = match images.get_mut(image.as_ref()) {
            Some(rows) => rows,
            None => images.entry(image.clone().into_owned()).or_default(),
        };
        match &mut rows[bone.index()] {
            Some(Field { line: first, .. }) => {
                let (image, first) = (image.into_owned(), *first);
                return Err(SubmissionError::Duplicate { image, bone, first, second: line });
            }
            row => *row = Some(Field { bytes: rle, line }),
        }
    }
    Ok(Submission { text, images })
}

/// The lines of a text as byte ranges without their ends, LF or CRLF.
struct Lines<'a> {
    text: &'a str,
    at: usize,
}

impl Iterator for Lines<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        let rest = self.text.as_bytes().get(start..).filter(|rest| !rest.is_empty())?;
        let end = memchr::memchr(b'\n', rest).map_or(self.text.len(), |offset| start + offset);
        self.at = end + 1;
        let carriage_return = self.text[start..end].ends_with('\r');
        Some(start..end - usize::from(carriage_return))
    }
}

/// Which fields of a row are the three columns.
struct Header {
    columns: [usize; 3],
    count: usize,
}

impl Header {
    fn read(text: &str, line: Range<usize>) -> Result<Header, SubmissionError> {
        let mut names = Vec::new();
        for field in fields(text, line.clone()) {
            names.push(unquoted(&text[field.ok_or(SubmissionError::Quote { line: 1 })?]));
        }
        let mut columns = [0; 3];
        for (column, name) in columns.iter_mut().zip(COLUMNS) {
            *column = names.iter().position(|found| found.trim() == name).ok_or_else(|| {
                SubmissionError::Header {
                    found: text[line.clone()].chars().take(80).collect(),
                    missing: name,
                }
            })?;
        }
        Ok(Header { columns, count: names.len() })
    }

    /// Image name, class and rle of a row; the rle of a row that lacks the field is an empty range.
    fn row(
        &self,
        text: &str,
        bytes: Range<usize>,
        line: usize,
    ) -> Result<[Range<usize>; 3], SubmissionError> {
        let nothing = bytes.end..bytes.end;
        let mut row = [None, None, None];
        let mut found = 0;
        for field in fields(text, bytes) {
            let field = field.ok_or(SubmissionError::Quote { line })?;
            if let Some(column) = self.columns.iter().position(|&column| column == found) {
                row[column] = Some(field);
            }
            found += 1;
        }
        match row {
            [Some(image), Some(class), rle] if found <= self.count => {
                Ok([image, class, rle.unwrap_or(nothing)])
            }
            _ => Err(SubmissionError::FieldCount { line, found, expected: self.count }),
        }
    }
}

/// The fields of a line as byte ranges, without the quotes around them; `None` for a bad quote, which ends them.
fn fields(text: &str, line: Range<usize>) -> impl Iterator<Item = Option<Range<usize>>> + '_ {
    let mut next = Some(line.start);
    std::iter::from_fn(move || {
        let start = next.take()?;
        let rest = &text.as_bytes()[start..line.end];
        if rest.first() != Some(&b'"') {
            let comma = memchr::memchr(b',', rest);
            next = comma.map(|comma| start + comma + 1);
            return Some(Some(start..comma.map_or(line.end, |comma| start + comma)));
        }
        let mut close = 1;
        loop {
            let Some(quote) = memchr::memchr(b'"', &rest[close..]) else { return Some(None) };
            close += quote;
            match rest.get(close + 1) {
                Some(b'"') => close += 2,
                Some(b',') => {
                    next = Some(start + close + 2);
                    return Some(Some(start + 1..start + close));
                }
                None => return Some(Some(start + 1..start + close)),
                Some(_) => return Some(None),
            }
        }
    })
}

/// The content of a field in which quotes are written twice.
fn unquoted(field: &str) -> Cow<'_, str> {
    if field.contains("\"\"") { Cow::Owned(field.replace("\"\"", "\"")) } else { Cow::Borrowed(field) }
}
