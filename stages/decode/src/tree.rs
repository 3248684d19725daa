//! The tree of files that a data set is: which radiographs there are, whose hands they show, and which annotation
//! belongs to which.
//!
//! ```text
//! train/DCM/ID001/image1661130828152_R.png         ┐ key ID001/image1661130828152_R
//! train/outputs_json/ID001/image1661130828152_R.json┘ patient ID001, side R
//! ```
//!
//! A file's key is the name of its folder, which is the patient, and its own name without extension. An annotation
//! belongs to the radiograph with the same key, wherever the two folders lie: beside each other, or under `DCM` and
//! `outputs_json` as in the competition. Files with other extensions, and what begins with a dot, are passed over.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use stage::Failure;
use walkdir::WalkDir;

/// Extensions of image files, in lower case. What a file really is, its content says.
const IMAGES: [&str; 6] = ["png", "jpg", "jpeg", "bmp", "tif", "tiff"];

/// A file of the data set.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Listed {
    /// The path below the data set's root, with `/` between names.
    pub source: String,
    /// The folder's name and the file's without extension, with `/` between.
    pub key: String,
    /// The folder's name.
    pub patient: String,
    /// Where the file is.
    pub path: PathBuf,
    /// Which of the roots it lies below, counted from 0.
    pub root: usize,
}

/// Everything that was found.
#[derive(Debug, Default)]
pub struct Tree {
    /// Image files.
    pub radiographs: Vec<Listed>,
    /// JSON files.
    pub annotations: Vec<Listed>,
    /// Files of other kinds.
    pub ignored: u64,
    /// What could not be listed.
    pub faults: Vec<Failure>,
    roots: usize,
}

/// A radiograph and what belongs to it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Case {
    /// The image file.
    pub radiograph: Listed,
    /// `R` or `L`, where something tells.
    pub side: Option<char>,
    /// The annotation file.
    pub annotation: Option<PathBuf>,
}

/// All radiographs with what belongs to them, sorted by their paths below the root.
#[derive(Debug, Default)]
pub struct Cases {
    /// One a key.
    pub cases: Vec<Case>,
    /// Annotations of no radiograph, sorted.
    pub orphans: Vec<String>,
    /// Files whose keys are taken by others.
    pub faults: Vec<Failure>,
}

impl Tree {
    /// Adds a root: a single file, whatever its extension, or all files below a folder, of which `part` may name one
    /// folder. Only a root that can't be read at all is an error.
    pub fn add(&mut self, root: &Path, part: Option<&str>) -> Result<(), Failure> {
        self.roots += 1;
        if root == Path::new("-") {
            return Err(Failure::Usage(
                "image files are not read from standard input: give a folder or files".into(),
            ));
        }
        let is_folder = root.metadata().map_err(|error| Failure::io(root, error))?.is_dir();
        if !is_folder {
            let name = Path::new(root.file_name().unwrap_or_default());
            match self.list(root, name) {
                Ok(listed) if extension(name) == "json" => self.annotations.push(listed),
                Ok(listed) => self.radiographs.push(listed),
                Err(failure) => self.faults.push(failure),
            }
            return Ok(());
        }
        let top = part.map_or_else(|| root.to_owned(), |part| root.join(part));
        if !top.is_dir() {
            let reason = format!("has no folder `{}`; --split all reads all of it", part.unwrap_or_default());
            return Err(Failure::data(root.display(), reason));
        }
        let visible = |entry: &walkdir::DirEntry| {
            entry.depth() == 0 || !entry.file_name().as_encoded_bytes().starts_with(b".")
        };
        for entry in
            WalkDir::new(top).follow_links(true).sort_by_file_name().into_iter().filter_entry(visible)
        {
            match entry {
                Ok(entry) if entry.file_type().is_dir() => {}
                Ok(entry) => self.add_found(root, &entry),
                Err(error) => self.faults.push(unlisted(root, error)),
            }
        }
        Ok(())
    }

