//! `meta_data.xlsx`: the patients' table, typed as carelessly as the competition's.

use std::fs::File;
use std::path::Path;

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, XlsxError};
use stage::Failure;

use crate::patient::Patient;
use crate::random::Random;

/// As many rows as a sheet has, but the header.
pub(crate) const MOST_PATIENTS: u64 = (1 << 20) - 1;

const COLUMNS: [&str; 5] = ["ID", "나이", "성별", "체중(몸무게)", "키(신장)"];
/// The column that has no name and holds remarks.
const REMARKS: u16 = 5;

/// Writes the table of `patients` to `path`; `seed` decides which cells are dirty.
pub(crate) fn write(path: &Path, patients: impl Iterator<Item = Patient>, seed: u64) -> Result<(), Failure> {
    let file = File::create(path).map_err(|error| Failure::io(path, error))?;
    let folder = path.parent().expect("the table lies in the data set");
    workbook(folder, patients, seed).and_then(|mut workbook| workbook.save_to_writer(file)).map_err(|error| {
        match error {
            XlsxError::IoError(error) | XlsxError::TempFileError(_, error) => Failure::io(path, error),
            other => Failure::Internal(format!("{}: {other}", path.display())),
        }
    })
}

/// The workbook, whose rows wait in a nameless file in `folder`.
fn workbook(
    folder: &Path,
    patients: impl Iterator<Item = Patient>,
    seed: u64,
) -> Result<Workbook, XlsxError> {
    let mut workbook = Workbook::new();
    workbook.set_tempdir(folder)?;
    // Not the time of writing: the same seed gives the same bytes.
    let made = ExcelDateTime::from_ymd(2022, 8, 22)?;
    workbook.set_properties(&DocProperties::new().set_creation_datetime(&made));
    let sheet = workbook.add_worksheet_with_constant_memory()?;
    for (column, name) in COLUMNS.into_iter().enumerate() {
        sheet.write(0, column as u16, name)?;
    }
    for (row, patient) in patients.enumerate() {
        let row = row as u32 + 1;
        let mut random = Random::keyed(seed, &[patient.number, 5]);
        let sex = if patient.female { "여" } else { "남" };
        let sex = match random.below(10) {
            0 | 1 => format!("_x0008_{sex}"),
            2 | 3 => format!(" {sex}"),
            4 => format!("{sex} "),
            _ => sex.to_owned(),
        };
        // A number, where the folder is called `ID001`.
        sheet.write(row, 0, patient.number)?;
        sheet.write(row, 1, patient.age)?;
        sheet.write(row, 2, sex)?;
        sheet.write(row, 3, patient.weight)?;
        sheet.write(row, 4, patient.height)?;
        if patient.polish {
            sheet.write(row, REMARKS, "네일아트")?;
        } else if row == 1 {
            // A stray blank: so the column is there, whoever wears no polish.
            sheet.write(row, REMARKS, " ")?;
        }
    }
    Ok(workbook)
}
