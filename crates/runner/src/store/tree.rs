//! The files below a path, and one digest for all of them.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use walkdir::{DirEntry, WalkDir};

use crate::store::files::named;
use crate::store::memo::Memo;

/// A file's size and content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Content {
    /// In bytes.
    pub size: u64,
    /// blake3.
    pub digest: String,
}

/// Files by their paths relative to a folder; a single file has the path ``.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tree(pub BTreeMap<String, Content>);

impl Tree {
    /// All files at or below `path`. Links are followed: what they lead to counts.
    pub fn of(path: &Path, memo: &Memo) -> io::Result<Tree> {
        let entries = entries(path)?;
        let files = entries.into_par_iter().filter(|entry| entry.file_type().is_file());
        let content = |entry: DirEntry| -> io::Result<(String, Content)> {
            let digest = memo.file(entry.path()).map_err(|error| named(entry.path(), error))?;
            Ok((relative(entry.path(), path), Content { size: entry.metadata()?.len(), digest }))
        };
        Ok(Tree(files.map(content).collect::<io::Result<_>>()?))
    }

    /// As [`Tree::of`], with the empty folders too, as `path/` with no content: a stage that lists folders sees them.
    pub(crate) fn with_folders(path: &Path, memo: &Memo) -> io::Result<Tree> {
        let mut tree = Tree::of(path, memo)?;
        for entry in
            entries(path)?.into_iter().filter(|entry| entry.depth() > 0 && entry.file_type().is_dir())
        {
            let folder = format!("{}/", relative(entry.path(), path));
            let next = tree.0.range(folder.clone()..).next();
            if next.is_none_or(|(path, _)| !path.starts_with(&folder)) {
                tree.0.insert(folder, Content { size: 0, digest: String::new() });
            }
        }
        Ok(tree)
    }

    /// One digest for all names and contents.
    pub fn digest(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for (path, content) in &self.0 {
            hasher.update(&(path.len() as u64).to_le_bytes());
            hasher.update(path.as_bytes());
            hasher.update(content.digest.as_bytes());
        }
        format!("blake3:{}", hasher.finalize().to_hex())
    }

    /// The files at or below `part`.
    pub fn part(&self, part: &str) -> Tree {
        let within = |path: &str| {
            let rest = path.strip_prefix(part)?;
            if rest.is_empty() {
                Some(String::new())
            } else {
                rest.strip_prefix('/').filter(|rest| !rest.is_empty()).map(str::to_owned)
            }
        };
        Tree(self.0.iter().filter_map(|(path, content)| Some((within(path)?, content.clone()))).collect())
    }

    /// Whether `path` has all of these files, with these contents.
    pub fn is_at(&self, path: &Path, memo: &Memo) -> bool {
        self.0.par_iter().all(|(name, content)| {
            let file = if name.is_empty() { path.to_owned() } else { path.join(name) };
            std::fs::metadata(&file).is_ok_and(|found| found.is_file() && found.len() == content.size)
                && memo.file(&file).is_ok_and(|digest| digest == content.digest)
        })
    }
}

/// Everything at or below `path`, links followed. What is neither a file nor a folder has no content to digest.
pub(crate) fn entries(path: &Path) -> io::Result<Vec<DirEntry>> {
    let entry = |entry: Result<DirEntry, walkdir::Error>| -> io::Result<DirEntry> {
        let entry = entry?;
        if entry.file_type().is_file() || entry.file_type().is_dir() {
            return Ok(entry);
        }
        Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{} {NO_CONTENT}", entry.path().display())))
    };
    WalkDir::new(path).follow_links(true).into_iter().map(entry).collect()
}

/// What is wrong with a pipe as an input.
pub(crate) const NO_CONTENT: &str = "is neither a file nor a folder but a pipe, a socket or a device: what flows out of \
     it is gone once it was digested; write it to a file, and give that";

/// The path below `root` as text; names that are no UTF-8 are escaped.
fn relative(path: &Path, root: &Path) -> String {
    let relative = path.strip_prefix(root).unwrap_or(path);
    relative
        .to_str()
        .map_or_else(|| relative.as_os_str().as_bytes().escape_ascii().to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn the_digest_changes_with_content_and_with_names_below_the_root() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("data");
        let digest = || Tree::with_folders(&root, &Memo::default()).unwrap().digest();
        fs::create_dir_all(root.join("ID001")).unwrap();
        fs::write(root.join("ID001/a_R.png"), "one").unwrap();
        let mut seen = vec![digest()];
        let mut differs = |what: &str| {
            let now = digest();
            assert!(!seen.contains(&now), "{what}");
            seen.push(now);
        };
        fs::write(root.join("ID001/a_R.png"), "two").unwrap();
        differs("content");
        fs::rename(root.join("ID001/a_R.png"), root.join("ID001/a_L.png")).unwrap();
        differs("a file's name");
        fs::rename(root.join("ID001"), root.join("ID777")).unwrap();
        differs("a folder's name");
        fs::create_dir(root.join("ID002")).unwrap();
        differs("an empty folder");
        fs::write(folder.path().join("elsewhere"), "linked").unwrap();
        symlink("../elsewhere", root.join("link")).unwrap();
        differs("a link");
        fs::write(folder.path().join("elsewhere"), "linkee").unwrap();
        differs("what a link leads to");
        fs::create_dir(folder.path().join("other")).unwrap();
        fs::write(folder.path().join("other/b"), "b").unwrap();
        symlink("../other", root.join("linked")).unwrap();
        differs("a folder behind a link");
        fs::write(folder.path().join("other/b"), "c").unwrap();
        differs("content behind a linked folder");
    }

    #[test]
    fn what_has_no_content_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("socket")).unwrap();
        for path in [folder.path().to_owned(), folder.path().join("socket")] {
            let told = Tree::of(&path, &Memo::default()).unwrap_err().to_string();
            assert!(told.contains("socket is neither a file nor a folder"), "{told}");
        }
    }
}
