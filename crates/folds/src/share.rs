//! A share of the patients, as data-efficiency curves (learning curves) need it: the same people first, however many.

use std::collections::BTreeSet;

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// The first of `patients`, in an order that the seed says: `share` (0 … 1) of their number, rounded, but one at least.
///
/// The order is that of the xxh3-64, with the seed, of `share ` and the ID's bytes (equal ones in the order of their
/// IDs), so that it is another than that in which [`crate::deal`] deals. It never changes. A smaller share's patients are
/// among a larger one's, and whoever is first does not depend on who else is there.
pub fn share(patients: &BTreeSet<String>, share: f64, seed: u64) -> BTreeSet<String> {
    let count = (share * patients.len() as f64).round() as usize;
    let place = |id: &String| xxh3_64_with_seed(format!("share {id}").as_bytes(), seed);
    let mut order: Vec<(u64, &String)> = patients.iter().map(|id| (place(id), id)).collect();
    order.sort();
    order.into_iter().take(count.max(1)).map(|(_, id)| id.clone()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn patients(ids: impl IntoIterator<Item = usize>) -> BTreeSet<String> {
        ids.into_iter().map(|n| format!("ID{n:03}")).collect()
    }

    /// The order must stay what it is for ever: whoever changes this list changes every published curve.
    #[test]
    fn the_order_is_pinned() {
        let twelve = patients(0..12);
        assert_eq!(share(&twelve, 0.25, 0), patients([0, 3, 11]));
        assert_eq!(share(&twelve, 0.5, 0), patients([0, 3, 11, 7, 6, 8]));
        assert_eq!(share(&twelve, 0.25, 7), patients([1, 7, 8]));
    }

    #[test]
    fn of_nobody_there_is_no_share() {
        assert!(share(&BTreeSet::new(), 0.5, 0).is_empty());
    }

    proptest! {
        #[test]
        fn shares_are_exact_and_nested(
            ids in prop::collection::btree_set(0..500usize, 1..60),
            shares in [0.001f64..=1.0, 0.001f64..=1.0],
            seed in any::<u64>(),
        ) {
            let all = patients(ids);
            let [few, many] = [shares[0].min(shares[1]), shares[0].max(shares[1])];
            let [small, large] = [few, many].map(|part| share(&all, part, seed));
            prop_assert!(small.is_subset(&large) && large.is_subset(&all));
            prop_assert_eq!(large.len(), ((many * all.len() as f64).round() as usize).max(1));
            prop_assert_eq!(&share(&all, 1.0, seed), &all);
            // Shares of some of the patients are of the same order.
            let half: BTreeSet<String> = all.iter().step_by(2).cloned().collect();
            let of_half = share(&half, many, seed);
            prop_assert!(of_half.is_subset(&large) || (&large & &half).is_subset(&of_half));
        }
    }
}
