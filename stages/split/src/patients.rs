//! The patients of a data set, with what the metadata tells of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use folds::{Patient, patient_of};
use stage::{Content, Failure, Job};
use xxhash_rust::xxh3::xxh3_128;

use crate::join::{Joined, examples, join, listed};
use crate::metadata::{AGE, HEIGHT, SEX, Table};
use crate::strata::{Person, Stratify};

/// Where the metadata of a data set are, below its root or one folder further down.
const METADATA: &str = "meta_data.xlsx";

/// What patients are read from.
enum Source {
    DataSet {
        ids: BTreeSet<String>,
        /// The table in the data set itself.
        metadata: Option<PathBuf>,
    },
    Shard(BTreeSet<String>),
    Table(Table),
}

/// The patients at `input` (a data set, a shard, or a table of patients), each with its stratum; without `stratify`
/// all are of one.
pub(crate) fn read(
    job: &mut Job,
    input: &Path,
    metadata: Option<&Path>,
    stratify: Option<Stratify>,
) -> Result<Vec<Patient>, Failure> {
    let told = metadata.map(Path::to_owned);
    let (ids, metadata) = match source(job, input)? {
        Source::DataSet { ids, metadata } => (ids, told.or(metadata)),
        Source::Shard(ids) => (ids, told),
        Source::Table(table) => {
            let people = listed(&table).map_err(|reason| Failure::data(input.display(), reason))?;
            match (told, stratify) {
                (None, Some(stratify)) => return stratified(job, input, &table, people, stratify),
                (told, _) => (people.into_keys().collect(), told),
            }
        }
    };
    match (metadata, stratify) {
        (Some(path), Some(stratify)) => {
            let bytes = job.read_file("metadata", &path)?;
            let bad = |reason: String| Failure::data(path.display(), reason);
            let table = Table::read(&bytes).map_err(bad)?;
            let Joined { people, rows_left, doubts } = join(ids, &table).map_err(bad)?;
            doubts.iter().for_each(|doubt| job.note(&format!("{}: {doubt}", path.display())));
            job.count("rows of the metadata without a patient", rows_left as u64);
            stratified(job, &path, &table, people, stratify)
        }
        (None, Some(Stratify::SexAgeHeight)) => {
            let what = "--stratify sex,age,height needs a table of patients: give --metadata";
            Err(Failure::Usage(what.to_owned()))
        }
        (metadata, _) => {
            if metadata.is_none() && stratify.is_some() {
                job.note(&format!(
                    "there is no {METADATA}, and no --metadata: folds are not in equal shares of anything"
                ));
            }
            Ok(ids.into_iter().map(|id| Patient { id, stratum: String::new() }).collect())
        }
    }
}

/// Patients with their strata. Those of whom `table` (at `path`) tells nothing are a stratum of their own.
fn stratified(
    job: &mut Job,
    path: &Path,
    table: &Table,
    people: BTreeMap<String, Option<Person>>,
    stratify: Stratify,
) -> Result<Vec<Patient>, Failure> {
    for &column in &table.absent {
        match (column, stratify) {
            (HEIGHT, Stratify::SexAge) => {}
            (HEIGHT, Stratify::SexAgeHeight) => {
                let reason = format!("has no column `{HEIGHT}`, which --stratify sex,age,height needs");
                return Err(Failure::data(path.display(), reason));
            }
            _ => {
                job.note(&format!("{}: there is no column `{column}`: it is unknown of all", path.display()))
            }
        }
    }
    let known = |value: fn(&Person) -> bool| people.values().flatten().filter(|person| value(person)).count();
    let with_row = known(|_| true);
    let unknown = [
        (SEX, "patients of unknown sex", with_row - known(|person| person.sex.is_some())),
        (AGE, "patients of unknown age", with_row - known(|person| person.age.is_some())),
        (HEIGHT, "patients of unknown height", with_row - known(|person| person.height.is_some())),
    ];
    for (column, what, count) in unknown {
        if count > 0 && (column, stratify) != (HEIGHT, Stratify::SexAge) {
            job.count(what, count as u64);
        }
    }
    let without_row = || people.iter().filter(|(_, person)| person.is_none()).map(|(id, _)| id.as_str());
    if without_row().next().is_some() {
        let count = without_row().count();
        job.count("patients without metadata", count as u64);
        job.note(&format!(
            "{}: there is no row of {count} of {} patients ({}); they are dealt as a stratum of their own",
            path.display(),
            people.len(),
            examples(without_row())
        ));
    }
    let stratum =
        |person: Option<Person>| person.map_or_else(String::new, |person| stratify.stratum(&person));
    Ok(people.into_iter().map(|(id, person)| Patient { id, stratum: stratum(person) }).collect())
}

fn source(job: &mut Job, input: &Path) -> Result<Source, Failure> {
    if !stage::is_standard(input) && input.is_dir() {
        let tables = [input.join(METADATA), input.join("train").join(METADATA)];
        let metadata = tables.into_iter().find(|path| path.is_file());
        return Ok(Source::DataSet { ids: of_folder(job, input)?, metadata });
    }
    match job.open("in", input)? {
        Content::Shard(records) => Ok(Source::Shard(of_shard(job, *records)?)),
        Content::File(bytes) => {
            let table = Table::read(&bytes).map_err(|reason| Failure::data(input.display(), reason))?;
            Ok(Source::Table(table))
        }
    }
}

/// The patients of a stream of records.
fn of_shard(job: &mut Job, mut records: stage::Records) -> Result<BTreeSet<String>, Failure> {
    let mut ids = BTreeSet::new();
    while let Some(raw) = records.next_raw() {
        let raw = raw?;
        let id = patient_of(raw.key(), raw.attributes());
        if !ids.contains(id) {
            ids.insert(id.to_owned());
        }
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
