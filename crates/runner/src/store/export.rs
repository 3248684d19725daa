//! Exports: puts a copy of a result where the user wants it, whole or not at all.

use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;
use partial::{Existing, PartialFile, PartialFolder};

use crate::store::files::{named, read_json, write_json};
use crate::store::memo::Memo;
use crate::store::real::real;
use crate::store::tree::Tree;
use crate::store::{Object, Store};

/// What became of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exported {
    /// The result is there.
    There,
    /// Something else is there, which stays: this says what.
    Kept(String),
}

/// Copies the result to `path`, unless it is there already.
///
/// A copy, and not a link: whoever edits the file must not edit the store.
///
/// What is at `path` is replaced only where everything in it is what `store` put there, or where `existing` says so:
/// somebody may have edited it, and a path in a pipeline file is soon written wrong.
pub(crate) fn export(
    store: &Store,
    object: &Object,
    path: &Path,
    memo: &Memo,
    existing: Existing,
) -> io::Result<Exported> {
    let out = &store.out(&object.key);
    let receipt = receipt(store, path)?;
    let mut put: Vec<Tree> = read_json(&receipt).unwrap_or_default();
    if path.is_dir() == out.is_dir()
        && object.files.is_at(path, memo)
        && count_files(path) == object.files.0.len()
    {
        if put != [object.files.clone()] {
            write_json(&receipt, &[&object.files])?;
        }
        return Ok(Exported::There);
    }
    let taken = path.symlink_metadata().is_ok();
    if taken
        && existing == Existing::Keep
        && let Some(file) = foreign(path, &put, memo)?
    {
        return Ok(Exported::Kept(format!(
            "{} was not put there by this store ({}), or was changed since, so {} stays as it is: move it away, or \
             give --replace",
            file.display(),
            store.path("").display(),
            path.display()
        )));
    }
    // The receipt names the old and the new content first: after a kill, whichever is there is known as ours.
    if !put.contains(&object.files) {
        put.push(object.files.clone());
    }
    write_json(&receipt, &put)?;
    // What appears meanwhile where nothing was is not ours either.
    copy(out, object, path, if taken { Existing::Replace } else { Existing::Keep })?;
    write_json(&receipt, &[&object.files])?;
    Ok(Exported::There)
}

/// Where the store notes what it has put at `path`.
fn receipt(store: &Store, path: &Path) -> io::Result<PathBuf> {
    let name = blake3::hash(real(path)?.as_os_str().as_encoded_bytes()).to_hex();
    Ok(store.path("exports").join(format!("{name}.json")))
}

/// A file at or below `path` that is not as one of `put`.
fn foreign(path: &Path, put: &[Tree], memo: &Memo) -> io::Result<Option<PathBuf>> {
    let found = Tree::of(path, memo).map_err(|error| named(path, error))?;
    let ours = |file: &str, content| put.iter().any(|tree| tree.0.get(file) == Some(content));
    let file = found.0.iter().find(|(file, content)| !ours(file, content)).map(|(file, _)| file);
    Ok(file.map(|file| if file.is_empty() { path.to_owned() } else { path.join(file) }))
}

fn copy(out: &Path, object: &Object, path: &Path, existing: Existing) -> io::Result<()> {
    if out.is_file() {
        let mut file = PartialFile::create(path, existing)?;
        io::copy(&mut fs::File::open(out)?, &mut file).map_err(|error| named(path, error))?;
        return file.commit();
    }
    let folder = PartialFolder::create(path, existing)?;
    for name in object.files.0.keys() {
        let target = folder.growing().join(name);
        fs::create_dir_all(target.parent().expect("what is in a folder has a folder"))?;
        fs::copy(out.join(name), target)?;
    }
    folder.commit()
}

fn count_files(path: &Path) -> usize {
    let files = walkdir::WalkDir::new(path).into_iter().flatten();
    files.filter(|entry| !entry.file_type().is_dir()).count()
}
