//! The comparison of phantoms, or of any labelled data set, with the measured figures.

use std::fmt::Write as _;

use bones::Bone;

use crate::figures::{CARPAL_AREAS, METACARPAL_SHARE, OUTLINES, OVERLAPS};
use crate::measure::Measures;

/// One figure: what it should be, and what it is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) target: String,
    /// The range that counts as met.
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) measured: f64,
}

impl Row {
    /// Whether the measured value lies in the range.
    pub(crate) fn is_met(&self) -> bool {
        (self.low..=self.high).contains(&self.measured)
    }

    fn around(what: String, target: f64, tolerance: f64, measured: f64) -> Row {
        Row {
            what,
            target: format!("{target:.2}"),
            low: target - tolerance,
            high: target + tolerance,
            measured,
        }
    }

    fn within(what: &str, low: f64, high: f64, measured: f64) -> Row {
        Row { what: what.to_owned(), target: format!("{low} – {high}"), low, high, measured }
    }
}

/// The comparison as rows, from the measures of `images`; `bent` is the expected range of the share of bent wrists.
pub(crate) fn compare(images: &[Measures], bent: Option<(f64, f64)>) -> Vec<Row> {
    let mut rows = Vec::new();
    let whole: Vec<&Measures> = images.iter().filter(|image| image.bones[10].length > 0.0).collect();
    let over = |value: &dyn Fn(&Measures) -> f64| median(whole.iter().map(|image| value(image)).collect());
    rows.push(Row::around(
        "finger-11, share of the image's height".to_owned(),
        METACARPAL_SHARE,
        0.02,
        over(&|image| image.bones[10].length / image.image_height),
    ));
    for (bone, outline) in Bone::ALL.into_iter().zip(OUTLINES) {
        let i = bone.index();
        let length = over(&|image| image.bones[i].length / image.bones[10].length);
        // What is left of the forearm in the frame depends on where the hand lies.
        let share = if i >= 27 { 0.25 } else { 0.12 };
        rows.push(Row::around(format!("{bone}, length"), outline.length, share * outline.length, length));
        let ratio = over(&|image| image.bones[i].width / image.bones[i].length.max(1.0));
        rows.push(Row::around(format!("{bone}, width / length"), outline.ratio, 0.15 * outline.ratio, ratio));
    }
    for i in [1, 5, 9, 13, 17] {
        let waist = over(&|image| image.bones[i].waist);
        rows.push(Row::within(&format!("{}, waist / base", Bone::ALL[i]), 0.55, 0.65, waist));
    }
    for (bone, target) in CARPAL_AREAS {
        let area = over(&|image| image.bones[bone].area / image.bones[21].area.max(1.0));
        rows.push(Row::around(format!("{}, area / Capitate", Bone::ALL[bone]), target, 0.15 * target, area));
    }
    for (a, b, middle, upper) in OVERLAPS {
        let (a, b) = (Bone::ALL[a], Bone::ALL[b]);
        let mut shares: Vec<f64> = whole.iter().filter_map(|image| image.overlap(a, b)).collect();
        shares.sort_by(f64::total_cmp);
        let tolerance = 0.03 + 0.25 * middle;
        rows.push(Row::around(format!("{a} ∩ {b}, median"), middle, tolerance, quantile(&shares, 0.5)));
        if let Some(upper) = upper {
            let tolerance = 0.05 + 0.25 * upper;
            rows.push(Row::around(format!("{a} ∩ {b}, 90 %"), upper, tolerance, quantile(&shares, 0.9)));
        }
    }
    rows.extend(greys(images));
    let vertices = |range: std::ops::Range<usize>, pick: fn(usize, usize) -> usize, start: usize| {
        let counts = images.iter().flat_map(|image| &image.bones[range.clone()]).map(|bone| bone.vertices);
        counts.fold(start, pick) as f64
    };
    rows.push(Row::within(
        "fewest vertices, fingers and wrist",
        17.0,
        60.0,
        vertices(0..27, usize::min, usize::MAX),
    ));
    rows.push(Row::within("most vertices, fingers and wrist", 17.0, 60.0, vertices(0..27, usize::max, 0)));
    rows.push(Row::within(
        "fewest vertices, Radius and Ulna",
        200.0,
        1200.0,
        vertices(27..29, usize::min, usize::MAX),
    ));
    rows.push(Row::within("most vertices, Radius and Ulna", 200.0, 1200.0, vertices(27..29, usize::max, 0)));
    if let Some((low, high)) = bent {
        let bent = whole.iter().filter(|image| image.wrist_angle() > 33.0).count();
        rows.push(Row::within("share of bent wrists", low, high, bent as f64 / whole.len().max(1) as f64));
    }
    let pairs: Vec<(f64, f64)> =
        whole.iter().filter_map(|image| Some((image.patient_height?, image.bones[10].length))).collect();
    if pairs.len() > 2 {
        rows.push(Row::within("r of height and finger-11's length", 0.6, 0.85, correlation(&pairs)));
    }
    rows
}

