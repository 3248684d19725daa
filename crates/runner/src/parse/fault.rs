//! A fault of a pipeline file: where it is, what is wrong, and the nearest name that would be right.

use std::fmt;

/// Where a value was written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// In this line of the file, counted from 1.
    Line(usize),
    /// On the command line, as `--set` says it.
    Flag(String),
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// Where.
    pub origin: Origin,
    /// What, and what would be right.
    pub text: String,
    /// Whether the file is right and the system refuses: a stage does not start.
    pub system: bool,
}

/// Everything that is wrong with a pipeline file, in the order of its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults {
    /// The file, as the user named it.
    pub file: String,
    /// At least one.
    pub faults: Vec<Fault>,
}

impl Fault {
    /// A fault at `origin`.
    pub fn new(origin: &Origin, text: impl Into<String>) -> Fault {
        Fault { origin: origin.clone(), text: text.into(), system: false }
    }

    /// A fault of the system, not of the file, that shows at `origin`.
    pub fn of_system(origin: &Origin, text: impl Into<String>) -> Fault {
        Fault { system: true, ..Fault::new(origin, text) }
    }
}

impl Faults {
    /// Sorts and keeps each fault once: the instances of an expanded node share their faults.
    pub(crate) fn new(file: &str, mut faults: Vec<Fault>) -> Faults {
        faults.sort();
        faults.dedup();
        Faults { file: file.to_owned(), faults }
    }

    /// The exit code: 2 where something in the file is to be mended, 74 where all is right but the system refuses.
    pub fn code(&self) -> u8 {
        if self.faults.iter().all(|fault| fault.system) { 74 } else { 2 }
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for fault in &self.faults {
            match &fault.origin {
                Origin::Line(line) => writeln!(f, "{}:{line}: {}", self.file, fault.text)?,
                Origin::Flag(flag) => writeln!(f, "--set {flag}: {}", fault.text)?,
            }
        }
        let count = self.faults.len();
        write!(f, "{count} fault{}; nothing was run", if count == 1 { "" } else { "s" })
    }
}

impl std::error::Error for Faults {}

/// The candidate that `name` was most likely meant to be; none where nothing is near.
pub(crate) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| {
            let near = strsim::normalized_damerau_levenshtein(name, candidate);
            let begins = !name.is_empty() && (candidate.starts_with(name) || name.starts_with(candidate));
            (if begins { near.max(0.6) } else { near }, candidate)
        })
        .filter(|(near, _)| *near >= 0.5)
        .max_by(|(a, first), (b, second)| a.total_cmp(b).then(second.cmp(first)))
        .map(|(_, candidate)| candidate)
}

/// `; did you mean …?`, or else what there is to choose from.
pub(crate) fn remedy<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    let candidates: Vec<&str> = candidates.into_iter().collect();
    match (nearest(name, candidates.iter().copied()), candidates.as_slice()) {
        (Some(near), _) => format!("; did you mean `{near}`?"),
        (None, []) => String::new(),
        (None, all) => format!("; there is {}", listing(all)),
    }
}

/// `` `a`, `b` and `c` ``.
pub(crate) fn listing<S: AsRef<str>>(names: &[S]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{}`", name.as_ref())).collect();
    match quoted.as_slice() {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_nearest() {
        let stages = ["rasterize-labels", "decode", "decode-rle", "encode-rle"];
        assert_eq!(nearest("rasterise-labels", stages), Some("rasterize-labels"));
        assert_eq!(nearest("rasterize", stages), Some("rasterize-labels"));
        assert_eq!(nearest("decoed", stages), Some("decode"));
        assert_eq!(nearest("train", stages), None);
    }

    #[test]
    fn lists_what_there_is_where_nothing_is_near() {
        assert_eq!(remedy("x", ["epochs", "lr"]), "; there is `epochs` and `lr`");
        assert_eq!(remedy("epoch", ["epochs", "lr"]), "; did you mean `epochs`?");
        assert_eq!(remedy("x", []), "");
    }
}