    fn add_found(&mut self, root: &Path, entry: &walkdir::DirEntry) {
        let listed = self.list(entry.path(), entry.path().strip_prefix(root).unwrap_or(entry.path()));
        let extension = extension(entry.path());
        let files = match extension.as_str() {
            "json" => &mut self.annotations,
            image if IMAGES.contains(&image) && entry.file_type().is_file() => &mut self.radiographs,
            _ => {
                self.ignored += 1;
                return;
            }
        };
        match listed {
            Ok(listed) => files.push(listed),
            Err(failure) => self.faults.push(failure),
        }
    }

    /// Names a file by its place below the root.
    fn list(&self, path: &Path, below: &Path) -> Result<Listed, Failure> {
        let named = || {
            let source = below.iter().map(|name| name.to_str()).collect::<Option<Vec<_>>>()?.join("/");
            let patient = match below.parent() {
                Some(parent) if parent != Path::new("") => parent.file_name()?.to_str()?.to_owned(),
                // Directly in the root: the name that the root has on the disk.
                _ => std::path::absolute(path).ok()?.parent()?.file_name()?.to_str()?.to_owned(),
            };
            let key = format!("{patient}/{}", below.file_stem()?.to_str()?);
            Some(Listed { source, key, patient, path: path.to_owned(), root: self.roots.saturating_sub(1) })
        };
        named().ok_or_else(|| {
            Failure::data(
                path.display(),
                "its name, or its folder's, is missing or not UTF-8 text: rename it",
            )
        })
    }

    /// Pairs radiographs with annotations and finds out sides.
    pub fn pair(&self) -> Cases {
        let mut cases = Cases::default();
        let radiographs = unique(&self.radiographs, "image", &mut cases.faults);
        let keys: HashMap<&str, usize> =
            radiographs.iter().enumerate().map(|(index, listed)| (listed.key.as_str(), index)).collect();
        // What belongs to no radiograph may have any key, a name of settings for example.
        let (paired, orphans): (Vec<&Listed>, Vec<&Listed>) =
            self.annotations.iter().partition(|listed| keys.contains_key(listed.key.as_str()));
        cases.orphans = orphans.into_iter().map(|listed| listed.source.clone()).collect();
        cases.orphans.sort();
        let mut annotations: HashMap<&str, &Listed> = unique(paired, "annotation", &mut cases.faults)
            .into_iter()
            .map(|listed| (listed.key.as_str(), listed))
            .collect();
        let sides = sides(&radiographs);
        cases.cases = radiographs
            .into_iter()
            .zip(sides)
            .map(|(radiograph, side)| Case {
                annotation: annotations.remove(radiograph.key.as_str()).map(|listed| listed.path.clone()),
                radiograph: radiograph.clone(),
                side,
            })
            .collect();
        cases
    }
}

/// The files sorted, and of those with one key the first; each other is a fault.
fn unique<'a>(
    files: impl IntoIterator<Item = &'a Listed>,
    kind: &str,
    faults: &mut Vec<Failure>,
) -> Vec<&'a Listed> {
    let mut files: Vec<&Listed> = files.into_iter().collect();
    files.sort();
    let mut first: HashMap<&str, &Listed> = HashMap::new();
    files.retain(|&listed| match first.get(listed.key.as_str()) {
        None => {
            first.insert(&listed.key, listed);
            true
        }
        Some(other) => {
            faults.push(Failure::record(
                listed.path.display(),
                &listed.key,
                format!(
                    "{} is the {kind} of that key already (a key is the folder's name and the file's without \
                     extension): rename one, or decode them apart",
                    other.path.display()
                ),
            ));
            false
        }
    });
    files
}

/// The side of each radiograph: what its name ends in; where one of a patient's two does not say, the other side of
/// the one that does, or the right for the first and the left for the second. `radiographs` are sorted.
fn sides(radiographs: &[&Listed]) -> Vec<Option<char>> {
    let told = |listed: &Listed| {
        ["_R", "_L"].into_iter().find(|end| listed.key.ends_with(end)).map(|end| end == "_R")
    };
    let mut of_patient: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, listed) in radiographs.iter().enumerate() {
        of_patient.entry(&listed.patient).or_default().push(index);
    }
    let mut sides: Vec<Option<bool>> = radiographs.iter().map(|listed| told(listed)).collect();
    for hands in of_patient.values() {
        if let &[first, second] = hands.as_slice() {
            (sides[first], sides[second]) = match (sides[first], sides[second]) {
                (None, None) => (Some(true), Some(false)),
                (Some(side), None) => (Some(side), Some(!side)),
                (None, Some(side)) => (Some(!side), Some(side)),
                both => both,
            };
        }
    }
    sides.into_iter().map(|side| side.map(|right| if right { 'R' } else { 'L' })).collect()
}

