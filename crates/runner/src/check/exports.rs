//! Exports: whether they get into the way of one another, of what the pipeline reads, or of the store. Places are compared
//! as real paths: `out/x`, `./out/x`, and `x` through a link to `out`, are one place.

use std::io;
use std::path::{Path, PathBuf};

use crate::check::expand::DraftStep;
use crate::check::graph::Input;
use crate::parse::fault::{Fault, Origin};
use crate::parse::read::at;
use crate::store::Store;
use crate::store::real::real;

/// The bytes of a name that file systems take.
const NAME: usize = 255;

/// What an export is called, beyond its name, while it grows or steps aside.
const SUFFIX: &str = ".replaced";

/// Checks where the exports of `steps`, of the pipeline `file`, go.
pub(crate) fn check(
    steps: &[DraftStep],
    inputs: &[Input],
    file: &str,
    store: &Store,
    faults: &mut Vec<Fault>,
) {
    let reserved = reserved(inputs, file, store);
    let mut exports: Vec<Export<'_>> = Vec::new();
    for step in steps {
        let Some(item) = &step.export else { continue };
        let path = PathBuf::from(item.value.to_string());
        let mut fault = |text: String| faults.push(Fault::new(&item.origin, text));
        if let Some(problem) = problem(&path) {
            fault(format!("node `{}`: `export` {problem}", step.node));
            continue;
        }
        let place = match Place::of(&path) {
            Ok(place) => place,
            Err(error) => {
                fault(format!("node `{}`: `export`: {}: {error}", step.node, path.display()));
                continue;
            }
        };
        let export = Export { name: &step.name, origin: &item.origin, path, place };
        for other in exports.iter().filter(|other| other.place.meets(&export.place)) {
            fault(export.beside(other));
        }
        for (what, theirs) in reserved.iter().filter(|(_, theirs)| theirs.meets(&export.place)) {
            let how = if theirs.is(&export.place) { "is" } else { "overlaps" };
            fault(format!("`{}` exports to {}, which {how} {what}", export.name, export.path.display()));
        }
        exports.push(export);
    }
}

/// Where one step's result goes.
struct Export<'a> {
    name: &'a str,
    origin: &'a Origin,
    path: PathBuf,
    place: Place,
}

impl Export<'_> {
    /// That it and `other` can't both be.
    fn beside(&self, other: &Export<'_>) -> String {
        let also = match self.path == other.path {
            true => "too".to_owned(),
            false => format!("to {}", other.path.display()),
        };
        let same = self.path != other.path && self.place.is(&other.place);
        format!(
            "`{}` exports to {}, and `{}` {also} ({}){}",
            self.name,
            self.path.display(),
            other.name,
            at(other.origin),
            if same { ", which is the same place" } else { "" }
        )
    }
}

/// What an export must leave alone, and what to call it.
fn reserved(inputs: &[Input], file: &str, store: &Store) -> Vec<(String, Place)> {
    let inputs = inputs.iter().map(|input| {
        let what = format!("the input `{}` at {} ({})", input.name, input.path.display(), at(&input.origin));
        (what, input.path.clone())
    });
    // The folder of the store may hold exports, but not where the store keeps its own.
    let root = store.path("");
    let parts = Store::PARTS.iter().map(|part| store.path(part));
    let store = parts.map(|part| (format!("what the store {} keeps for itself", root.display()), part));
    let file = [("this pipeline file".to_owned(), PathBuf::from(file))];
    // What has no real path is not there, which is told elsewhere.
    let place = |(what, path): (String, PathBuf)| Some((what, Place::of(&path).ok()?));
    inputs.chain(store).chain(file).filter_map(place).collect()
}

/// A place in the file system.
struct Place {
    /// Where its name stands.
    named: PathBuf,
    /// Where its name leads, where that is a link.
    followed: PathBuf,
}

impl Place {
    fn of(path: &Path) -> io::Result<Place> {
        let followed = real(path)?;
        let named = match (path.parent(), path.file_name()) {
            (Some(folder), Some(name)) if folder.as_os_str().is_empty() => real(Path::new("."))?.join(name),
            (Some(folder), Some(name)) => real(folder)?.join(name),
            _ => followed.clone(),
        };
        Ok(Place { named, followed })
    }

    fn both(&self) -> [&PathBuf; 2] {
        [&self.named, &self.followed]
    }

    /// Whether both are one place.
    fn is(&self, other: &Place) -> bool {
        self.both().iter().any(|mine| other.both().contains(mine))
    }

    /// Whether one is the other, or in it.
    fn meets(&self, other: &Place) -> bool {
        let meet = |mine: &Path, theirs: &Path| mine.starts_with(theirs) || theirs.starts_with(mine);
        self.both().iter().any(|mine| other.both().iter().any(|theirs| meet(mine, theirs)))
    }
}

/// What is wrong with a path that something should be written to.
fn problem(path: &Path) -> Option<String> {
    let bytes = |name: &std::ffi::OsStr| name.as_encoded_bytes().len();
    let Some(last) = path.file_name() else {
        return Some("is no path of a file or folder".to_owned());
    };
    if path.as_os_str().as_encoded_bytes().iter().any(u8::is_ascii_control) {
        return Some(format!("is {path:?}, and control characters have no place in a path"));
    }
    let folder = path.parent().into_iter().flatten().map(bytes).max().filter(|length| *length > NAME);
    let length = folder.or(Some(bytes(last)).filter(|length| *length > NAME - SUFFIX.len()))?;
    let most = if folder.is_some() { NAME } else { NAME - SUFFIX.len() };
    Some(format!("has a name of {length} bytes in {}, and it can have {most}", path.display()))
}
