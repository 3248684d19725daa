//! The lines of a submission: CSV fields, and which of them are the three columns.

use std::borrow::Cow;
use std::ops::Range;

use super::{COLUMNS, SubmissionError};

/// Which fields of a row are the three columns.
pub(super) struct Columns {
    /// The numbers of image name, class and rle.
    numbers: [usize; 3],
    count: usize,
}

impl Columns {
    /// From the first line, the header.
    pub(super) fn read(text: &str) -> Result<Columns, SubmissionError> {
        let mut names = Vec::new();
        for field in fields(text) {
            names.push(unquoted(&text[field.ok_or(SubmissionError::Quote { line: 1 })?]));
        }
        let mut numbers = [0; 3];
        for (column, name) in numbers.iter_mut().zip(COLUMNS) {
            *column = names.iter().position(|found| found.trim() == name).ok_or_else(|| {
                SubmissionError::Header { found: text.chars().take(80).collect(), missing: name }
            })?;
        }
        Ok(Columns { numbers, count: names.len() })
    }

    /// Image name, class and rle of the row `text`, number `line`; the rle of a row that lacks the field is an empty
    /// range.
    pub(super) fn row(&self, text: &str, line: usize) -> Result<[Range<usize>; 3], SubmissionError> {
        let nothing = text.len()..text.len();
        let mut row = [None, None, None];
        let mut found = 0;
        for field in fields(text) {
            let field = field.ok_or(SubmissionError::Quote { line })?;
            if let Some(column) = self.numbers.iter().position(|&column| column == found) {
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
fn fields(text: &str) -> impl Iterator<Item = Option<Range<usize>>> + '_ {
    let mut next = Some(0);
    std::iter::from_fn(move || {
        let start = next.take()?;
        let rest = &text.as_bytes()[start..];
        if rest.first() != Some(&b'"') {
            let comma = memchr::memchr(b',', rest);
            next = comma.map(|comma| start + comma + 1);
            return Some(Some(start..comma.map_or(text.len(), |comma| start + comma)));
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
pub(super) fn unquoted(field: &str) -> Cow<'_, str> {
    if field.contains("\"\"") { Cow::Owned(field.replace("\"\"", "\"")) } else { Cow::Borrowed(field) }
}
