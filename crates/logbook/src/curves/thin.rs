//! Fewer points of a line, for as many columns as are drawn; and its moving mean.

/// The points of a line that decide what it looks like in `columns` columns: of each column the first, the lowest, the
/// highest and the last, in their order. `column` says in which a point lies. Points that are not finite are kept as
/// they are: they are gaps.
pub(super) fn thin(points: &[[f64; 2]], columns: usize, column: impl Fn(f64) -> usize) -> Vec<[f64; 2]> {
    if points.len() <= 4 * columns {
        return points.to_vec();
    }
    let mut kept = Vec::new();
    let same =
        |one: &[f64; 2], next: &[f64; 2]| finite(one) == finite(next) && column(one[0]) == column(next[0]);
    for chunk in points.chunk_by(same) {
        if !finite(&chunk[0]) {
            kept.push(chunk[0]);
            continue;
        }
        let up = |at: &usize| chunk[*at][1];
        let by_height = |one: &usize, other: &usize| up(one).total_cmp(&up(other));
        let lowest = (0..chunk.len()).min_by(by_height).unwrap_or(0);
        let highest = (0..chunk.len()).max_by(by_height).unwrap_or(0);
        let mut at = [0, lowest, highest, chunk.len() - 1].to_vec();
        at.sort_unstable();
        at.dedup();
        kept.extend(at.into_iter().map(|at| chunk[at]));
    }
    kept
}

/// The exponential moving mean over some `span` points: it forgets a share of 1 / `span` with each, and is divided by
/// the sum of its weights, so that it does not begin at 0 (as Adam's bias correction, Kingma and Ba 2015).
pub(super) fn mean(points: &[[f64; 2]], span: f64) -> Vec<[f64; 2]> {
    let kept = 1.0 - 1.0 / span;
    let (mut sum, mut weights) = (0.0, 0.0);
    let mut next = |point: &[f64; 2]| {
        if !finite(point) {
            return *point;
        }
        sum = sum * kept + point[1];
        weights = weights * kept + 1.0;
        [point[0], sum / weights]
    };
    points.iter().map(&mut next).collect()
}

/// Whether a point can be drawn: its numbers are finite, and so are their differences.
pub(super) fn finite(point: &[f64; 2]) -> bool {
    point.iter().all(|number| number.abs() < 1e300)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extremes_survive_and_few_points_are_left() {
        let mut points: Vec<[f64; 2]> = (0..10_000).map(|at| [f64::from(at), f64::from(at % 7)]).collect();
        points[4321][1] = 99.0;
        points[7777][1] = -99.0;
        points[5000][1] = f64::NAN;
        let kept = thin(&points, 100, |across| (across / 100.0) as usize);
        assert!(kept.len() <= 4 * 102, "{}", kept.len());
        assert!(kept.contains(&points[4321]) && kept.contains(&points[7777]));
        assert!(kept.contains(&points[0]) && kept.contains(&points[9999]));
        assert!(kept.is_sorted_by(|one, next| one[0] < next[0]));
        assert_eq!(kept.iter().filter(|point| !finite(point)).count(), 1);
    }

    #[test]
    fn the_mean_of_a_constant_is_that_constant_from_the_first_point_on() {
        let points: Vec<[f64; 2]> = (0..50).map(|at| [f64::from(at), 0.3]).collect();
        assert!(mean(&points, 10.0).iter().all(|point| (point[1] - 0.3).abs() < 1e-12));
        let two = mean(&[[0.0, 1.0], [1.0, f64::NAN], [2.0, 4.0]], 2.0);
        assert!(two[1][1].is_nan());
        assert!((two[2][1] - 3.0).abs() < 1e-12, "1 counts half of 4: {two:?}");
    }
}