fn extension(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase()
}

fn unlisted(root: &Path, error: walkdir::Error) -> Failure {
    let path = error.path().unwrap_or(root).to_owned();
    if let Some(ancestor) = error.loop_ancestor() {
        let reason = format!("is a link to {}, the folder that it is in: remove it", ancestor.display());
        return Failure::data(path.display(), reason);
    }
    let text = error.to_string();
    Failure::io(path, error.into_io_error().unwrap_or_else(|| std::io::Error::other(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(radiographs: &[&str], annotations: &[&str]) -> Tree {
        let mut tree = Tree::default();
        let listed = |paths: &[&str]| -> Vec<Listed> {
            paths.iter().filter_map(|path| tree.list(Path::new(path), Path::new(path)).ok()).collect()
        };
        (tree.radiographs, tree.annotations) = (listed(radiographs), listed(annotations));
        tree
    }

    #[test]
    fn radiographs_find_their_annotations_by_folder_and_name() {
        let cases = tree(
            &["train/DCM/ID002/b.png", "train/DCM/ID001/a.png", "train/DCM/ID001/c.png"],
            &["train/outputs_json/ID001/a.json", "train/DCM/ID002/b.json", "train/outputs_json/ID002/c.json"],
        )
        .pair();
        let found: Vec<_> = cases
            .cases
            .iter()
            .map(|case| (case.radiograph.key.as_str(), case.annotation.as_deref().and_then(Path::to_str)))
            .collect();
        assert_eq!(
            found,
            [
                ("ID001/a", Some("train/outputs_json/ID001/a.json")),
                ("ID001/c", None),
                ("ID002/b", Some("train/DCM/ID002/b.json"))
            ]
        );
        assert_eq!(cases.orphans, ["train/outputs_json/ID002/c.json"]);
        assert!(cases.faults.is_empty());
    }

    #[test]
    fn names_tell_sides_and_order_does_where_they_do_not() {
        let sides =
            |files: &[&str]| tree(files, &[]).pair().cases.iter().map(|case| case.side).collect::<Vec<_>>();
        assert_eq!(sides(&["d/P/1_L.png", "d/P/2_R.png"]), [Some('L'), Some('R')]);
        assert_eq!(sides(&["d/P/2.png", "d/P/1.png"]), [Some('R'), Some('L')]);
        assert_eq!(sides(&["d/P/1.png", "d/P/2_R.png"]), [Some('L'), Some('R')]);
        assert_eq!(sides(&["d/P/1.png"]), [None]);
        assert_eq!(sides(&["d/P/1.png", "d/P/2.png", "d/P/3_L.png"]), [None, None, Some('L')]);
        assert_eq!(sides(&["d/P/1.png", "d/Q/1.png", "d/P/2.png"]), [Some('R'), Some('L'), None]);
    }

    #[test]
    fn a_key_that_two_files_have_is_a_fault_that_names_both() {
        let cases =
            tree(&["a/P/1.png", "b/P/1.png"], &["a/P/1.json", "b/P/1.json", "x/set.json", "y/x/set.json"])
                .pair();
        assert_eq!((cases.cases.len(), cases.orphans.len()), (1, 2));
        let faults: Vec<String> = cases.faults.iter().map(Failure::to_string).collect();
        assert!(
            faults[0].starts_with("b/P/1.png: record P/1: a/P/1.png is the image of that key"),
            "{faults:?}"
        );
        assert!(faults[1].starts_with("b/P/1.json: record P/1: a/P/1.json is the annotation"), "{faults:?}");
    }
}
