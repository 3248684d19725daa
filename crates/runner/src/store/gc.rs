//! Garbage collection and verification: removes results that are not asked for, and digests again what is there.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use fs_err as fs;
use shard::Reader;
use walkdir::WalkDir;

use crate::store::files::read_json;
use crate::store::key::Manifest;
use crate::store::memo;
use crate::store::{Object, Remembered, Store};

/// What was, or would be, removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Results and beginnings of results.
    pub results: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Results that stay.
    pub kept: usize,
    /// Beginnings that stay although no pipeline reaches them, because work can go on from them.
    pub begun: usize,
    /// Their bytes.
    pub begun_bytes: u64,
}

/// What becomes of a beginning that no pipeline reaches, but from which work can go on, such as a training of which some
/// epochs are done. Whether a pipeline will reach it again is not known before all that it needs is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begun {
    /// It stays.
    Keep,
    /// It is removed.
    Remove,
}

/// Removes every result whose key is not among `keep`; with `pretend` only counts.
pub fn collect(store: &Store, keep: &BTreeSet<String>, begun: Begun, pretend: bool) -> io::Result<Removed> {
    let mut removed = Removed::default();
    for folder in ["objects", "work"] {
        for entry in entries(&store.path(folder))? {
            if keep.contains(&entry) {
                removed.kept += usize::from(folder == "objects");
                continue;
            }
            let path = store.path(folder).join(&entry);
            if folder == "work" && begun == Begun::Keep && has_begun(&path) {
                removed.begun += 1;
                removed.begun_bytes += size(&path);
                continue;
            }
            removed.results += 1;
            removed.bytes += size(&path);
            if !pretend {
                fs::remove_dir_all(&path)?;
            }
        }
    }
    if !pretend {
        forget(store)?;
    }
    Ok(removed)
}

/// Whether work can go on from what is in a work folder: a folder grows there, or lacks only its place.
fn has_begun(work: &Path) -> bool {
    let holds = |name: &str| fs::read_dir(work.join(name)).is_ok_and(|mut entries| entries.next().is_some());
    holds("out.partial") || holds("out")
}

/// Removes what is remembered of results that are gone.
fn forget(store: &Store) -> io::Result<()> {
    for base in entries(&store.path("bases"))? {
        let path = store.path("bases").join(base);
        if !store.object_path(&fs::read_to_string(&path)?).exists() {
            fs::remove_file(&path)?;
        }
    }
    let mut named = String::new();
    for entry in
        WalkDir::new(store.path("history")).into_iter().flatten().filter(|entry| entry.file_type().is_file())
    {
        named.push_str(&fs::read_to_string(entry.path())?);
    }
    for tree in entries(&store.path("trees"))? {
        let digest = tree.trim_end_matches(".json").replacen('-', ":", 1);
        if !named.contains(&digest) {
            fs::remove_file(store.path("trees").join(tree))?;
        }
    }
    Ok(())
}

/// What is wrong with a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Its key.
    pub key: String,
    /// What is wrong.
    pub what: String,
}

/// Digests the results `keys` again, or all where none are given, and tells how many there are and which are not what
/// they were.
pub fn verify(store: &Store, keys: Option<&BTreeSet<String>>) -> io::Result<(usize, Vec<Damage>)> {
    let mut count = 0;
    let mut damages = Vec::new();
    for key in entries(&store.path("objects"))? {
        if keys.is_some_and(|keys| !keys.contains(&key)) {
            continue;
        }
        count += 1;
        damages.extend(damage(store, &key).map(|what| Damage { key, what }));
    }
    Ok((count, damages))
}

/// Removes a result, so that it is made again.
pub fn remove(store: &Store, key: &str) -> io::Result<()> {
    fs::remove_dir_all(store.object_path(key))
}

fn damage(store: &Store, key: &str) -> Option<String> {
    let folder = store.object_path(key);
    let Some(object) = store.object(key) else {
        return Some("object.json is missing or illegible".to_owned());
    };
    let manifest: Option<Manifest> = read_json(&folder.join("manifest.json"));
    if manifest.is_none_or(|manifest| manifest.key() != key) {
        return Some("manifest.json is not what the key stands for".to_owned());
    }
    let out = store.out(key);
    for (name, content) in &object.files.0 {
        let path = if name.is_empty() { out.clone() } else { out.join(name) };
        match memo::digest(&path) {
            Err(error) => return Some(format!("out/{name}: {error}")),
            Ok(digest) if digest != content.digest => return Some(format!("out/{name} is not what it was")),
            Ok(_) => {}
        }
    }
    stream_damage(&out, &object)
}

/// A stream of records is also read through: its own checksums must hold, and its digest be the one that was told.
fn stream_damage(out: &Path, object: &Object) -> Option<String> {
    let mut reader = Reader::open(out).ok().filter(|_| out.is_file())?;
    if let Some(Err(error)) = reader.raw_records().find(Result::is_err) {
        return Some(format!("out: {error}"));
    }
    let digest = reader.digest()?.to_string();
    (digest != object.digest).then(|| format!("out has the digest {digest}, not {}", object.digest))
}

/// The step that had this key last, for messages.
pub fn owner(store: &Store, key: &str) -> Option<String> {
    let entries = WalkDir::new(store.path("history")).into_iter().flatten();
    let mut files = entries.filter(|entry| entry.file_type().is_file());
    let owner = files
        .find(|entry| read_json(entry.path()).is_some_and(|remembered: Remembered| remembered.key == key))?;
    owner.path().file_stem().map(|stem| stem.to_string_lossy().into_owned())
}

/// The names in a folder, sorted; nothing where there is no folder.
fn entries(folder: &Path) -> io::Result<BTreeSet<String>> {
    match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeSet::new()),
        Err(error) => Err(error),
        Ok(entries) => entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect(),
    }
}

fn size(path: &Path) -> u64 {
    let files = WalkDir::new(path).into_iter().flatten().filter(|entry| entry.file_type().is_file());
    files.filter_map(|entry| entry.metadata().ok()).map(|file| file.len()).sum()
}
