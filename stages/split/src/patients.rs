//! The patients of a data set, with what the metadata tells of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use folds::Patient;
use planes::attribute;
use stage::{Content, Failure, Job};
use xxhash_rust::xxh3::xxh3_128;

use crate::metadata;

/// Where the metadata of a data set are, below its root or one folder further down.
const METADATA: &str = "meta_data.xlsx";

/// The patients at `input` (a data set, a shard, or a table of patients), each with its stratum.
pub(crate) fn read(
    job: &mut Job,
    input: &Path,
    metadata: Option<&Path>,
    stratified: bool,
) -> Result<Vec<Patient>, Failure> {
    let mut found = None;
    let ids: BTreeSet<String> = if input.is_dir() {
        found = [input.join(METADATA), input.join("train").join(METADATA)]
            .into_iter()
            .find(|path| path.is_file());
        of_folder(job, input)?
    } else {
        match job.open("in", input)? {
            Content::Shard(records) => of_shard(job, *records)?,
            Content::File(bytes) => {
                let strata =
                    metadata::strata(&bytes).map_err(|reason| Failure::data(input.display(), reason))?;
                if metadata.is_none() {
                    return Ok(patients(job, strata.keys().cloned().collect(), &strata, stratified));
                }
                strata.into_keys().collect()
            }
        }
    };
    let path = metadata.map(Path::to_owned).or(found).filter(|_| stratified);
    let strata = match &path {
        Some(path) => {
            let bytes = job.read_file("metadata", path)?;
            metadata::strata(&bytes).map_err(|reason| Failure::data(path.display(), reason))?
        }
        None => BTreeMap::new(),
    };
    Ok(patients(job, ids, &strata, path.is_some()))
}

fn patients(
    job: &mut Job,
    ids: BTreeSet<String>,
    strata: &BTreeMap<String, String>,
    stratified: bool,
) -> Vec<Patient> {
    let patient = |id: String| {
        let stratum = strata.get(&id).filter(|_| stratified).cloned();
        if stratified && stratum.is_none() {
            job.count("patients without metadata", 1);
        }
        Patient { stratum: stratum.unwrap_or_default(), id }
    };
    ids.into_iter().map(patient).collect()
}

/// The patients of a stream of records: the attribute `patient`, or the key up to the first slash.
fn of_shard(job: &mut Job, mut records: stage::Records) -> Result<BTreeSet<String>, Failure> {
    let mut ids = BTreeSet::new();
    while let Some(raw) = records.next_raw() {
        let raw = raw?;
        let id = match raw.attributes().get(attribute::PATIENT) {
            Some(patient) => patient.clone(),
            None => raw.key().split('/').next().unwrap_or_default().to_owned(),
        };
        ids.insert(id);
    }
    job.done_reading(records);
    Ok(ids)
}

/// The patients of a data set in the competition's layout: the folders in `train/DCM`, or in `DCM`.
fn of_folder(job: &mut Job, root: &Path) -> Result<BTreeSet<String>, Failure> {
    let candidates = [root.join("train").join("DCM"), root.join("DCM")];
    let Some(folder) = candidates.iter().find(|path| path.is_dir()) else {
        let reason = "has neither train/DCM nor DCM, whose folders are the patients";
        return Err(Failure::data(root.display(), reason));
    };
    let mut ids = BTreeSet::new();
    for entry in fs::read_dir(folder).map_err(|error| Failure::io(folder, error))? {
        let path: PathBuf = entry.map_err(|error| Failure::io(folder, error))?.path();
        if !path.is_dir() {
            continue;
        }
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.ok_or_else(|| Failure::data(path.display(), "its name is not UTF-8"))?;
        if !name.starts_with('.') {
            ids.insert(name.to_owned());
        }
    }
    // The names of the folders are all that was read.
    let names: String = ids.iter().map(|id| format!("{id}\n")).collect();
    job.note_input("in", root, format!("xxh3:{:032x}", xxh3_128(names.as_bytes())));
    Ok(ids)
}
