//! Dealing patients into folds.

use std::collections::BTreeMap;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::Folds;

/// What folds have in equal shares. A rule never changes: what deals otherwise gets another name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rule {
    /// Strata are sex and age group, or one where neither is asked for.
    SexAge,
    /// Strata are sex, age group and height group.
    SexAgeHeight,
}

impl Rule {
    /// The name and version in `folds.json`.
    pub fn name(self) -> &'static str {
        match self {
            Rule::SexAge => "stratified-xxh3-1",
            Rule::SexAgeHeight => "stratified-sex-age-height-xxh3-1",
        }
    }
}

/// A patient, and what folds should have in equal shares.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Patient {
    /// The ID, such as `ID001`.
    pub id: String,
    /// Patients of one stratum are spread evenly over the folds; any text, such as sex and age group.
    pub stratum: String,
}

/// Deals patients, whose strata are those of `rule`, into `count` folds of sizes that differ by one at most.
///
/// What all rules share: strata in the order of their names; within a stratum patients in the order of the
/// xxh3-64 of their ID's bytes (with the seed; equal ones in the order of their IDs); they are dealt one by one to
/// the folds in turn, and each stratum goes on where the one before it ended. So the order in which patients are
/// given, the machine and the version of any library have no influence.
pub fn deal(patients: impl IntoIterator<Item = Patient>, rule: Rule, count: usize, seed: u64) -> Folds {
    let mut strata: BTreeMap<String, Vec<(u64, String)>> = BTreeMap::new();
    for Patient { id, stratum } in patients {
        strata.entry(stratum).or_default().push((xxh3_64_with_seed(id.as_bytes(), seed), id));
    }
    let mut folds = vec![Vec::new(); count];
    let dealt = strata.into_values().flat_map(|mut patients| {
        patients.sort();
        patients
    });
    for (turn, (_, id)) in dealt.enumerate() {
        folds[turn % count].push(id);
    }
    folds.iter_mut().for_each(|fold| fold.sort());
    Folds { rule: rule.name().to_owned(), seed, folds }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn patients(count: usize) -> Vec<Patient> {
        let stratum = |n: usize| if n.is_multiple_of(3) { "F".to_owned() } else { "M".to_owned() };
        (0..count).map(|n| Patient { id: format!("ID{n:03}"), stratum: stratum(n) }).collect()
    }

    /// The rule must stay what it is for ever: whoever changes these lists changes every published fold.
    #[test]
    fn the_rule_is_pinned() {
        let folds = deal(patients(12), Rule::SexAge, 3, 0).folds;
        let expected = [
            ["ID000", "ID002", "ID008", "ID009"],
            ["ID001", "ID003", "ID010", "ID011"],
            ["ID004", "ID005", "ID006", "ID007"],
        ];
        assert_eq!(folds, expected);
    }

    proptest! {
        #[test]
        fn folds_are_disjoint_complete_even_and_independent_of_order(
            order in Just((0..37usize).collect::<Vec<_>>()).prop_shuffle(),
            count in 1usize..9,
            seed in any::<u64>(),
        ) {
            let given = patients(37);
            let folds = deal(order.iter().map(|&n| given[n].clone()), Rule::SexAge, count, seed);
            prop_assert_eq!(&folds, &deal(given.clone(), Rule::SexAge, count, seed));
            let mut all: Vec<&String> = folds.folds.iter().flatten().collect();
            all.sort();
            prop_assert_eq!(all, given.iter().map(|patient| &patient.id).collect::<Vec<_>>());
            let spread = |sizes: Vec<usize>| sizes.iter().max().unwrap_or(&0) - sizes.iter().min().unwrap_or(&0);
            prop_assert!(spread(folds.folds.iter().map(Vec::len).collect()) <= 1);
            let women = |fold: &Vec<String>| {
                fold.iter().filter(|id| given.iter().any(|one| one.id == **id && one.stratum == "F")).count()
            };
            prop_assert!(spread(folds.folds.iter().map(women).collect()) <= 1);
        }
    }
}
