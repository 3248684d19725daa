//! Words on standard error, and what they call the standard streams.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::Write;
use std::path::Path;

/// How messages call the input `-`.
pub const STANDARD_INPUT: &str = "standard input";
/// How messages call the output `-`.
pub const STANDARD_OUTPUT: &str = "standard output";

/// The longest text that is written at once, in bytes. A key or a reason may be as long as a file wants it.
const LONGEST: usize = 4096;

/// Whether an argument is `-`: a standard stream, whatever lies in the folder under that name.
pub fn is_standard(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// How messages call an input.
pub fn input_name(path: &Path) -> String {
    named(path, STANDARD_INPUT)
}

/// How messages call an output.
pub fn output_name(path: &Path) -> String {
    named(path, STANDARD_OUTPUT)
}

fn named(path: &Path, standard: &str) -> String {
    if is_standard(path) { standard.to_owned() } else { path.display().to_string() }
}

/// Writes a line to standard error, [`shortened`]. This never fails, as nothing that only informs may end a program: who
/// closed standard error does not want to know.
pub fn say(words: impl Display) {
    say_whole(shortened(&words.to_string()).into_owned());
}

/// As [`say`], for a line that a program reads, such as JSON, whose parts have their limits.
pub fn say_whole(mut line: String) {
    line.push('\n');
    // One write, so that lines of several threads or programs do not mix.
    let _ = std::io::stderr().write_all(line.as_bytes());
}

/// The text itself, or its beginning and its end with what was left out counted between.
pub fn shortened(text: &str) -> Cow<'_, str> {
    if text.len() <= LONGEST {
        return Cow::Borrowed(text);
    }
    let head = &text[..text.floor_char_boundary(LONGEST * 3 / 4)];
    let tail = &text[text.ceil_char_boundary(text.len() - LONGEST / 4)..];
    let left_out = text.len() - head.len() - tail.len();
    Cow::Owned(format!("{head} … [{left_out} bytes left out] … {tail}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_visibly_between_characters() {
        assert_eq!(shortened("short"), "short");
        for filler in ["a", "ä", "骨"] {
            let text = format!("begins {} ends", filler.repeat(100_000));
            let short = shortened(&text);
            assert!(short.len() <= LONGEST + 60, "{}", short.len());
            assert!(short.starts_with("begins ") && short.ends_with(" ends"), "{short}");
            assert!(short.contains("bytes left out"), "{short}");
        }
    }

    #[test]
    fn only_a_lone_dash_is_a_standard_stream() {
        let standard = ["-", "./-", "-/", "a/-", "--"].map(|path| is_standard(Path::new(path)));
        assert_eq!(standard, [true, false, false, false, false]);
        assert_eq!(input_name(Path::new("-")), "standard input");
        assert_eq!(output_name(Path::new("./-")), "./-");
    }
}
