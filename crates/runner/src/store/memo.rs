//! Digests of files, remembered as long as device, inode, size and times (in nanoseconds) of the file stay.

use std::collections::HashMap;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// What tells whether a file is as it was.
type Stamp = [u64; 5];

/// Remembered digests: one line `device:inode:size:modified:changed digest` each.
#[derive(Debug, Default)]
pub struct Memo {
    path: Option<PathBuf>,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    digests: HashMap<Stamp, String>,
    changed: bool,
}

/// A file that was written less than this ago may be written again within one tick of its clock, which no stamp
/// would show.
const SETTLED: Duration = Duration::from_millis(50);

/// More remembered digests than this are forgotten.
const MOST: usize = 1_000_000;

impl Memo {
    /// The memory in the file `path`, which need not exist.
    pub fn load(path: &Path) -> Memo {
        let text = fs::read_to_string(path).unwrap_or_default();
        let digests: HashMap<Stamp, String> = text.lines().filter_map(parse).take(MOST).collect();
        let known = Known { digests, changed: false };
        Memo { path: Some(path.to_owned()), known: Mutex::new(known) }
    }

    /// Writes what is new. Nothing is lost where this is left out but the time to digest again.
    pub fn save(&self) -> io::Result<()> {
        let Some(path) = &self.path else { return Ok(()) };
        let mut text = String::new();
        {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            if !known.changed {
                return Ok(());
            }
            known.changed = false;
            for (stamp, digest) in &known.digests {
                let stamp: Vec<String> = stamp.iter().map(u64::to_string).collect();
                text.push_str(&format!("{} {digest}\n", stamp.join(":")));
            }
        }
        crate::store::files::write_whole(path, text.as_bytes())
    }

    /// blake3 of the file's content, in hexadecimal digits.
    pub fn file(&self, path: &Path) -> io::Result<String> {
        let before = fs::metadata(path)?;
        if let Some(digest) =
            self.known.lock().unwrap_or_else(PoisonError::into_inner).digests.get(&stamp(&before))
        {
            return Ok(digest.clone());
        }
        let digest = digest(path)?;
        let after = fs::metadata(path)?;
        let age = after.modified().ok().and_then(|time| SystemTime::now().duration_since(time).ok());
        if stamp(&before) == stamp(&after) && age.is_some_and(|age| age > SETTLED) {
            self.insert(&after, &digest);
        }
        Ok(digest)
    }

    /// Remembers the digest of a file that is known not to change any more.
    pub(crate) fn insert(&self, file: &Metadata, digest: &str) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.digests.insert(stamp(file), digest.to_owned());
        known.changed = true;
    }
}

/// blake3 of the file's content as it is now.
pub(crate) fn digest(path: &Path) -> io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(File::open(path)?)?;
    Ok(hasher.finalize().to_hex().to_string())
}

fn stamp(file: &Metadata) -> Stamp {
    let nanoseconds =
        |seconds: i64, rest: i64| (seconds as u64).wrapping_mul(1_000_000_000).wrapping_add(rest as u64);
    [
        file.dev(),
        file.ino(),
        file.size(),
        nanoseconds(file.mtime(), file.mtime_nsec()),
        nanoseconds(file.ctime(), file.ctime_nsec()),
    ]
}

fn parse(line: &str) -> Option<(Stamp, String)> {
    let (stamp, digest) = line.split_once(' ')?;
    let numbers: Vec<u64> = stamp.split(':').map(str::parse).collect::<Result<_, _>>().ok()?;
    Some((numbers.try_into().ok()?, digest.to_owned()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn remembers_until_the_file_changes() {
        let folder = tempfile::tempdir().unwrap();
        let (file, memory) = (folder.path().join("a"), folder.path().join("memo"));
        fs::write(&file, "one").unwrap();
        let long_ago = SystemTime::now() - Duration::from_secs(60);
        File::options().write(true).open(&file).unwrap().set_modified(long_ago).unwrap();
        let memo = Memo::load(&memory);
        let first = memo.file(&file).unwrap();
        memo.save().unwrap();
        assert!(fs::read_to_string(&memory).unwrap().contains(&first));

        // What is remembered is believed: a false memory shows that the file was not read again.
        fs::write(&memory, fs::read_to_string(&memory).unwrap().replace(&first, "false")).unwrap();
        let memo = Memo::load(&memory);
        assert_eq!(memo.file(&file).unwrap(), "false");
        fs::write(&file, "two").unwrap();
        File::options().write(true).open(&file).unwrap().set_modified(long_ago).unwrap();
        assert_eq!(memo.file(&file).unwrap(), blake3::hash(b"two").to_hex().to_string());
    }
}
