//! The files of a score folder.

use std::fmt::Write;

use bones::Bone;

use crate::{Class, Measured, Measures, ScoreTable};

/// The table for people; its last line is [`last_line`].
pub(crate) fn table(scores: &ScoreTable) -> String {
    let tolerance = format!("NSD {} px", scores.tolerance);
    let mut lines = vec![
        format!(
            "{} images of {} patients; 95 % intervals over patients from {} draws",
            scores.images, scores.patients, scores.resamples
        ),
        String::new(),
        format!(
            "{:<12}{:>8}  {:<18}{:>9}{tolerance:>12}{:>11}",
            "class", "Dice", "95 % interval", "HD95 px", "one empty"
        ),
    ];
    lines.extend(scores.classes.iter().map(row));
    lines.push(row(&scores.mean));
    if scores.mean.no_opinion > 0 {
        lines.push("–: not compared, since the prediction or the truth has no opinion on it".to_owned());
    }
    lines.push(String::new());
    lines.push(last_line(scores));
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn row(class: &Class) -> String {
    let (mean, interval) = match &class.dice {
        Some(dice) => (format!("{:.4}", dice.mean), format!("[{:.4}, {:.4}]", dice.low, dice.high)),
        None => ("–".to_owned(), "–".to_owned()),
    };
    let number = |value: Option<f64>, digits: usize| {
        value.map_or_else(|| "–".to_owned(), |value| format!("{value:.digits$}"))
    };
    let (hd95, nsd) = (number(class.hd95, 2), number(class.nsd, 4));
    format!("{:<12}{mean:>8}  {interval:<18}{hd95:>9}{nsd:>12}{:>11}", class.class, class.one_empty)
}

/// `mean Dice 0.9655 [0.9630, 0.9679]`, and ` over 8 of 29 classes` where the others were not compared.
pub(crate) fn last_line(scores: &ScoreTable) -> String {
    let compared = scores.classes.iter().filter(|class| class.dice.is_some()).count();
    let over = match scores.classes.len() {
        all if compared < all => format!(" over {compared} of {all} classes"),
        _ => String::new(),
    };
    match &scores.mean.dice {
        Some(dice) => format!("mean Dice {:.4} [{:.4}, {:.4}]{over}", dice.mean, dice.low, dice.high),
        None if scores.images > 0 => {
            "mean Dice of no class: there is none on which both have an opinion".to_owned()
        }
        None => "mean Dice of no images".to_owned(),
    }
}

/// `scores.json`.
pub(crate) fn json(scores: &ScoreTable) -> serde_json::Result<String> {
    Ok(serde_json::to_string_pretty(scores)? + "\n")
}

/// `scores.csv`: a row for each class and one for their mean; undefined numbers are empty fields.
pub(crate) fn classes(scores: &ScoreTable) -> String {
    let mut text = "class,dice,dice_low,dice_high,hd95,nsd,one_empty,no_opinion\n".to_owned();
    for Class { class, dice, hd95, nsd, one_empty, no_opinion } in scores.classes.iter().chain([&scores.mean])
    {
        let [mean, low, high] =
            [dice.map(|dice| dice.mean), dice.map(|dice| dice.low), dice.map(|dice| dice.high)];
        let fields = [mean, low, high, *hd95, *nsd].map(field).join(",");
        let _ = writeln!(text, "{class},{fields},{one_empty},{no_opinion}");
    }
    text
}

/// `images.csv`: a row for each image and class, images in the order of the prediction; the numbers of a class that was
/// not compared are empty fields.
pub(crate) fn images(images: &[Measured]) -> String {
    let mut text =
        "image,patient,class,dice,hd95,nsd,predicted_pixels,true_pixels,common_pixels\n".to_owned();
    for Measured { key, patient, bones } in images {
        let (key, patient) = (quoted(key), quoted(patient));
        for (bone, one) in Bone::ALL.into_iter().zip(bones) {
            let Some(Measures { overlap, surface }) = one else {
                let _ = writeln!(text, "{key},{patient},{bone},,,,,,");
                continue;
            };
            let (dice, hd95, nsd) = (overlap.dice(), field(surface.hd95), surface.nsd);
            let (predicted, truth, both) = (overlap.a, overlap.b, overlap.both);
            let _ = writeln!(text, "{key},{patient},{bone},{dice},{hd95},{nsd},{predicted},{truth},{both}");
        }
    }
    text
}

fn field(value: Option<f64>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

fn quoted(text: &str) -> String {
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    }
}
