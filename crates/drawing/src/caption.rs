//! Captions: text cut, or wrapped at its words, to the characters that a line has room for.

use std::collections::VecDeque;

/// What stands where text was left out.
const ELLIPSIS: &str = "...";

/// A line of at most `room` characters with the end of `text`, and an ellipsis in front where it was cut: names differ
/// at their ends.
pub(crate) fn ending(text: &str, room: usize) -> String {
    let length = text.chars().count();
    if length <= room {
        return text.to_owned();
    }
    let kept = room.saturating_sub(ELLIPSIS.len());
    ELLIPSIS.chars().take(room).chain(text.chars().skip(length - kept)).collect()
}

/// The lines of `text`, wrapped at its words to `room` characters. A word that is longer is broken; of more than
/// `most` lines, the last one that stays ends with an ellipsis.
pub(crate) fn wrapped(text: &str, room: usize, most: usize) -> Vec<String> {
    let room = room.max(1);
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut words: VecDeque<Vec<char>> =
            paragraph.split_whitespace().map(|word| word.chars().collect()).collect();
        let mut line = Vec::new();
        while let Some(mut word) = words.pop_front() {
            let blank = usize::from(!line.is_empty());
            if line.len() + blank + word.len() > room && !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            } else if blank == 1 {
                line.push(' ');
            }
            if word.len() > room {
                words.push_front(word.split_off(room));
            }
            line.append(&mut word);
        }
        lines.push(line);
    }
    if lines.len() > most {
        // The rest follows on the last line, whose end is then cut.
        let rest = lines.split_off(most);
        if let Some(last) = lines.last_mut() {
            last.extend(rest.iter().flat_map(|line| std::iter::once(&' ').chain(line)));
            let dots = ELLIPSIS.len().min(room);
            last.truncate(room - dots);
            last.extend(ELLIPSIS.chars().take(dots));
        }
    }
    lines.into_iter().map(String::from_iter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_their_ends() {
        assert_eq!(ending("abcdefgh", 6), "...fgh");
        assert_eq!(ending("abc", 6), "abc");
        assert_eq!(ending("abcdef", 2), "..");
    }

    #[test]
    fn words_stay_whole_where_a_line_has_room() {
        assert_eq!(wrapped("rotate 3.5, scale 1.1\nflip", 11, 9), ["rotate 3.5,", "scale 1.1", "flip"]);
        assert_eq!(wrapped("a abcdefghij bc", 4, 9), ["a", "abcd", "efgh", "ij", "bc"]);
        assert_eq!(wrapped("  a  b ", 9, 1), ["a b"]);
        assert!(wrapped("", 9, 2).is_empty());
        for room in 1..30 {
            let text = "shift 3 -4, elastic 1.5 blur";
            let lines = wrapped(text, room, 99);
            assert!(lines.iter().all(|line| (1..=room).contains(&line.chars().count())), "{lines:?}");
            assert_eq!(lines.concat().replace(' ', ""), text.replace(' ', ""));
        }
    }

    #[test]
    fn what_has_no_line_is_told_by_an_ellipsis() {
        assert_eq!(wrapped("one two three four", 9, 2), ["one two", "three ..."]);
        assert_eq!(wrapped("one two", 5, 1), ["on..."]);
        assert_eq!(wrapped("one two", 2, 1), [".."]);
        assert!(wrapped("one", 5, 0).is_empty());
    }
}
