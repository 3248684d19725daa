use bones::statistics::{Interval, SplitMix64, bootstrap, bootstrap_of_classes, percentile};
use proptest::prelude::*;

use crate::golden;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    values: Vec<f64>,
    shares: Vec<f64>,
    found: Vec<f64>,
}

#[test]
fn percentiles_equal_those_of_numpy() {
    for mut case in golden::cases::<Case>("percentile.json") {
        case.values.sort_by(f64::total_cmp);
        for (share, expected) in case.shares.into_iter().zip(case.found) {
            assert!((percentile(&case.values, share).unwrap() - expected).abs() < 1e-15);
        }
    }
    assert_eq!(percentile(&[], 0.5), None);
}

#[test]
fn random_numbers_are_those_of_splitmix64() {
    // The first outputs of Vigna's splitmix64.c for this seed.
    let mut random = SplitMix64::new(1_234_567);
    let expected = [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423_u64];
    assert_eq!([random.next_u64(), random.next_u64(), random.next_u64()], expected);
    let counts = (0..30_000).map(|_| random.below(3)).fold([0; 3], |mut counts, drawn| {
        counts[drawn] += 1;
        counts
    });
    assert!(counts.iter().all(|count| (9_600..10_400).contains(count)), "{counts:?}");
}

#[test]
fn the_interval_is_the_same_for_ever() {
    let groups: Vec<Vec<f64>> =
        (0..20).map(|i| vec![0.9 + f64::from(i) * 0.002; 1 + i as usize % 3]).collect();
    let interval = bootstrap(&groups, 2000, 42);
    let expected = Interval { mean: 0.9191794871794872, low: 0.9141359848484847, high: 0.924222619047619 };
    assert_eq!(interval, expected);
    assert_ne!(bootstrap(&groups, 2000, 43), interval);
}

#[test]
fn the_interval_covers_what_theory_says() {
    // Means of 100 uniform numbers: the standard error is sqrt(1/12/100) = 0.0289, 95 % is ± 0.0566.
    let mut random = SplitMix64::new(7);
    let groups: Vec<Vec<f64>> = (0..100).map(|_| vec![random.next_u64() as f64 / 2f64.powi(64)]).collect();
    let Interval { mean, low, high } = bootstrap(&groups, 4000, 1);
    assert!(
        (mean - low - 0.0566).abs() < 0.008 && (high - mean - 0.0566).abs() < 0.008,
        "{low} {mean} {high}"
    );
}

#[test]
fn too_few_groups() {
    let certain = |mean| Interval { mean, low: mean, high: mean };
    assert_eq!(bootstrap(&[vec![0.25, 0.75]], 100, 1), certain(0.5));
    assert_eq!(bootstrap(&[vec![0.25], vec![], vec![0.75]], 0, 1), certain(0.5));
    assert!(bootstrap(&[vec![], vec![]], 100, 1).mean.is_nan());
}

#[test]
fn classes_weigh_alike_however_many_values_they_have() {
    // Class 0 has three values of mean 0.6, class 1 one of 0.2, class 2 none.
    let groups = [
        vec![[Some(0.5), Some(0.2), None], [Some(0.6), None, None]],
        vec![],
        vec![[Some(0.7), None, None]],
        vec![[None; 3]],
    ];
    let Interval { mean, low, high } = bootstrap_of_classes(&groups, 1000, 3);
    assert!((mean - 0.4).abs() < 1e-12, "{mean}");
    // The extremes of two patients: twice the first, twice the second.
    assert!((low - 0.375).abs() < 1e-12 && (high - 0.7).abs() < 1e-12, "{low} {high}");
}

proptest! {
    #[test]
    fn where_all_classes_have_values_it_is_the_mean_of_an_images_mean(
        groups in prop::collection::vec(prop::collection::vec(prop::array::uniform4(0.0..1.0f64), 0..4), 1..20),
        seed: u64,
    ) {
        prop_assume!(groups.iter().any(|group| !group.is_empty()));
        let of_images: Vec<Vec<f64>> =
            groups.iter().map(|group| group.iter().map(|values| values.iter().sum::<f64>() / 4.0).collect()).collect();
        let groups: Vec<Vec<_>> =
            groups.iter().map(|group| group.iter().map(|values| values.map(Some)).collect()).collect();
        let (one, other) = (bootstrap(&of_images, 50, seed), bootstrap_of_classes(&groups, 50, seed));
        for (one, other) in [(one.mean, other.mean), (one.low, other.low), (one.high, other.high)] {
            prop_assert!((one - other).abs() < 1e-12, "{} {}", one, other);
        }
    }

    #[test]
    fn intervals_hold_the_middle(groups in prop::collection::vec(prop::collection::vec(0.0..1.0f64, 0..4), 1..30), seed: u64) {
        let values: Vec<f64> = groups.concat();
        prop_assume!(!values.is_empty());
        let Interval { mean, low, high } = bootstrap(&groups, 200, seed);
        prop_assert!((mean - values.iter().sum::<f64>() / values.len() as f64).abs() < 1e-12);
        let (least, most) = values.iter().fold((1.0f64, 0.0f64), |(low, high), &value| (low.min(value), high.max(value)));
        prop_assert!(least - 1e-12 <= low && low <= high && high <= most + 1e-12);
    }
}
