//! Strata: groups of patients that every fold has an equal share of.

use clap::ValueEnum;
use folds::Rule;
use schemars::JsonSchema;
use serde::Serialize;

/// What strata are made of.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum, Serialize, JsonSchema)]
pub enum Stratify {
    /// Sex and age group
    #[value(name = "sex,age")]
    #[serde(rename = "sex,age")]
    SexAge,
    /// Sex, age group and height group: the length of bones goes with height
    #[value(name = "sex,age,height")]
    #[serde(rename = "sex,age,height")]
    SexAgeHeight,
}

/// What the table tells of a patient.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Person {
    /// `M` or `F`.
    pub(crate) sex: Option<char>,
    /// In years.
    pub(crate) age: Option<f64>,
    /// In centimetres.
    pub(crate) height: Option<f64>,
}

/// The first age of each age group, and the first height of each height group, but of the lowest.
const AGES: [u32; 4] = [30, 40, 50, 60];
const HEIGHTS: [u32; 3] = [160, 170, 180];

impl Stratify {
    /// The rule that folds of these strata are dealt by.
    pub(crate) fn rule(self) -> Rule {
        match self {
            Stratify::SexAge => Rule::SexAge,
            Stratify::SexAgeHeight => Rule::SexAgeHeight,
        }
    }

    /// The stratum of a patient, such as `F 30–39`; `?` stands for what is not known.
    pub(crate) fn stratum(self, person: &Person) -> String {
        let sex = person.sex.unwrap_or('?');
        let age = group(person.age, &AGES);
        match self {
            Stratify::SexAge => format!("{sex} {age}"),
            Stratify::SexAgeHeight => format!("{sex} {age} {}", group(person.height, &HEIGHTS)),
        }
    }
}

impl Person {
    /// A patient by the texts of three cells.
    pub(crate) fn of_cells(sex: &str, age: &str, height: &str) -> Person {
        let number = |text: &str, range: std::ops::Range<f64>| {
            text.parse::<f64>().ok().filter(|number| range.contains(number))
        };
        let sex = match sex.to_lowercase().as_str() {
            "남" | "남자" | "남성" | "m" | "male" => Some('M'),
            "여" | "여자" | "여성" | "f" | "female" => Some('F'),
            _ => None,
        };
        Person { sex, age: number(age, 0.0..200.0), height: number(height, 40.0..280.0) }
    }
}

fn group(value: Option<f64>, firsts: &[u32]) -> String {
    let Some(value) = value else { return "?".to_owned() };
    match firsts.iter().filter(|&&first| value >= f64::from(first)).count() {
        0 => format!("<{}", firsts[0]),
        reached if reached == firsts.len() => format!("≥{}", firsts[reached - 1]),
        reached => format!("{}–{}", firsts[reached - 1], firsts[reached] - 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Strata are sorted by their texts: whoever changes these changes every published fold.
    #[test]
    fn strata_are_pinned() {
        let rows = [
            (["남", "29.5", "159.5"], "M <30", "M <30 <160"),
            (["여자", "30", "160"], "F 30–39", "F 30–39 160–169"),
            (["F", "59", "179.9"], "F 50–59", "F 50–59 170–179"),
            (["male", "60", "180"], "M ≥60", "M ≥60 ≥180"),
            (["x", "NaN", "inf"], "? ?", "? ? ?"),
            (["", "-1", "1.72"], "? ?", "? ? ?"),
            (["", "200", "280"], "? ?", "? ? ?"),
        ];
        for ([sex, age, height], short, long) in rows {
            let person = Person::of_cells(sex, age, height);
            assert_eq!(Stratify::SexAge.stratum(&person), short);
            assert_eq!(Stratify::SexAgeHeight.stratum(&person), long);
        }
    }
}
