//! The listing of a data set's files: image files and annotations with their keys, and what was passed over.
//!
//! ```text
//! train/DCM/ID001/image1661130828152_R.png          ┐ key ID001/image1661130828152_R
//! train/outputs_json/ID001/image1661130828152_R.json┘ patient ID001
//! ```
//!
//! A file's key is the name of its folder, which is the patient, and its own name without extension, both in Unicode's
//! composed form (NFC): macOS writes the same names in another. What begins with a dot is not looked at.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use stage::Failure;
use unicode_normalization::UnicodeNormalization;
use walkdir::{DirEntry, WalkDir};

/// Extensions of image files, in lower case. What a file really is, its content says.
pub(crate) const IMAGES: [&str; 6] = ["png", "jpg", "jpeg", "bmp", "tif", "tiff"];

/// The table of patients, which a data set in the competition layout has for `split`.
const METADATA: &str = "meta_data.xlsx";

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

/// All files below some roots.
#[derive(Debug, Default)]
pub struct Listing {
    /// Image files.
    pub radiographs: Vec<Listed>,
    /// JSON files.
    pub annotations: Vec<Listed>,
    /// Files of other kinds.
    pub passed_over: PassedOver,
    /// What could not be listed.
    pub faults: Vec<Failure>,
    roots: usize,
}

/// Files that are neither images nor annotations, by their extensions.
#[derive(Debug, Default)]
pub struct PassedOver {
    /// How many have each extension, in lower case; an empty one is none.
    pub by_extension: BTreeMap<String, u64>,
    /// Their paths below the data set's root, in the order in which they were found.
    pub names: Vec<String>,
}

impl PassedOver {
    fn add(&mut self, extension: String, name: String) {
        *self.by_extension.entry(extension).or_default() += 1;
        self.names.push(name);
    }

    /// How many of each kind, such as `1 without an extension, 7 .dcm`.
    pub fn kinds(&self) -> String {
        let kind = |(extension, count): (&String, &u64)| match extension.as_str() {
            "" => format!("{count} without an extension"),
            extension => format!("{count} .{extension}"),
        };
        self.by_extension.iter().map(kind).collect::<Vec<_>>().join(", ")
    }
}

impl Listing {
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
            let name = Path::new(root.file_name().expect("what ends in no name is a folder"));
            match self.list(root, name) {
                Ok(listed) if extension(name) == "json" => self.annotations.push(listed),
                Ok(listed) => self.radiographs.push(listed),
                Err(failure) => self.faults.push(failure),
            }
            return Ok(());
        }
        let top = match part {
            None => root.to_owned(),
            Some(part) if root.join(part).is_dir() => root.join(part),
            Some(part) => {
                let reason = format!("has no folder `{part}`; --split all reads all of it");
                return Err(Failure::data(root.display(), reason));
            }
        };
        let visible =
            |entry: &DirEntry| entry.depth() == 0 || !entry.file_name().as_encoded_bytes().starts_with(b".");
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

    fn add_found(&mut self, root: &Path, entry: &DirEntry) {
        let below = entry.path().strip_prefix(root).expect("what is found in a root lies below it");
        let listed = self.list(entry.path(), below);
        let extension = extension(entry.path());
        let files = match extension.as_str() {
            "json" => &mut self.annotations,
            image if IMAGES.contains(&image) && entry.file_type().is_file() => &mut self.radiographs,
            _ if below == Path::new(METADATA) => return,
            _ => return self.passed_over.add(extension, below.display().to_string()),
        };
        match listed {
            Ok(listed) => files.push(listed),
            Err(failure) => self.faults.push(failure),
        }
    }

    /// Names a file by its place below the root.
    pub(crate) fn list(&self, path: &Path, below: &Path) -> Result<Listed, Failure> {
        let named = || {
            let source = below.iter().map(|name| name.to_str()).collect::<Option<Vec<_>>>()?.join("/");
            let patient = match below.parent() {
                Some(parent) if parent != Path::new("") => composed(parent.file_name()?.to_str()?),
                // Directly in the root: the name that the root has on the disk.
                _ => composed(std::path::absolute(path).ok()?.parent()?.file_name()?.to_str()?),
            };
            let key = format!("{patient}/{}", composed(below.file_stem()?.to_str()?));
            Some(Listed { source, key, patient, path: path.to_owned(), root: self.roots.saturating_sub(1) })
        };
        named().ok_or_else(|| {
            Failure::data(
                path.display(),
                "its name, or its folder's, is missing or not UTF-8 text: rename it",
            )
        })
    }
}

/// The name in Unicode's normalization form C.
fn composed(name: &str) -> String {
    name.nfc().collect()
}

/// The extension in lower case; empty where there is none.
fn extension(path: &Path) -> String {
    path.extension().map_or_else(String::new, |extension| extension.to_string_lossy().to_lowercase())
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
