//! The timeline of a run as one HTML file, with nothing to load.

use crate::tell::report::{Report, State, short};

/// The timeline of a run.
pub fn html(report: &Report) -> String {
    let total = report.seconds.max(0.001);
    let mut rows = String::new();
    for step in &report.steps {
        let (start, seconds) = (step.start.unwrap_or(0.0), step.seconds.unwrap_or(0.0));
        let (left, width) = (100.0 * start / total, (100.0 * seconds / total).max(0.15));
        let bar = if step.start.is_some() {
            format!("<div class=\"bar\" style=\"left:{left:.3}%;width:{width:.3}%\"></div>")
        } else {
            String::new()
        };
        let time = step.seconds.map_or_else(String::new, |seconds| format!("{seconds:.2} s"));
        let records = step.records.map_or_else(String::new, |records| records.to_string());
        let digest = step.digest.as_deref().unwrap_or_default();
        rows.push_str(&format!(
            "<tr class=\"{state}\"><td>{name}</td><td class=\"stage\">{stage}</td><td>{state}</td>\
             <td class=\"track\">{bar}</td><td class=\"number\">{time}</td><td class=\"number\">{records}</td>\
             <td title=\"{digest}\"><code>{shortened}</code></td><td>{message}</td></tr>\n",
            state = step.state.word(),
            name = escape(&step.step),
            stage = escape(&step.stage),
            digest = escape(digest),
            shortened = escape(short(digest)),
            message = escape(&step.message),
        ));
    }
    let exports: Vec<String> = report
        .exports
        .iter()
        .map(|path| format!("<li>{}</li>", escape(&path.display().to_string())))
        .collect();
    let exports = if exports.is_empty() {
        String::new()
    } else {
        format!("<h2>Exported</h2><ul>{}</ul>", exports.join(""))
    };
    let kept: String =
        report.kept.iter().map(|what| format!("<p>Not exported: {}</p>", escape(what))).collect();
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title><style>{STYLE}</style>\
         </head><body>\n<h1>{title}</h1>\n<p>{file}, {date} UTC: {ran} ran, {hit} hit, {failed} failed, {skipped} \
         skipped in {seconds:.2} s; exit code {exit}.</p>\n<table>\n<thead><tr><th>node</th><th>stage</th>\
         <th>state</th><th class=\"track\">0 … {seconds:.1} s</th><th>time</th><th>records</th><th>digest</th>\
         <th>why</th></tr></thead>\n<tbody>\n{rows}</tbody></table>\n{exports}{kept}\n</body></html>\n",
        title = escape(&report.pipeline),
        file = escape(&report.file),
        date = date(report.started / 1000),
        ran = report.count(State::Ran),
        hit = report.count(State::Hit),
        failed = report.count(State::Failed),
        skipped = report.count(State::Skipped),
        seconds = report.seconds,
        exit = report.exit,
    )
}

const STYLE: &str = "body{font:14px/1.4 system-ui,sans-serif;margin:2em;color:#222;background:#fff}\
    table{border-collapse:collapse;width:100%}td,th{padding:.25em .6em;text-align:left;white-space:nowrap;\
    border-bottom:1px solid #e4e4e4}td:last-child{white-space:normal}.track{width:45%;position:relative;padding:0}\
    .bar{position:absolute;top:20%;height:60%;background:#3b7dd8;border-radius:2px}.number{text-align:right}\
    .stage{color:#777}.failed .bar{background:#c33}.failed td{color:#a00}.hit td,.skipped td{color:#888}";

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// `2026-01-31 12:34:56` of seconds since 1970: Howard Hinnant's `civil_from_days`.
fn date(seconds: u64) -> String {
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_dates() {
        assert_eq!(date(0), "1970-01-01 00:00:00");
        assert_eq!(date(951_782_400), "2000-02-29 00:00:00");
        assert_eq!(date(1_767_225_599), "2025-12-31 23:59:59");
    }

    #[test]
    fn escapes() {
        assert_eq!(escape("<a href=\"x\">&"), "&lt;a href=&quot;x&quot;&gt;&amp;");
    }
}
