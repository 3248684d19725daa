//! Levels: 16-bit samples → 8-bit grey values, by the window between two percentiles.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::Serialize;

/// Two percentiles `LOW,HIGH` with 0 ≤ low < high ≤ 100.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, JsonSchema)]
#[serde(into = "String")]
#[schemars(with = "String")]
pub struct Percentiles {
    low: f64,
    high: f64,
}

impl FromStr for Percentiles {
    type Err = String;

    fn from_str(text: &str) -> Result<Percentiles, String> {
        text.split_once(',')
            .and_then(|(low, high)| Some((low.trim().parse().ok()?, high.trim().parse().ok()?)))
            .filter(|(low, high)| (0.0..=100.0).contains(low) && (0.0..=100.0).contains(high) && low < high)
            .map(|(low, high)| Percentiles { low, high })
            .ok_or_else(|| "LOW,HIGH with 0 ≤ LOW < HIGH ≤ 100 was expected, such as 0.5,99.5".to_owned())
    }
}

impl fmt::Display for Percentiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{}", self.low, self.high)
    }
}

impl From<Percentiles> for String {
    fn from(percentiles: Percentiles) -> String {
        percentiles.to_string()
    }
}

/// Maps the samples' window to 0 … 255, linearly, rounded to nearest, and cut off outside; gives the window too.
///
/// The window's ends are the smallest samples that at least `low` % and `high` % of all samples do not exceed
/// (nearest rank). Where the ends coincide, what is above them becomes 255 and the rest 0.
pub fn window(samples: &[u16], percentiles: Percentiles) -> (Vec<u8>, [u16; 2]) {
    let mut histogram = vec![0_u64; 1 << 16];
    for &sample in samples {
        histogram[usize::from(sample)] += 1;
    }
    let ends = [percentiles.low, percentiles.high].map(|percentile| {
        let rank = (percentile / 100.0 * samples.len() as f64).ceil().max(1.0) as u64;
        let mut below = 0;
        let end = histogram.iter().position(|count| {
            below += count;
            below >= rank
        });
        end.map_or(0, |end| end as u16)
    });
    let (low, range) = (u32::from(ends[0]), u32::from(ends[1] - ends[0]));
    let greys: Vec<u8> = (0..=u32::from(u16::MAX))
        .map(|sample| match range {
            0 => u8::from(sample > low) * 255,
            _ => ((sample.saturating_sub(low).min(range) * 255 + range / 2) / range) as u8,
        })
        .collect();
    (samples.iter().map(|&sample| greys[usize::from(sample)]).collect(), ends)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn outliers_do_not_stretch_the_window() {
        let mut samples: Vec<u16> = (1000..2000).collect();
        (samples[0], samples[999]) = (0, u16::MAX);
        let (grey, ends) = window(&samples, "0.5,99.5".parse().unwrap());
        assert_eq!(ends, [1004, 1994]);
        assert_eq!([grey[0], grey[4], grey[499], grey[994], grey[999]], [0, 0, 128, 255, 255]);
        let (all, ends) = window(&samples, "0,100".parse().unwrap());
        assert_eq!((ends, all[500]), ([0, u16::MAX], 6));
    }

    #[test]
    fn a_constant_image_is_black() {
        assert_eq!(window(&[7; 10], "0.5,99.5".parse().unwrap()), (vec![0; 10], [7, 7]));
        assert!(window(&[], "0.5,99.5".parse().unwrap()).0.is_empty());
    }

    #[test]
    fn percentiles_that_make_no_window_are_refused() {
        for text in ["", "5", "5,5", "6,5", "-1,5", "5,101", "NaN,5", "a,b"] {
            assert!(text.parse::<Percentiles>().is_err(), "{text:?}");
        }
        assert_eq!("0.5, 99.5".parse::<Percentiles>().unwrap().to_string(), "0.5,99.5");
    }
}
