//! Puts a copy of a result where the user wants it, whole or not at all.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::store::files::{named, read_json, write_json};
use crate::store::memo::Memo;
use crate::store::tree::Tree;
use crate::store::{Object, Store};

/// Copies the result `out` to `path`, unless it is there already.
///
/// A copy, and not a link: whoever edits the file must not edit the store.
///
/// A folder at `path` is replaced only where everything in it is what `store` put there: a path in a pipeline file is
/// soon written wrong, and the folder may be somebody's home.
pub(crate) fn export(store: &Store, object: &Object, path: &Path, memo: &Memo) -> io::Result<()> {
    let out = &store.out(&object.key);
    if path.is_dir() == out.is_dir()
        && object.files.is_at(path, memo)
        && count_files(path) == object.files.0.len()
    {
        return Ok(());
    }
    if out.is_file() && path.is_dir() {
        let text = format!("{} is a folder, and a file should be put there", path.display());
        return Err(io::Error::new(io::ErrorKind::IsADirectory, text));
    }
    let receipt = receipt(store, path)?;
    let mut put: Vec<Tree> = read_json(&receipt).unwrap_or_default();
    if path.is_dir() {
        let found = Tree::of(path, memo).map_err(|error| named(path, error))?;
        let ours = |file: &str, content| put.iter().any(|tree| tree.0.get(file) == Some(content));
        if let Some((file, _)) = found.0.iter().find(|(file, content)| !ours(file, content)) {
            let text = format!(
                "{} was not put there by this store ({}): move the folder away, or change `export`",
                path.join(file).display(),
                store.path("").display()
            );
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
        }
    }
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(|error| named(folder, error))?;
    }
    let partial = beside(path, ".partial");
    // The receipt names the old and the new content first: after a kill, whichever is there is known as ours.
    put.push(object.files.clone());
    let result = copy(out, object, &partial)
        .and_then(|()| write_json(&receipt, &put))
        .and_then(|()| replace(&partial, path))
        .and_then(|()| write_json(&receipt, &[&object.files]));
    if result.is_err() {
        remove(&partial);
    }
    result.map_err(|error| named(path, error))
}

/// Where the store notes what it has put at `path`.
fn receipt(store: &Store, path: &Path) -> io::Result<PathBuf> {
    let absolute = std::path::absolute(path)?;
    let name = blake3::hash(absolute.as_os_str().as_encoded_bytes()).to_hex();
    let folder = store.path("exports");
    fs::create_dir_all(&folder).map_err(|error| named(&folder, error))?;
    Ok(folder.join(format!("{name}.json")))
}

fn copy(out: &Path, object: &Object, partial: &Path) -> io::Result<()> {
    remove(partial);
    if out.is_file() {
        fs::copy(out, partial)?;
        return File::open(partial)?.sync_all();
    }
    fs::create_dir_all(partial)?;
    for name in object.files.0.keys() {
        let target = partial.join(name);
        fs::create_dir_all(target.parent().unwrap_or(partial))?;
        fs::copy(out.join(name), target)?;
    }
    Ok(())
}

/// Gives `partial` the name `path`. A folder that has the name steps aside first: no system call that is everywhere
/// replaces a folder by another.
fn replace(partial: &Path, path: &Path) -> io::Result<()> {
    if !partial.is_dir() || !path.exists() {
        return fs::rename(partial, path);
    }
    let old = beside(path, ".replaced");
    remove(&old);
    fs::rename(path, &old)?;
    fs::rename(partial, path).inspect_err(|_| {
        let _ = fs::rename(&old, path);
    })?;
    remove(&old);
    Ok(())
}

fn remove(path: &Path) {
    // What is not there need not be removed; what can't be removed makes the next step fail, with its reason.
    let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn count_files(path: &Path) -> usize {
    let files = walkdir::WalkDir::new(path).into_iter().flatten();
    files.filter(|entry| !entry.file_type().is_dir()).count()
}
