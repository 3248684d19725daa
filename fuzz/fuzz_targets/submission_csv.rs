//! Law: what is read of a submission, written again, is read as the same masks; errors name a line of the text.
#![no_main]

use bones::submission::{self, Submission, Writer};
use bones::{Mask, Size};
use libfuzzer_sys::fuzz_target;

fn check_place(error: &submission::SubmissionError, lines: usize) {
    let text = error.to_string();
    let number = text.split(|character: char| !character.is_ascii_digit()).find(|word| !word.is_empty());
    let place = number.and_then(|word| word.parse::<usize>().ok());
    assert!(text.contains("line") && place.is_some_and(|line| line <= lines + 1), "no place: {text}");
}

fn masks(submission: &Submission, size: Size) -> Result<Vec<(String, Mask)>, submission::SubmissionError> {
    submission.images().map(|image| Ok((image.to_owned(), submission.mask(image, size)?))).collect()
}

fuzz_target!(|text: &[u8]| {
    let lines = text.iter().filter(|&&byte| byte == b'\n').count();
    let size = Size::new(64, 64).unwrap();
    let read = submission::read(text).and_then(|read| masks(&read, size));
    let masks_read = match read {
        Ok(masks) => masks,
        Err(error) => return check_place(&error, lines),
    };
    let mut writer = Writer::new(Vec::new()).unwrap();
    for (image, mask) in &masks_read {
        // A carriage return within a name can be read, but not written.
        if writer.push(image, mask).is_err() {
            return assert!(image.contains('\r'));
        }
    }
    let written = writer.finish().unwrap();
    let again = submission::read(written.as_slice()).unwrap();
    assert_eq!(masks(&again, size).unwrap(), masks_read);
    assert!(again.images().all(|image| again.missing(image).is_empty()));
});
