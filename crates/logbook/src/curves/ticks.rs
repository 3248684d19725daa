//! The ticks of an axis: round numbers, 1, 2 or 5 times a power of ten apart.

/// An axis: its ends, and where its ticks are.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Axis {
    pub(super) low: f64,
    pub(super) high: f64,
    /// Ascending, with what stands at each.
    pub(super) ticks: Vec<(f64, String)>,
}

/// The distance of ticks: `times` · 10^`power`.
#[derive(Clone, Copy)]
struct Distance {
    times: f64,
    power: i32,
}

impl Axis {
    /// An axis over `low` … `high` (finite, `low <= high`) of some `wanted` ticks, that begins and ends at a tick.
    pub(super) fn round(low: f64, high: f64, wanted: usize) -> Axis {
        let (low, high) = spread(low, high);
        let distance = Distance::of(low, high, wanted);
        let first = (low / distance.value() + 1e-9).floor();
        let last = (high / distance.value() - 1e-9).ceil();
        let ticks = distance.ticks(first, last);
        Axis { low: distance.times_over(first), high: distance.times_over(last), ticks }
    }

    /// An axis of whole numbers from `low` to `high`, with some `wanted` ticks in between.
    pub(super) fn whole(low: f64, high: f64, wanted: usize) -> Axis {
        let (low, high) = if low < high { (low, high) } else { (low - 1.0, high + 1.0) };
        let mut distance = Distance::of(low, high, wanted);
        if distance.power < 0 {
            distance = Distance { times: 1.0, power: 0 };
        }
        let ticks = distance.ticks((low / distance.value()).ceil(), (high / distance.value()).floor());
        Axis { low, high, ticks }
    }

    /// Where `value` lies between the ends: 0 at the lower, 1 at the higher.
    pub(super) fn share(&self, value: f64) -> f64 {
        (value - self.low) / (self.high - self.low)
    }
}

impl Distance {
    /// The least round distance that gives no more than `wanted` intervals.
    fn of(low: f64, high: f64, wanted: usize) -> Distance {
        let least = (high - low) / wanted.max(1) as f64;
        let power = least.log10().floor() as i32;
        let found = [1.0, 2.0, 5.0].into_iter().map(|times| Distance { times, power });
        found
            .into_iter()
            .find(|distance| distance.value() >= least * (1.0 - 1e-9))
            .unwrap_or(Distance { times: 1.0, power: power + 1 })
    }

    fn value(self) -> f64 {
        self.times_over(1.0)
    }

    /// `count` distances. Divided where the power is negative: 3 / 10 is the number that is written 0.3, 3 · 0.1 is not.
    fn times_over(self, count: f64) -> f64 {
        if self.power < 0 {
            count * self.times / 10f64.powi(-self.power)
        } else {
            count * self.times * 10f64.powi(self.power)
        }
    }

    fn ticks(self, first: f64, last: f64) -> Vec<(f64, String)> {
        let largest = f64::max(self.times_over(first).abs(), self.times_over(last).abs());
        let count = (last - first).clamp(-1.0, 1000.0) as i64;
        (0..=count)
            .map(|at| self.times_over(first + at as f64))
            .map(|tick| (tick, self.label(tick, largest)))
            .collect()
    }

    /// The number in as few digits as tell it from its neighbours. All of an axis are written alike.
    fn label(self, tick: f64, largest: f64) -> String {
        if tick == 0.0 {
            return "0".to_owned();
        }
        if (1e-3..1e6).contains(&largest) {
            return format!("{tick:.*}", usize::try_from(-self.power).unwrap_or(0));
        }
        let digits = usize::try_from(tick.abs().log10().floor() as i32 - self.power).unwrap_or(0);
        format!("{tick:.digits$e}")
    }
}

/// An interval that is no point, and wide enough that numbers in it differ. What is next to nothing is 0.
fn spread(low: f64, high: f64) -> (f64, f64) {
    let least = f64::max(low.abs(), high.abs()) * 1e-6;
    if high - low > f64::max(least, 1e-200) {
        (low, high)
    } else if least > 1e-200 {
        (low - least * 1e5, high + least * 1e5)
    } else {
        (-1.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RANGES: [[f64; 2]; 15] = [
        [0.0, 1.0],
        [0.13, 0.97],
        [0.0, 1e-3],
        [3e-7, 9.1e-4],
        [-5.0, 17.3],
        [1.0, 1.0],
        [0.0, 0.0],
        [0.9339, 0.9341],
        [1e300, 3e300],
        [0.0, 123_456.0],
        [0.0, 34_000_000.0],
        [-0.3, -0.1],
        [1e-150, 2e-150],
        [0.5, 0.500_000_001],
        [1e-310, 1e-309],
    ];

    #[test]
    fn ticks_are_round_and_enclose_what_is_shown() {
        for [low, high] in RANGES {
            for wanted in 2..8 {
                let Axis { low: start, high: end, ticks } = Axis::round(low, high, wanted);
                let slack = (high - low) * 1e-6 + f64::max(low.abs(), high.abs()) * 1e-14;
                assert!(start <= low + slack && end >= high - slack, "{low} … {high}: {start} … {end}");
                assert!((2..=wanted + 3).contains(&ticks.len()), "{low} … {high}: {ticks:?}");
                assert_eq!((ticks[0].0, ticks[ticks.len() - 1].0), (start, end));
                for pair in ticks.windows(2) {
                    let step = pair[1].0 - pair[0].0;
                    let mantissa = step / 10f64.powf((step * 1.001).log10().floor());
                    let off = [1.0, 2.0, 5.0].map(|round| (mantissa / round - 1.0).abs());
                    assert!(off.iter().any(|off| *off < 1e-3), "{low} … {high}: {pair:?}");
                }
            }
        }
    }

    #[test]
    fn what_stands_at_a_tick_is_its_number() {
        for [low, high] in RANGES {
            for (tick, label) in Axis::round(low, high, 5).ticks {
                let read: f64 = label.parse().expect("a number");
                assert!((read - tick).abs() <= 1e-9 * tick.abs(), "{tick}: {label}");
            }
        }
        let labels = |axis: Axis| axis.ticks.into_iter().map(|(_, label)| label).collect::<Vec<_>>();
        assert_eq!(labels(Axis::round(0.0, 0.6, 3)), ["0", "0.2", "0.4", "0.6"]);
        assert_eq!(labels(Axis::round(0.0, 4e-4, 2)), ["0", "2e-4", "4e-4"]);
        assert_eq!(labels(Axis::round(9.0e-4, 1.0e-3, 2)), ["0.00090", "0.00095", "0.00100"]);
    }

    #[test]
    fn steps_and_epochs_have_whole_ticks_within_the_ends() {
        for [low, high] in [[1.0, 2.0], [1.0, 1.0], [0.0, 7.0], [1.0, 12.0], [10.0, 123_456.0]] {
            let axis = Axis::whole(low, high, 8);
            assert!(axis.ticks.len() >= 2, "{axis:?}");
            assert!(
                axis.ticks
                    .iter()
                    .all(|(tick, _)| tick.fract() == 0.0 && axis.low <= *tick && *tick <= axis.high)
            );
        }
    }
}
