//! The store: a folder of results by their keys.
//!
//! ```text
//! runs/
//!   lock                        held while a runner works; names it
//!   memo                        digests of unchanged files
//!   cards/DIGEST.json           cards that stages have printed
//!   trees/DIGEST.json           files of inputs, to say later which of them changed
//!   bases/KEY                   the last result of a map stage, whatever its records were
//!   history/PIPELINE/STEP.json  what each step was last
//!   reports/PIPELINE.json,html  the last run
//!   exports/DIGEST.json         what was put at a path outside, to tell later whether somebody edited it
//!   work/KEY/                   a result that grows; with out.partial/ it can be gone on with
//!   objects/KEY/                a result, whole; nothing in it ever changes
//!     out                       a file or a folder
//!     object.json               digests and sizes of out's files, count of records, time it took
//!     manifest.json             what the key stands for
//!     summary.json              what the stage said
//!     records                   of map stages: key and digest of every record that flowed in
//!     log                       what the stages said on standard error
//! ```

pub mod export;
pub(crate) mod files;
pub mod gc;
pub mod key;
pub mod memo;
pub(crate) mod real;
pub mod tree;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use fs_err::{self as fs, File};
use serde::{Deserialize, Serialize};

use crate::store::files::{escape, read_json, write_json};
use crate::store::key::Manifest;
use crate::store::memo::Memo;
use crate::store::tree::Tree;

/// A folder of results.
#[derive(Clone, Debug)]
pub struct Store {
    root: PathBuf,
}

/// What is known of a result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Object {
    /// Its key.
    pub key: String,
    /// The digest of its content, as the stage gave it.
    pub digest: String,
    /// Records (or files) in it.
    pub records: u64,
    /// Seconds that it took.
    pub seconds: f64,
    /// When it was whole, in milliseconds since 1970.
    pub finished: u64,
    /// The files of `out`.
    pub files: Tree,
}

/// What a step was when it was last run or found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remembered {
    /// The key of its unit.
    pub key: String,
    /// What the key stands for.
    pub manifest: Manifest,
    /// Where its inputs came from, by port, in order.
    pub sources: BTreeMap<String, Vec<Provenance>>,
}

/// Where an input came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// The name in the pipeline file.
    pub name: String,
    /// The result that it was, unless the user brought it.
    pub key: Option<String>,
}

impl Store {
    /// The names in the store's folder that are its own.
    pub(crate) const PARTS: [&str; 10] =
        ["lock", "memo", "cards", "trees", "bases", "history", "reports", "work", "objects", "exports"];

    /// The store at `root`, which need not exist.
    pub fn new(root: impl Into<PathBuf>) -> Store {
        Store { root: root.into() }
    }

    /// Makes the store's folders.
    pub fn create(&self) -> io::Result<()> {
        let folders = Store::PARTS.iter().filter(|part| !matches!(**part, "lock" | "memo"));
        folders.map(|folder| self.root.join(folder)).try_for_each(fs::create_dir_all)
    }

    /// A path in the store.
    pub fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.root.join(path)
    }

    /// The folder of a result.
    pub fn object_path(&self, key: &str) -> PathBuf {
        self.root.join("objects").join(key)
    }

    /// The result itself.
    pub fn out(&self, key: &str) -> PathBuf {
        self.object_path(key).join("out")
    }

    /// Where a result grows.
    pub fn work(&self, key: &str) -> PathBuf {
        self.root.join("work").join(key)
    }

    /// What is known of a result, where it is there.
    pub fn object(&self, key: &str) -> Option<Object> {
        read_json(&self.object_path(key).join("object.json")).filter(|object: &Object| object.key == key)
    }

    /// The result `key`, if it is there and whole.
    pub fn whole(&self, key: &str, memo: &Memo) -> Option<Object> {
        let object = self.object(key)?;
        let out = self.out(key);
        // A folder may be empty, a file is never no file.
        (out.exists() && object.files.is_at(&out, memo)).then_some(object)
    }

    /// Notes that the result that has grown in `work` is whole, and that it is what its key stands for.
    pub fn finish(&self, object: &Object) -> io::Result<()> {
        write_json(&self.work(&object.key).join("object.json"), object)
    }

    /// A result in `work` that is finished, and whole, and lacks only its place.
    pub fn unplaced(&self, key: &str, memo: &Memo) -> Option<Object> {
        let work = self.work(key);
        let object: Object = read_json(&work.join("object.json"))?;
        (object.key == key && object.files.is_at(&work.join("out"), memo)).then_some(object)
    }

    /// Makes the finished result appear in its place.
    pub fn commit(&self, object: &Object) -> io::Result<()> {
        let work = self.work(&object.key);
        let place = self.object_path(&object.key);
        if place.exists() {
            // What is there was found not to be whole.
            fs::remove_dir_all(&place)?;
        }
        fs::rename(&work, &place)?;
        File::open(self.root.join("objects"))?.sync_all()
    }

    /// What a step was last.
    pub fn remembered(&self, pipeline: &str, step: &str) -> Option<Remembered> {
        read_json(&self.history(pipeline, step))
    }

    /// Remembers what a step is.
    pub fn remember(&self, pipeline: &str, step: &str, what: &Remembered) -> io::Result<()> {
        if self.remembered(pipeline, step).as_ref() == Some(what) {
            return Ok(());
        }
        let path = self.history(pipeline, step);
        fs::create_dir_all(path.parent().unwrap_or(&self.root))?;
        write_json(&path, what)
    }

    fn history(&self, pipeline: &str, step: &str) -> PathBuf {
        self.root.join("history").join(escape(pipeline)).join(format!("{}.json", escape(step)))
    }

    /// Remembers the files of an input.
    pub fn remember_tree(&self, digest: &str, tree: &Tree) -> io::Result<()> {
        let path = self.tree_path(digest);
        if path.exists() { Ok(()) } else { write_json(&path, tree) }
    }

    /// The files of the input that had this digest.
    pub fn tree(&self, digest: &str) -> Option<Tree> {
        read_json(&self.tree_path(digest))
    }

    fn tree_path(&self, digest: &str) -> PathBuf {
        self.root.join("trees").join(format!("{}.json", digest.replace(':', "-")))
    }
}
