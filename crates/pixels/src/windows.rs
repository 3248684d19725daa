//! Windows: squares of a radiograph, each seen whole.

use std::ops::RangeInclusive;

use schemars::JsonSchema;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

/// Windows of a radiograph: squares, each seen whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Windows {
    /// Pixels of the radiograph along a window's side.
    pub side: u32,
    /// Pixels of the radiograph from one window to the next where a radiograph is seen window by window; at most the side.
    pub stride: u32,
}

impl Windows {
    /// Legal sides.
    pub const SIDES: RangeInclusive<u32> = 32..=16_384;

    /// Refuses sides out of range, and strides that leave gaps or go nowhere.
    ///
    /// # Errors
    /// What they are and what was expected.
    pub fn check(self) -> Result<(), String> {
        let Windows { side, stride } = self;
        if !Windows::SIDES.contains(&side) {
            let (least, most) = (Windows::SIDES.start(), Windows::SIDES.end());
            return Err(format!("windows of {side} pixels a side; {least} to {most} were expected"));
        }
        if !(1..=side).contains(&stride) {
            return Err(format!(
                "a stride of {stride} between windows of {side} pixels; 1 to {side} was expected"
            ));
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Windows {
    /// What [`Windows::check`] refuses is an error.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Windows, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields, rename = "Windows")]
        struct Unchecked {
            side: u32,
            stride: u32,
        }
        let Unchecked { side, stride } = Unchecked::deserialize(deserializer)?;
        let windows = Windows { side, stride };
        windows.check().map_err(D::Error::custom)?;
        Ok(windows)
    }
}

/// Where windows of `side` begin along a side of `whole` pixels, `stride` apart: the last one ends where the whole does; the
/// only one is centred where the whole is smaller.
pub(crate) fn starts(whole: u32, side: u32, stride: u32) -> impl Iterator<Item = i32> + Clone {
    let start = |place: i64| i32::try_from(place).unwrap_or(i32::MAX);
    let slack = i64::from(whole) - i64::from(side);
    let last = if slack > 0 { slack } else { -(-slack / 2) };
    (0..last.max(0)).step_by(stride.max(1) as usize).chain([last]).map(start)
}

/// How many windows [`starts`] gives.
pub(crate) fn count(whole: u32, side: u32, stride: u32) -> u64 {
    u64::from(whole.saturating_sub(side)).div_ceil(u64::from(stride.max(1))) + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_cover_a_side_and_stay_inside() {
        let all = |whole, side, stride| starts(whole, side, stride).collect::<Vec<_>>();
        assert_eq!(all(2048, 1024, 512), [0, 512, 1024]);
        assert_eq!(all(2048, 1024, 1000), [0, 1000, 1024]);
        assert_eq!(all(1024, 1024, 512), [0]);
        assert_eq!(all(700, 1024, 512), [-162]);
        assert_eq!(all(701, 1024, 512), [-161]);
    }

    #[test]
    fn they_are_counted_without_being_made() {
        for (whole, side, stride) in
            [(2048, 1024, 512), (2048, 1024, 1000), (1025, 1024, 9), (10, 64, 1), (64, 64, 1)]
        {
            assert_eq!(count(whole, side, stride), starts(whole, side, stride).count() as u64);
        }
        assert_eq!(count(u32::MAX, 1, 1), u64::from(u32::MAX));
    }
}
