//! Places: where files that are named after records' keys lie below the output folder.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::Reason;

/// Gives each key a file of its own below a folder.
///
/// ```
/// let mut places = stage::Places::below("out");
/// assert_eq!(places.of("ID001/image1_R", "png")?, std::path::Path::new("out/ID001/image1_R.png"));
/// assert!(places.of("ID001/./image1_R", "png").is_err(), "that file is another key's");
/// assert!(places.of("../image1_R", "png").is_err(), "that is not below the folder");
/// # Ok::<(), stage::Reason>(())
/// ```
#[derive(Clone, Debug)]
pub struct Places {
    root: PathBuf,
    /// Files that were given, and the keys that they were given to.
    files: HashMap<PathBuf, String>,
    /// The folders that hold them, each with one of their keys.
    folders: HashMap<PathBuf, String>,
}

/// The longest name of a file that file systems take, in bytes.
const LONGEST_NAME: usize = 255;

impl Places {
    /// Places below `root`.
    pub fn below(root: impl Into<PathBuf>) -> Places {
        Places { root: root.into(), files: HashMap::new(), folders: HashMap::new() }
    }

    /// The file of `key` with `extension`. Its folders may have to be made.
    ///
    /// A key that would leave the folder, and one whose file or folder another key has, is refused with the reason.
    pub fn of(&mut self, key: &str, extension: &str) -> Result<PathBuf, Reason> {
        let mut file = below(key)?;
        // Not `set_extension`, which would take what stands behind a key's dot for one.
        file.as_mut_os_string().push(format!(".{extension}"));
        self.take(key, file)
    }

    /// As [`Places::of`], for a file that is called otherwise than its key: `name`, which may have folders.
    pub fn claim(&mut self, key: &str, name: &str) -> Result<PathBuf, Reason> {
        self.take(key, below(name)?)
    }

    fn take(&mut self, key: &str, file: PathBuf) -> Result<PathBuf, Reason> {
        let too_long = file.iter().map(|name| name.len()).find(|length| *length > LONGEST_NAME);
        if let Some(length) = too_long {
            return Err(
                format!("a file would have a name of {length} bytes; the limit is {LONGEST_NAME}").into()
            );
        }
        let folders: Vec<&Path> = file.ancestors().skip(1).collect();
        let taken = self.files.get(&file).or_else(|| self.folders.get(&file));
        let taken = taken.or_else(|| folders.iter().find_map(|folder| self.files.get(*folder)));
        if let Some(other) = taken {
            let shown = file.display();
            return Err(
                format!("its file {shown} is in the way of that of record {other}: rename one").into()
            );
        }
        for folder in folders {
            self.folders.entry(folder.to_owned()).or_insert_with(|| key.to_owned());
        }
        let place = self.root.join(&file);
        self.files.insert(file, key.to_owned());
        Ok(place)
    }
}

/// The path of `name` below any folder.
fn below(name: &str) -> Result<PathBuf, Reason> {
    let mut path = PathBuf::new();
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." => return Err(OUTSIDE.into()),
            part => path.push(part),
        }
    }
    match path.file_name() {
        _ if name.starts_with('/') => Err(OUTSIDE.into()),
        Some(_) => Ok(path),
        None => Err("its key names no file".into()),
    }
}

const OUTSIDE: &str =
    "its key leads out of the output folder: rename it, without `..` and without `/` before it";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn refusal(places: &mut Places, key: &str) -> String {
        places.of(key, "png").unwrap_err().to_string()
    }

    #[test]
    fn a_key_is_a_path_below_the_folder() {
        let mut places = Places::below("out");
        for (key, path) in [("ID1/a", "out/ID1/a.png"), ("ID1/a.b", "out/ID1/a.b.png"), ("c", "out/c.png")] {
            assert_eq!(places.of(key, "png").unwrap(), Path::new(path));
        }
        assert_eq!(places.of("c", "json").unwrap(), Path::new("out/c.json"));
        assert_eq!(places.claim("ID2/d", "ID2-d.png").unwrap(), Path::new("out/ID2-d.png"));
        let told = places.claim("ID2-d", "ID2-d.png").unwrap_err().to_string();
        assert!(told.contains("of record ID2/d:"), "{told}");
    }

    #[test]
    fn no_key_leads_out() {
        let mut places = Places::below("out");
        for key in ["../x", "a/../../x", "a/..", "/x", "//x", ".."] {
            assert!(refusal(&mut places, key).contains("leads out of the output folder"), "{key}");
        }
        for key in [".", "./.", "./"] {
            assert!(refusal(&mut places, key).contains("names no file"), "{key}");
        }
        assert!(refusal(&mut places, &"x".repeat(253)).contains("257 bytes"));
        assert!(refusal(&mut places, &format!("{}/x", "x".repeat(256))).contains("256 bytes"));
    }

    #[test]
    fn keys_of_one_file_are_both_known() {
        for (first, second) in [
            ("a/b", "a/./b"),
            ("a/b", "a//b"),
            ("a/./b", "a/b"),
            ("a/b", "a/b"),
            ("a.png/b", "a"),
            ("a", "a.png/b"),
        ] {
            let mut places = Places::below("out");
            places.of(first, "png").unwrap();
            let told = refusal(&mut places, second);
            assert!(told.contains(&format!("of record {first}:")), "{second}: {told}");
        }
    }
}
