//! The table of patients, `meta_data.xlsx`.

use std::collections::BTreeMap;
use std::io::Cursor;

use calamine::{Data, Reader, Xlsx};

use crate::strata::Person;

/// The column of the patients' IDs.
const ID: &str = "ID";
/// The columns that strata are made of: sex, age in years, height in centimetres.
pub(crate) const SEX: &str = "성별";
pub(crate) const AGE: &str = "나이";
pub(crate) const HEIGHT: &str = "키(신장)";

/// The rows of the table that have an ID.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Table {
    pub(crate) rows: Vec<Row>,
    /// Which of [`SEX`], [`AGE`] and [`HEIGHT`] is no column of it.
    pub(crate) absent: Vec<&'static str>,
}

/// A row of the table.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Row {
    /// Its number in the spreadsheet, from 1.
    pub(crate) number: u32,
    /// The ID as it is written, such as `1` or `ID001`.
    pub(crate) id: String,
    pub(crate) person: Person,
}

/// The cells of a row, cleaned, by their columns.
type Cells = BTreeMap<u32, String>;

impl Table {
    /// Reads a workbook. Only its first sheet counts.
    pub(crate) fn read(xlsx: &[u8]) -> Result<Table, String> {
        let mut workbook: Xlsx<_> = Xlsx::new(Cursor::new(xlsx))
            .map_err(|error| format!("is no table of patients (.xlsx): {error}"))?;
        let sheet = workbook.sheet_names().first().cloned().ok_or("has no sheet")?;
        let unreadable = |error: calamine::XlsxError| format!("its sheet `{sheet}` can't be read: {error}");
        // Cell by cell: a sheet may state any size, and have few cells.
        let mut cells = workbook.worksheet_cells_reader(&sheet).map_err(unreadable)?;
        let mut rows: BTreeMap<u32, Cells> = BTreeMap::new();
        while let Some(cell) = cells.next_cell().map_err(unreadable)? {
            let (row, column) = cell.get_position();
            let text = clean(&Data::from(cell.get_value().clone()).to_string());
            rows.entry(row).or_default().insert(column, text);
        }
        Table::of_rows(rows)
    }

    /// The table in rows of cells. Columns are found by name in the first row that has an `ID`; others are passed
    /// over.
    fn of_rows(rows: BTreeMap<u32, Cells>) -> Result<Table, String> {
        let mut rows = rows.into_iter();
        let column = |cells: &Cells, name: &str| {
            cells.iter().find(|(_, text)| *text == name).map(|(&column, _)| column)
        };
        let header = rows.find_map(|(_, cells)| column(&cells, ID).map(|id| (id, cells)));
        let (id, header) = header.ok_or_else(|| format!("its first sheet has no column `{ID}`"))?;
        let names = [SEX, AGE, HEIGHT];
        let columns = names.map(|name| column(&header, name));
        let absent = names.into_iter().zip(columns).filter(|(_, column)| column.is_none());
        let absent = absent.map(|(name, _)| name).collect();
        let rows = rows.filter_map(|(number, mut cells)| {
            let id = cells.remove(&id).filter(|id| !id.is_empty())?;
            let text = |column: Option<u32>| column.and_then(|column| cells.get(&column)).map(String::as_str);
            let [sex, age, height] = columns.map(|column| text(column).unwrap_or(""));
            Some(Row { number: number + 1, id, person: Person::of_cells(sex, age, height) })
        });
        Ok(Table { rows: rows.collect(), absent })
    }
}

/// A cell's text without what spreadsheets leave behind: control characters, written out as `_x0008_` or not, and
/// blanks around it.
fn clean(text: &str) -> String {
    let mut cleaned = String::new();
    let mut rest = text;
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

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::strata::Stratify;

    pub(crate) fn table(rows: &[&[&str]]) -> Result<Table, String> {
        let cells = |row: &&[&str]| (0..).zip(row.iter().map(|cell| clean(cell))).collect();
        Table::of_rows((0..).zip(rows.iter().map(cells)).collect())
    }

    #[test]
    fn dirty_cells_are_cleaned() {
        let table = table(&[
            &["a title"],
            &["ID", "나이", "성별", "체중(몸무게)", "키(신장)", ""],
            &["ID001", "27", " 남", "75", "180", ""],
            &["ID002 ", "30_x0008_", "_x0008_여", "55", "162", "nail polish"],
            &["ID003", "", "여 ", "", "", ""],
            &["ID004", "61.0", "x_xyz_", "", "1.7", ""],
            &["", "", "", "", "", ""],
        ])
        .unwrap();
        let strata: Vec<_> = table
            .rows
            .iter()
            .map(|row| (row.number, row.id.as_str(), Stratify::SexAgeHeight.stratum(&row.person)))
            .collect();
        let expected = [
            (3, "ID001", "M <30 ≥180"),
            (4, "ID002", "F 30–39 160–169"),
            (5, "ID003", "F ? ?"),
            (6, "ID004", "? ≥60 ?"),
        ];
        assert_eq!(strata, expected.map(|(row, id, stratum)| (row, id, stratum.to_owned())));
        assert!(table.absent.is_empty());
    }

    #[test]
    fn tables_of_something_else_are_refused() {
        assert!(Table::read(b"image_name,class,rle\n").unwrap_err().contains("no table of patients"));
        assert!(table(&[&["name", "age"]]).unwrap_err().contains("no column `ID`"));
        assert_eq!(table(&[&["ID", "나이"], &["1"]]).unwrap().absent, [SEX, HEIGHT]);
    }
}