fn greys(images: &[Measures]) -> Vec<Row> {
    // Share by share within each image, so that one picture's bright border does not shift them all.
    let share = |counts: fn(&Measures) -> &[u32; 256], share: f64| {
        median(images.iter().map(|image| at_share(counts(image), share)).collect())
    };
    let flesh = |at: f64| share(|image| &image.flesh, at);
    let mean = |bones: &[usize], value: fn(&Measures, usize) -> f64| {
        median(images.iter().flat_map(|image| bones.iter().map(|&i| value(image, i))).collect())
    };
    let grey = |bones: &[usize]| mean(bones, |image, i| image.bones[i].grey);
    let deviation = |bones: &[usize]| mean(bones, |image, i| image.bones[i].grey_deviation);
    let phalanges: Vec<usize> = (0..19).filter(|i| ![2, 6, 10, 14, 18].contains(i)).collect();
    let wrist: Vec<usize> = (19..29).collect();
    vec![
        Row::within("grey of air, median", 0.0, 10.0, share(|image| &image.air, 0.5)),
        Row::within("grey of soft tissue, 5 %", 62.0, 94.0, flesh(0.05)),
        Row::around("grey of soft tissue, median".to_owned(), 142.0, 15.0, flesh(0.5)),
        Row::within("grey of soft tissue, 95 %", 180.0, 208.0, flesh(0.95)),
        Row::within("grey of phalanges", 150.0, 195.0, grey(&phalanges)),
        Row::within("grey of metacarpals", 200.0, 220.0, grey(&[2, 6, 10, 14, 18])),
        Row::within("grey of wrist and forearm", 225.0, 242.0, grey(&wrist)),
        Row::within("deviation inside a phalanx", 12.0, 20.0, deviation(&phalanges)),
        Row::within("deviation inside a metacarpal", 12.0, 20.0, deviation(&[2, 6, 10, 14, 18])),
        Row::within(
            "noise in soft tissue",
            2.0,
            3.0,
            median(images.iter().map(|image| image.noise).collect()),
        ),
    ]
}

/// The rows as a table, with a count of those that are met below.
pub(crate) fn table(rows: &[Row], images: usize) -> String {
    let mut text = String::new();
    let widest = rows.iter().map(|row| row.what.chars().count()).max().unwrap_or(0);
    let _ = writeln!(text, "{:<widest$}  {:>12}  {:>9}", "figure", "target", "measured");
    for row in rows {
        let verdict = if row.is_met() { "ok" } else { "off" };
        let _ = writeln!(text, "{:<widest$}  {:>12}  {:>9.2}  {verdict}", row.what, row.target, row.measured);
    }
    let met = rows.iter().filter(|row| row.is_met()).count();
    let _ = writeln!(text, "{met} of {} figures met, over {images} images", rows.len());
    text
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    quantile(&values, 0.5)
}

/// The value at a share of sorted values; not a number where there is none.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let at = (share * sorted.len().saturating_sub(1) as f64 + 0.5) as usize;
    sorted.get(at).copied().unwrap_or(f64::NAN)
}

/// The grey value below which a share of the counted pixels lies.
fn at_share(counts: &[u32; 256], share: f64) -> f64 {
    let wanted = (f64::from(counts.iter().sum::<u32>()) * share) as u32;
    let mut seen = 0;
    let grey = counts.iter().position(|&count| {
        seen += count;
        seen > wanted
    });
    grey.map_or(f64::NAN, |grey| grey as f64)
}

/// Pearson's r.
fn correlation(pairs: &[(f64, f64)]) -> f64 {
    let n = pairs.len() as f64;
    let (mx, my) = (pairs.iter().map(|p| p.0).sum::<f64>() / n, pairs.iter().map(|p| p.1).sum::<f64>() / n);
    let sum = |f: &dyn Fn(f64, f64) -> f64| pairs.iter().map(|p| f(p.0 - mx, p.1 - my)).sum::<f64>();
    sum(&|x, y| x * y) / (sum(&|x, _| x * x) * sum(&|_, y| y * y)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_and_correlation() {
        assert_eq!(quantile(&[1.0, 2.0, 3.0, 4.0, 9.0], 0.5), 3.0);
        assert!(quantile(&[], 0.5).is_nan());
        assert!((correlation(&[(0.0, 1.0), (1.0, 3.0), (2.0, 5.0)]) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_figure_that_is_not_a_number_is_not_met() {
        assert!(!Row::within("", 0.0, 1.0, f64::NAN).is_met());
        assert!(table(&[Row::within("x", 0.0, 1.0, 2.0)], 1).contains("off"));
    }
}
