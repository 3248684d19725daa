//! The join of patients with the rows of a table, which may write their IDs otherwise (see [`Identity`]).

use std::collections::{BTreeMap, BTreeSet};

use folds::{Identity, folder_of};

use crate::metadata::{Row, Table};
use crate::strata::Person;

/// Patients with what the table tells of them.
#[derive(PartialEq, Debug)]
pub(crate) struct Joined {
    pub(crate) people: BTreeMap<String, Option<Person>>,
    /// How many rows of the table are of nobody.
    pub(crate) rows_left: usize,
    /// Rows that say something else of a patient than the row that counts.
    pub(crate) doubts: Vec<String>,
}

/// Joins `patients` with `table`. An error where no patient is in it, or it can't be told what it says of one.
pub(crate) fn join(patients: BTreeSet<String>, table: &Table) -> Result<Joined, String> {
    let mut rows = by_identity(table);
    let mut namesakes: BTreeMap<Identity, Vec<&str>> = BTreeMap::new();
    for id in &patients {
        namesakes.entry(Identity::of(id)).or_default().push(id);
    }
    let (mut people, mut doubts) = (BTreeMap::new(), Vec::new());
    for (identity, ids) in &namesakes {
        let rows = rows.remove(identity).unwrap_or_default();
        for &id in ids {
            // What is written exactly so counts.
            let (exact, others): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|row| row.id == id);
            let person = match exact.is_empty() {
                true if rows.is_empty() || ids.len() == 1 => agreed(id, &rows)?,
                true => return Err(ambiguous(rows[0], ids)),
                false => agreed(id, &exact)?,
            };
            let other = others.iter().find(|row| ids.len() == 1 && Some(row.person) != person);
            if let (Some(first), Some(other)) = (exact.first(), other) {
                doubts.push(format!(
                    "row {} (`{id}`) and row {} (`{}`) are both of patient {id} and differ: the first counts",
                    first.number, other.number, other.id
                ));
            }
            people.insert(id.to_owned(), person);
        }
    }
    if !people.is_empty() && people.values().all(Option::is_none) {
        return Err(format!(
            "none of the {} patients ({}) has a row in it; its {} rows are of {}: is it the table of another data \
             set? `--unstratified` does without",
            patients.len(),
            examples(patients.iter().map(String::as_str)),
            table.rows.len(),
            examples(table.rows.iter().map(|row| row.id.as_str())),
        ));
    }
    Ok(Joined { people, rows_left: rows.values().map(Vec::len).sum(), doubts })
}

/// The patients that a table is itself the list of. A number is called as its folder would be, `ID001`.
pub(crate) fn listed(table: &Table) -> Result<BTreeMap<String, Option<Person>>, String> {
    let rows = by_identity(table).into_values();
    rows.map(|rows| {
        let name = folder_of(&rows[0].id);
        agreed(&name, &rows).map(|person| (name, person))
    })
    .collect()
}

fn by_identity(table: &Table) -> BTreeMap<Identity, Vec<&Row>> {
    let mut rows: BTreeMap<Identity, Vec<&Row>> = BTreeMap::new();
    for row in &table.rows {
        rows.entry(Identity::of(&row.id)).or_default().push(row);
    }
    rows
}

/// The first few of some IDs, for messages.
pub(crate) fn examples<'a>(ids: impl IntoIterator<Item = &'a str>) -> String {
    let mut ids = ids.into_iter();
    let mut text = ids.by_ref().take(3).collect::<Vec<_>>().join(", ");
    if text.is_empty() {
        text.push_str("nobody");
    }
    if ids.next().is_some() {
        text.push_str(", …");
    }
    text
}

/// What is wrong with a row that is of several patients.
fn ambiguous(row: &Row, patients: &[&str]) -> String {
    let patients = patients.join(" and ");
    format!(
        "row {} (`{}`) may be of the patients {patients}: write IDs as their folders do",
        row.number, row.id
    )
}

