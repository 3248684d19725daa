//! The submission: a CSV with a row `image_name,class,rle` for each bone of each image.
//!
//! ```text
//! image_name,class,rle
//! image1661130828152_R.png,finger-1,1234 5 3282 7
//! image1661130828152_R.png,finger-2,
//! ```

mod index;
mod line;

use std::borrow::Cow;
use std::io::{self, BufRead, Write};

use thiserror::Error;

use crate::bone::Bone;
use crate::bone_set::BoneSet;
use crate::mask::{Mask, Size};
use crate::rle::{self, RleError};

pub use index::Index;

/// The names of the three columns, in the order in which they are written.
const COLUMNS: [&str; 3] = ["image_name", "class", "rle"];

/// The most bytes that a line may have without its end: what is longer is refused before it fills the memory.
///
/// The longest run-length text of a radiograph of 2048 × 2048 pixels, in which every second pixel is a bone's, takes
/// 21 megabytes.
pub const LONGEST_LINE: usize = 32 << 20;

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
    /// A line of more than [`LONGEST_LINE`] bytes.
    #[error("line {line} is longer than {} MiB, which no row of a submission is", LONGEST_LINE >> 20)]
    LongLine {
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

/// A submission whose text is held in memory, keyed by image name and bone. [`Index`] is one whose text is not.
///
/// The text is kept as it was read, and run-length texts are parsed when a mask is asked for.
#[derive(Clone, Debug)]
pub struct Submission {
    text: Vec<u8>,
    index: Index,
}

impl Submission {
    /// The image names, sorted.
    pub fn images(&self) -> impl Iterator<Item = &str> {
        self.index.images()
    }

    /// The run-length text of a bone; `None` where no row gives it. An empty text is an empty mask.
    pub fn rle(&self, image: &str, bone: Bone) -> Option<&str> {
        let bytes = &self.text[self.index.bytes(image, bone)?];
        // The index has seen that it is UTF-8.
        std::str::from_utf8(bytes).ok()
    }

    /// The bones on which the submission has an opinion; see [`Index::opinion`].
    pub fn opinion(&self) -> BoneSet {
        self.index.opinion()
    }

    /// The bones for which no row of the image stands; all of them for an unknown image.
    pub fn missing(&self, image: &str) -> BoneSet {
        self.index.missing(image)
    }

    /// The mask of an image of `size`. A bone without a row covers nothing; see [`Submission::missing`].
    pub fn mask(&self, image: &str, size: Size) -> Result<Mask, SubmissionError> {
        self.index.mask(image, size, |bytes| Ok(Cow::Borrowed(&self.text[bytes])))
    }
}

/// Reads a submission, of the form that [`Index::read`] says.
pub fn read(mut input: impl BufRead) -> Result<Submission, SubmissionError> {
    let mut text = Vec::new();
    input.read_to_end(&mut text)?;
    let index = Index::of(&text)?;
    Ok(Submission { text, index })
}
