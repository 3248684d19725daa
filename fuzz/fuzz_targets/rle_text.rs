//! Law: run-length text means what painting its pairs one after another gives, and errors name a pair.
//!
//! The first two bytes are the image's width and height.
#![no_main]

use bones::{Bone, Size, rle};
use libfuzzer_sys::fuzz_target;

/// Which pixels the text covers; `None` where it is no run-length text.
fn painted(text: &str, pixels: usize) -> Option<Vec<bool>> {
    let words = text.split_ascii_whitespace().collect::<Vec<_>>();
    let number =
        |word: &&str| word.bytes().all(|byte| byte.is_ascii_digit()).then(|| word.parse::<usize>().ok())?;
    let mut canvas = vec![false; pixels];
    for pair in words.chunks(2) {
        let [start, length] = [number(pair.first()?)?, number(pair.get(1)?)?];
        let run = canvas.get_mut(start.checked_sub(1)?..)?.get_mut(..length).filter(|run| !run.is_empty())?;
        if run.iter_mut().any(|pixel| std::mem::replace(pixel, true)) {
            return None;
        }
    }
    Some(canvas)
}

fuzz_target!(|input: (u8, u8, &str)| {
    let (width, height, text) = input;
    let size = Size::new(width.into(), height.into()).unwrap();
    let expected = painted(text, size.pixels() as usize);
    match rle::decode(text, size) {
        Ok(ranges) => {
            assert!(
                ranges.is_sorted_by(|one, next| one.end < next.start)
                    && ranges.iter().all(|run| !run.is_empty())
            );
            let bone = Bone::ALL[7];
            let mask = rle::mask_from_ranges(size, &[(bone, ranges.clone())]);
            assert_eq!(
                mask.to_dense().iter().map(|set| set.contains(bone)).collect::<Vec<_>>(),
                expected.unwrap()
            );
            let again = rle::encode(&mask, bone);
            assert_eq!(rle::encode_all(&mask)[bone.index()], again);
            assert_eq!(rle::decode(&again, size).unwrap(), ranges);
        }
        Err(error) => {
            assert!(error.to_string().contains("pair "), "no place: {error}");
            // Leading zeros beyond nineteen digits are refused, though their number may be small.
            assert!(expected.is_none() || text.contains("0000000000"), "{error}");
        }
    }
});
