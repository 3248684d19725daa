//! The table of patients, `meta_data.xlsx`.

use std::collections::BTreeMap;
use std::io::Cursor;

use calamine::{Data, Reader, Xlsx};

/// Columns of the table: the patient's ID, age in years, and sex.
const ID: &str = "ID";
const AGE: &str = "나이";
const SEX: &str = "성별";

/// The first age of each age group but the first.
const AGE_GROUPS: [u32; 4] = [30, 40, 50, 60];

/// The stratum of each patient: sex and age group, such as `F 30–39`; `?` stands for what is not known.
///
/// Only the first sheet is read. Columns are found by name in the first row that has an `ID`; others are passed over.
pub(crate) fn strata(xlsx: &[u8]) -> Result<BTreeMap<String, String>, String> {
    let mut workbook: Xlsx<_> =
        Xlsx::new(Cursor::new(xlsx)).map_err(|error| format!("is no table of patients (.xlsx): {error}"))?;
    let sheet = workbook.worksheet_range_at(0).ok_or("has no sheet")?;
    let sheet = sheet.map_err(|error| format!("its first sheet can't be read: {error}"))?;
    let rows: Vec<Vec<String>> = sheet.rows().map(|row| row.iter().map(clean).collect()).collect();
    from_rows(&rows)
}

fn from_rows(rows: &[Vec<String>]) -> Result<BTreeMap<String, String>, String> {
    let column = |row: &[String], name: &str| row.iter().position(|cell| cell == name);
    let header = rows.iter().position(|row| column(row, ID).is_some());
    let header = header.ok_or_else(|| format!("its first sheet has no column `{ID}`"))?;
    let columns = [ID, AGE, SEX].map(|name| column(&rows[header], name));
    let mut strata = BTreeMap::new();
    for row in &rows[header + 1..] {
        let [id, age, sex] =
            columns.map(|index| index.and_then(|index| row.get(index)).map_or("", String::as_str));
        if id.is_empty() {
            continue;
        }
        let stratum = format!("{} {}", self::sex(sex), age_group(age));
        if strata.insert(id.to_owned(), stratum).is_some() {
            return Err(format!("patient {id} has two rows; remove one of them"));
        }
    }
    Ok(strata)
}

/// A cell's text without what spreadsheets leave behind: control characters, written out as `_x0008_` or not, and
/// blanks around it.
fn clean(cell: &Data) -> String {
    let text = cell.to_string();
    let mut cleaned = String::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find("_x") {
        let escape = rest.get(at..at + 7).filter(|escape| {
            escape.ends_with('_') && escape[2..6].chars().all(|digit| digit.is_ascii_hexdigit())
        });
        cleaned.push_str(&rest[..at]);
        match escape {
            Some(escape) => rest = &rest[at + escape.len()..],
            None => {
                cleaned.push_str("_x");
                rest = &rest[at + 2..];
            }
        }
    }
    cleaned.push_str(rest);
    cleaned.retain(|letter| !letter.is_control());
    cleaned.trim().to_owned()
}

fn sex(text: &str) -> char {
    match text.to_lowercase().as_str() {
        "남" | "남자" | "남성" | "m" | "male" => 'M',
        "여" | "여자" | "여성" | "f" | "female" => 'F',
        _ => '?',
    }
}

fn age_group(text: &str) -> String {
    let Some(age) = text.parse::<f64>().ok().filter(|age| (0.0..200.0).contains(age)) else {
        return "?".to_owned();
    };
    let from = AGE_GROUPS.iter().rev().find(|&&from| age >= f64::from(from));
    match from {
        None => format!("<{}", AGE_GROUPS[0]),
        Some(from) => match AGE_GROUPS.iter().find(|next| *next > from) {
            Some(next) => format!("{from}–{}", next - 1),
            None => format!("≥{from}"),
        },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn rows(rows: &[&[&str]]) -> Vec<Vec<String>> {
        let cells = |row: &&[&str]| row.iter().map(|cell| clean(&Data::String((*cell).to_owned()))).collect();
        rows.iter().map(cells).collect()
    }

    #[test]
    fn dirty_cells_are_cleaned() {
        let table = rows(&[
            &["ID", "나이", "성별", "체중(몸무게)", "키(신장)", ""],
            &["ID001", "27", " 남", "75", "180", ""],
            &["ID002 ", "30_x0008_", "_x0008_여", "55", "162", "nail polish"],
            &["ID003", "", "여 ", "", "", ""],
            &["ID004", "61.0", "x_xyz_", "", "", ""],
            &["", "", "", "", "", ""],
        ]);
        let strata: Vec<(String, String)> = from_rows(&table).unwrap().into_iter().collect();
        let expected = [("ID001", "M <30"), ("ID002", "F 30–39"), ("ID003", "F ?"), ("ID004", "? ≥60")];
        assert_eq!(strata, expected.map(|(id, stratum)| (id.to_owned(), stratum.to_owned())));
    }

    #[test]
    fn tables_of_something_else_are_refused() {
        assert!(strata(b"image_name,class,rle\n").unwrap_err().contains("no table of patients"));
        assert!(from_rows(&rows(&[&["name", "age"]])).unwrap_err().contains("no column `ID`"));
        let twice = rows(&[&["ID"], &["ID001"], &["ID001"]]);
        assert!(from_rows(&twice).unwrap_err().contains("ID001 has two rows"));
    }
}
