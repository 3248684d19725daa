//! `meta_data.xlsx`: the patients' table, typed as carelessly as the competition's.

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, XlsxError};

use crate::patient::Patient;
use crate::random::Random;

const COLUMNS: [&str; 5] = ["ID", "나이", "성별", "체중(몸무게)", "키(신장)"];

/// The workbook's bytes; `seed` decides which cells are dirty. The sixth column has no name and holds remarks.
pub(crate) fn workbook(patients: &[Patient], seed: u64) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    // Not the time of writing: the same seed gives the same bytes.
    let made = ExcelDateTime::from_ymd(2022, 8, 22)?;
    workbook.set_properties(&DocProperties::new().set_creation_datetime(&made));
    let sheet = workbook.add_worksheet();
    for (column, name) in COLUMNS.into_iter().enumerate() {
        sheet.write(0, column as u16, name)?;
    }
    for (row, patient) in patients.iter().enumerate() {
        let row = row as u32 + 1;
        let mut random = Random::keyed(seed, &[patient.number, 5]);
        let sex = if patient.female { "여" } else { "남" };
        let sex = match random.below(10) {
            0 | 1 => format!("_x0008_{sex}"),
            2 | 3 => format!(" {sex}"),
            4 => format!("{sex} "),
            _ => sex.to_owned(),
        };
        sheet.write(row, 0, patient.id())?;
        sheet.write(row, 1, patient.age)?;
        sheet.write(row, 2, sex)?;
        sheet.write(row, 3, patient.weight)?;
        sheet.write(row, 4, patient.height)?;
        if patient.polish {
            sheet.write(row, 5, "네일아트")?;
        }
    }
    workbook.save_to_buffer()
}
