//! The files below a path, and one digest for all of them.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use walkdir::WalkDir;

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
        let files: Vec<walkdir::DirEntry> = WalkDir::new(path)
            .follow_links(true)
            .into_iter()
            .filter(|entry| entry.as_ref().map_or(true, |entry| entry.file_type().is_file()))
            .collect::<Result<_, walkdir::Error>>()?;
        let content = |entry: walkdir::DirEntry| -> io::Result<(String, Content)> {
            let named = |error: io::Error| {
                io::Error::new(error.kind(), format!("{}: {error}", entry.path().display()))
            };
            let relative = relative(entry.path(), path);
            let digest = memo.file(entry.path()).map_err(named)?;
            Ok((relative, Content { size: entry.metadata()?.len(), digest }))
        };
        Ok(Tree(files.into_par_iter().map(content).collect::<io::Result<_>>()?))
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
            if rest.is_empty() { Some(String::new()) } else { rest.strip_prefix('/').map(str::to_owned) }
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

/// The path below `root` as text; names that are no UTF-8 are escaped.
fn relative(path: &Path, root: &Path) -> String {
    let relative = path.strip_prefix(root).unwrap_or(path);
    relative
        .to_str()
        .map_or_else(|| relative.as_os_str().as_bytes().escape_ascii().to_string(), str::to_owned)
}
