//! Digests of files, remembered as long as device, inode, size and times (in nanoseconds) of the file stay.

use std::collections::HashMap;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What tells whether a file, or a folder's list, is as it was: device, inode, size, time of modification and time of
/// change. `cp -p` and `touch` set the time of modification; the time of change is the kernel's alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Stamp([u64; 5]);

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

/// A file that was changed less than this ago may be changed again within one tick of its clock, which no stamp would
/// show.
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
                let stamp: Vec<String> = stamp.0.iter().map(u64::to_string).collect();
                text.push_str(&format!("{} {digest}\n", stamp.join(":")));
            }
        }
        crate::store::files::write_whole(path, text.as_bytes())
    }

    /// blake3 of the file's content, in hexadecimal digits.
    pub fn file(&self, path: &Path) -> io::Result<String> {
        let before = fs::metadata(path)?;
        if let Some(digest) =
            self.known.lock().unwrap_or_else(PoisonError::into_inner).digests.get(&Stamp::of(&before))
        {
            return Ok(digest.clone());
        }
        let digest = digest(path)?;
        let after = fs::metadata(path)?;
        let age = SystemTime::now().duration_since(changed(&after));
        if Stamp::of(&before) == Stamp::of(&after) && age.is_ok_and(|age| age > SETTLED) {
            self.insert(&after, &digest);
        }
        Ok(digest)
    }

    /// Remembers the digest of a file that is known not to change any more.
    pub(crate) fn insert(&self, file: &Metadata, digest: &str) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.digests.insert(Stamp::of(file), digest.to_owned());
        known.changed = true;
    }
}

/// blake3 of the file's content as it is now.
pub(crate) fn digest(path: &Path) -> io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(File::open(path)?)?;
    Ok(hasher.finalize().to_hex().to_string())
}

impl Stamp {
    /// The stamp of what has this metadata.
    pub(crate) fn of(file: &Metadata) -> Stamp {
        let nanoseconds =
            |seconds: i64, rest: i64| (seconds as u64).wrapping_mul(1_000_000_000).wrapping_add(rest as u64);
        Stamp([
            file.dev(),
            file.ino(),
            file.size(),
            nanoseconds(file.mtime(), file.mtime_nsec()),
            nanoseconds(file.ctime(), file.ctime_nsec()),
        ])
    }
}

/// When the kernel last saw the file, or what is known of it, change.
fn changed(file: &Metadata) -> SystemTime {
    let since_epoch = Duration::new(file.ctime().unsigned_abs(), file.ctime_nsec().unsigned_abs() as u32);
    UNIX_EPOCH + since_epoch
}

fn parse(line: &str) -> Option<(Stamp, String)> {
    let (stamp, digest) = line.split_once(' ')?;
    let numbers: Vec<u64> = stamp.split(':').map(str::parse).collect::<Result<_, _>>().ok()?;
    Some((Stamp(numbers.try_into().ok()?), digest.to_owned()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn set_modified(file: &Path, time: SystemTime) {
        File::options().write(true).open(file).unwrap().set_modified(time).unwrap();
    }

    #[test]
    fn remembers_until_the_file_changes() {
        let folder = tempfile::tempdir().unwrap();
        let (file, memory) = (folder.path().join("a"), folder.path().join("memo"));
        let long_ago = SystemTime::now() - Duration::from_secs(60);
        fs::write(&file, "one").unwrap();
        set_modified(&file, long_ago);
        std::thread::sleep(2 * SETTLED);
        let memo = Memo::load(&memory);
        let first = memo.file(&file).unwrap();
        memo.save().unwrap();
        assert!(fs::read_to_string(&memory).unwrap().contains(&first));

        // What is remembered is believed: a false memory shows that the file was not read again.
        fs::write(&memory, fs::read_to_string(&memory).unwrap().replace(&first, "false")).unwrap();
        let memo = Memo::load(&memory);
        assert_eq!(memo.file(&file).unwrap(), "false");
        // Of the same size, inode and time of modification, as `cp -p` can make it.
        fs::write(&file, "two").unwrap();
        set_modified(&file, long_ago);
        assert_eq!(memo.file(&file).unwrap(), blake3::hash(b"two").to_hex().to_string());
    }

    #[test]
    fn a_file_that_just_changed_is_not_remembered_whatever_its_modification_time_says() {
        let folder = tempfile::tempdir().unwrap();
        let (file, memory) = (folder.path().join("a"), folder.path().join("memo"));
        fs::write(&file, "one").unwrap();
        set_modified(&file, SystemTime::now() - Duration::from_secs(60));
        let memo = Memo::load(&memory);
        memo.file(&file).unwrap();
        memo.save().unwrap();
        assert_eq!(fs::read_to_string(&memory).unwrap_or_default(), "");
    }
}
