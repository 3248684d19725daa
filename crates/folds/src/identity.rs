//! Whom an ID means, however it is written.
//!
//! Folders are called `ID001`; tables and lists say `1`, `1.0` or `id001`. A number is one patient with whatever
//! zeros, decimals or letters `ID` around it; other IDs are compared without regard to case.

/// Whom an ID means: IDs of equal identities are of one patient.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Identity(String);

impl Identity {
    /// Whom `id` means.
    pub fn of(id: &str) -> Identity {
        let bare = match id.get(..2) {
            Some(letters) if letters.eq_ignore_ascii_case("ID") => {
                id[2..].trim_start_matches([' ', '-', '_'])
            }
            _ => id,
        };
        Identity(number(bare).map_or_else(|| id.to_lowercase(), str::to_owned))
    }
}

/// The name that the folder of a patient has: `ID001` for the number `1`; whatever is no number stays as it is.
pub fn folder_of(id: &str) -> String {
    number(id).map_or_else(|| id.to_owned(), |number| format!("ID{number:0>3}"))
}

/// The digits of a whole number without leading zeros; `1.0` is one too.
fn number(text: &str) -> Option<&str> {
    let whole = match text.split_once('.') {
        Some((whole, zeros)) if zeros.bytes().all(|digit| digit == b'0') => whole,
        Some(_) => return None,
        None => text,
    };
    let digits = !whole.is_empty() && whole.bytes().all(|digit| digit.is_ascii_digit());
    digits.then(|| Some(whole.trim_start_matches('0')).filter(|rest| !rest.is_empty()).unwrap_or("0"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_one_patient_however_it_is_written() {
        for id in ["1", "1.0", "1.000", "001", "ID001", "id001", "Id 1", "ID_01", "ID-1", "ID001.0"] {
            assert_eq!(Identity::of(id), Identity::of("1"), "{id}");
        }
        let others =
            ["ID000", "ID010", "11", "IDA1", "ID", "P001", "1.5", "1e3", "-1", "", "나", "나이1", "ID1.5"];
        for (at, id) in others.iter().enumerate() {
            assert_eq!(others.iter().position(|other| Identity::of(other) == Identity::of(id)), Some(at));
            assert_ne!(Identity::of(id), Identity::of("1"), "{id}");
        }
        assert_eq!(Identity::of("p001"), Identity::of("P001"));
    }

    #[test]
    fn folders_of_numbers_are_the_data_sets() {
        let folders = ["1", "2.0", "040", "1234", "ID001", "id7", "P7", "1.5"].map(folder_of);
        assert_eq!(folders, ["ID001", "ID002", "ID040", "ID1234", "ID001", "id7", "P7", "1.5"]);
    }
}