/// What all `rows` of one patient say.
fn agreed(id: &str, rows: &[&Row]) -> Result<Option<Person>, String> {
    let Some((first, others)) = rows.split_first() else { return Ok(None) };
    match others.iter().find(|row| row.person != first.person) {
        None => Ok(Some(first.person)),
        Some(other) => Err(format!(
            "rows {} and {} are both of patient {id} and differ; remove one of them",
            first.number, other.number
        )),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::metadata::tests::table;

    fn ids(ids: &[&str]) -> BTreeSet<String> {
        ids.iter().map(|&id| id.to_owned()).collect()
    }

    /// The ages that the join finds.
    fn ages(patients: &[&str], rows: &[&[&str]]) -> Result<Vec<Option<f64>>, String> {
        let table = table(&[&[&["ID", "나이"][..]], rows].concat())?;
        Ok(join(ids(patients), &table)?.people.into_values().map(|person| person?.age).collect())
    }

    #[test]
    fn numbers_are_joined_with_folders() {
        let found = ages(
            &["ID001", "ID002", "ID003", "ID010", "P7"],
            &[&["1", "31"], &["2.0", "32"], &["_x0008_ id003 ", "33"], &["0010", "34"], &["p7", "35"]],
        );
        assert_eq!(found.unwrap(), [31.0, 32.0, 33.0, 34.0, 35.0].map(Some));
    }

    #[test]
    fn patients_without_rows_and_rows_without_patients_are_counted() {
        let table = table(&[&["ID", "나이"], &["1", "31"], &["7", "32"], &["8", "33"]]).unwrap();
        let joined = join(ids(&["ID001", "ID002"]), &table).unwrap();
        assert_eq!((joined.people["ID002"], joined.rows_left), (None, 2));
        assert!(joined.people["ID001"].is_some() && joined.doubts.is_empty());
    }

    #[test]
    fn a_table_of_others_is_refused_with_examples_of_both_sides() {
        let told = ages(&["ID001", "ID002"], &[&["A1", "31"], &["A2", "1"], &["A3", "1"], &["A4", "1"]]);
        let told = told.unwrap_err();
        assert!(told.contains("none of the 2 patients (ID001, ID002)"), "{told}");
        assert!(told.contains("its 4 rows are of A1, A2, A3, …"), "{told}");
        assert!(ages(&["ID001"], &[]).unwrap_err().contains("its 0 rows are of nobody"));
    }

    #[test]
    fn two_rows_of_one_patient_must_agree() {
        let twice = |first: &str, second: &str| ages(&["ID001"], &[&["1", first], &["1.0", second]]);
        assert_eq!(twice("31", "31.0").unwrap(), [Some(31.0)]);
        let told = twice("31", "32").unwrap_err();
        assert!(told.contains("rows 2 and 3 are both of patient ID001 and differ"), "{told}");
        // What is written exactly as the folder counts, as it always did; the other is told.
        let rows: &[&[&str]] = &[&["ID", "나이"], &["1", "31"], &["ID001", "32"]];
        let joined = join(ids(&["ID001"]), &table(rows).unwrap()).unwrap();
        assert_eq!(joined.people["ID001"].unwrap().age, Some(32.0));
        assert!(joined.doubts[0].contains("row 3 (`ID001`) and row 2 (`1`)"), "{:?}", joined.doubts);
    }

    #[test]
    fn a_row_that_may_be_of_two_patients_is_refused() {
        let told = ages(&["ID001", "ID01"], &[&["1", "31"]]).unwrap_err();
        assert!(told.contains("row 2 (`1`) may be of the patients ID001 and ID01"), "{told}");
        let exact = ages(&["ID001", "ID01"], &[&["ID01", "31"], &["ID001", "32"]]);
        assert_eq!(exact.unwrap(), [Some(32.0), Some(31.0)]);
    }

    #[test]
    fn a_table_lists_patients_by_the_names_of_their_folders() {
        let rows: &[&[&str]] = &[&["ID"], &["2"], &["10.0"], &["1234"], &["P7"], &["3"], &["id003"]];
        let names: Vec<String> = listed(&table(rows).unwrap()).unwrap().into_keys().collect();
        assert_eq!(names, ["ID002", "ID003", "ID010", "ID1234", "P7"]);
        let twice = table(&[&["ID", "나이"], &["1", "31"], &["ID001", "32"]]).unwrap();
        assert!(listed(&twice).unwrap_err().contains("rows 2 and 3 are both of patient ID001"));
    }
}
