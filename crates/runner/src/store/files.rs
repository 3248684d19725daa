//! Files that are written whole or not at all, and JSON in them.

use std::io;
use std::path::Path;
use std::thread;
use std::time::Duration;

use serde::{Serialize, de::DeserializeOwned};

/// Reads JSON; none where it is not there or not what it should be.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&fs_err::read(path).ok()?).ok()
}

/// Writes JSON, whole or not at all.
pub(crate) fn write_json(path: &Path, value: &impl Serialize) -> io::Result<()> {
    let mut text = serde_json::to_vec_pretty(value)?;
    text.push(b'\n');
    write_whole(path, &text)
}

/// Writes a file, whole or not at all. Runners that only plan, and units that run at once, may write the same file: each
/// waits for the one before it.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    loop {
        match partial::write(path, bytes) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(WAIT),
            written => return written,
        }
    }
}

const WAIT: Duration = Duration::from_millis(2);

/// The error with the path that it is about.
pub(crate) fn named(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// Longer names are cut. File systems take 255 bytes, and a name gets endings.
const LONGEST: usize = 180;

/// A file name for any text, such as a value of `for` or the name of a pipeline; no two texts have the same.
pub(crate) fn escape(name: &str) -> String {
    let mut escaped = String::new();
    for (index, character) in name.chars().enumerate() {
        // Neither hidden nor the folder above.
        let hidden = character == '.' && index == 0;
        match character {
            '%' | '/' | '\0'..='\x1f' | '\x7f' => escaped.push_str(&format!("%{:02X}", character as u32)),
            _ if hidden => escaped.push_str("%2E"),
            _ => escaped.push(character),
        }
    }
    if escaped.is_empty() {
        // No escape is a `%` alone.
        return "%".to_owned();
    }
    if escaped.len() > LONGEST {
        // What was cut is longer than anything that was not, so that the two are never the same.
        escaped.truncate(escaped.floor_char_boundary(LONGEST - 3));
        escaped.push_str(&format!("~{}", &blake3::hash(name.as_bytes()).to_hex()[..32]));
    }
    escaped
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn every_text_has_a_file_name_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let long = |last: &str| "ä".repeat(130) + last;
        let texts = ["", "%", ".", "..", "a/b", "a%2Fb", "a\0b", "a\nb", "train[unet,0.5]"];
        let texts: Vec<String> = texts.map(str::to_owned).into_iter().chain([long("1"), long("2")]).collect();
        for text in &texts {
            let path = folder.path().join(format!("{}.json", escape(text)));
            assert_eq!(path.parent(), Some(folder.path()));
            write_json(&path, text).unwrap();
        }
        for text in &texts {
            let path = folder.path().join(format!("{}.json", escape(text)));
            assert_eq!(read_json::<String>(&path).as_ref(), Some(text));
        }
        // A text that is written as a cut one is, is cut too.
        let cut = escape(&long("1"));
        assert_ne!(escape(&cut), cut);
    }

    #[test]
    fn one_waits_for_the_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("memo");
        thread::scope(|scope| {
            for number in 0..8 {
                let path = &path;
                scope.spawn(move || write_json(path, &number).unwrap());
            }
        });
        assert!(read_json::<u32>(&path).is_some_and(|number| number < 8));
    }
}
