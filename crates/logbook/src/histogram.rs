//! A histogram: how values are distributed over TensorBoard's exponential buckets.

use std::sync::LazyLock;

use crate::wire::Message;

/// A distribution of values.
///
/// Bucket i counts the values `limits[i - 1] <= v < limits[i]`. Limits are 0 and ±1e-12 · 1.1^k below 1e20, and the
/// largest and the smallest `f64` (TensorFlow's `histogram.cc`). Of adjacent buckets without values only the last
/// stands here.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    /// The least value; 0 where there is none.
    pub min: f64,
    /// The greatest value; 0 where there is none.
    pub max: f64,
    /// How many values there are.
    pub count: u64,
    /// Their sum.
    pub sum: f64,
    /// The sum of their squares.
    pub sum_squares: f64,
    /// The upper limit of each bucket, ascending.
    pub limits: Vec<f64>,
    /// How many values each bucket has.
    pub buckets: Vec<u64>,
}

/// The upper limits of all buckets, ascending.
static LIMITS: LazyLock<Vec<f64>> = LazyLock::new(|| {
    // By multiplication, as others do: other limits in the last bit would be other buckets.
    let positive: Vec<f64> = std::iter::successors(Some(1e-12), |limit| Some(limit * 1.1))
        .take_while(|limit| *limit < 1e20)
        .collect();
    let negative = positive.iter().rev().map(|limit| -limit);
    let inner = negative.chain([0.0]).chain(positive.iter().copied());
    std::iter::once(-f64::MAX).chain(inner).chain([f64::MAX]).collect()
});

impl Histogram {
    /// Counts `values`. Those that are not finite are left out: they lie in no bucket.
    pub fn of(values: &[f32]) -> Histogram {
        let limits = LIMITS.as_slice();
        let mut counts = vec![0; limits.len()];
        let (mut min, mut max, mut count, mut sum, mut sum_squares) = (f64::MAX, -f64::MAX, 0, 0.0, 0.0);
        for value in values.iter().copied().filter(|value| value.is_finite()).map(f64::from) {
            counts[limits.partition_point(|limit| *limit <= value)] += 1;
            (min, max) = (f64::min(min, value), f64::max(max, value));
            count += 1;
            sum += value;
            sum_squares += value * value;
        }
        if count == 0 {
            (min, max) = (0.0, 0.0);
        }
        let mut histogram = Histogram { min, max, count, sum, sum_squares, limits: vec![], buckets: vec![] };
        for (at, (limit, bucket)) in limits.iter().zip(&counts).enumerate() {
            if *bucket > 0 || counts.get(at + 1).is_none_or(|next| *next > 0) {
                histogram.limits.push(*limit);
                histogram.buckets.push(*bucket);
            }
        }
        histogram
    }

    /// `HistogramProto` of TensorBoard's protocol.
    pub(crate) fn message(&self) -> Message {
        let buckets: Vec<f64> = self.buckets.iter().map(|count| *count as f64).collect();
        Message::new()
            .double(1, self.min)
            .double(2, self.max)
            .double(3, self.count as f64)
            .double(4, self.sum)
            .double(5, self.sum_squares)
            .doubles(6, &self.limits)
            .doubles(7, &buckets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finite_value_lies_in_the_bucket_whose_limits_enclose_it() {
        let extremes = [f32::MAX, f32::MIN, f32::MIN_POSITIVE, -1e-30, 0.0, -0.0, 1.0, 1e-12, 1e-44];
        for value in extremes {
            let histogram = Histogram::of(&[value, f32::NAN, f32::INFINITY]);
            assert_eq!((histogram.count, histogram.buckets.iter().sum::<u64>()), (1, 1), "{value}");
            let at = histogram.buckets.iter().position(|count| *count == 1).expect("a bucket");
            assert!(f64::from(value) < histogram.limits[at], "{value}");
            assert!(at == 0 || histogram.limits[at - 1] <= f64::from(value), "{value}");
            assert_eq!([histogram.min, histogram.max], [f64::from(value); 2]);
        }
    }

    #[test]
    fn limits_ascend_and_are_symmetric() {
        assert!(LIMITS.is_sorted_by(|one, next| one < next));
        assert!(LIMITS.iter().zip(LIMITS.iter().rev()).all(|(one, other)| *one == -other));
        assert_eq!(LIMITS.len(), 2 * 775 + 1);
    }

    #[test]
    fn buckets_without_values_are_merged() {
        let histogram = Histogram::of(&[-1.0, 1.0, 1.0]);
        assert_eq!(histogram.buckets, [0, 1, 0, 2, 0]);
        assert_eq!(histogram.limits.last(), Some(&f64::MAX));
        assert_eq!((histogram.sum, histogram.sum_squares), (1.0, 3.0));
    }

    #[test]
    fn no_values_are_one_empty_bucket() {
        let histogram = Histogram::of(&[f32::NAN]);
        assert_eq!((histogram.count, histogram.min, histogram.max), (0, 0.0, 0.0));
        assert_eq!(histogram.buckets, [0]);
    }
}
