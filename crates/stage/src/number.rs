//! Numbers on the command line, which are finite and in a range.

use std::ops::RangeInclusive;

/// A parser for `value_parser` of numbers from `range`; what is not finite (`inf`, `NaN`) is in no range.
///
/// ```ignore
/// #[arg(long, default_value_t = 0.1, value_parser = number::within(0.0..=10.0))]
/// pub margin: f64,
/// ```
pub fn within(range: RangeInclusive<f64>) -> impl Fn(&str) -> Result<f64, String> + Clone + Send + Sync {
    move |text| match text.parse::<f64>() {
        Ok(number) if number.is_finite() && range.contains(&number) => Ok(number),
        _ if range.end().is_infinite() => Err(format!("expected a number of at least {}", range.start())),
        _ => Err(format!("expected a number from {} to {}", range.start(), range.end())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_out_of_range_are_refused() {
        let share = within(0.0..=10.0);
        assert_eq!(share("0.25"), Ok(0.25));
        for text in ["", "inf", "-inf", "NaN", "-0.1", "10.5", "1e400", "0,1", "0.1 "] {
            assert_eq!(share(text), Err("expected a number from 0 to 10".to_owned()), "{text}");
        }
        let positive = within(0.0..=f64::INFINITY);
        assert_eq!(positive("1e300"), Ok(1e300));
        for text in ["inf", "1e400", "nan", "-1"] {
            assert_eq!(positive(text), Err("expected a number of at least 0".to_owned()), "{text}");
        }
    }
}
