//! JSON as programs write it: with a byte order mark, and with Python's `NaN` and `Infinity` → JSON.

use std::borrow::Cow;

use memchr::{memchr2, memmem};

/// What Windows' editors put before UTF-8.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// What Python's `json` writes for numbers that JSON does not have, and does so unless it is forbidden to.
const WORDS: [&[u8]; 3] = [b"NaN", b"Infinity", b"-Infinity"];

/// The text without a byte order mark, and with quotes around `NaN`, `Infinity` and `-Infinity` outside strings: a
/// reader that asks for a number there finds a text, and others pass it over. What is JSON already is not copied.
pub(crate) fn standard(json: &[u8]) -> Cow<'_, [u8]> {
    let json = json.strip_prefix(BYTE_ORDER_MARK).unwrap_or(json);
    if memmem::find(json, b"NaN").is_none() && memmem::find(json, b"Infinity").is_none() {
        return Cow::Borrowed(json);
    }
    let mut quoted = Vec::with_capacity(json.len() + 64);
    let mut rest = json;
    while let Some(&first) = rest.first() {
        let word = WORDS.into_iter().find(|word| rest.starts_with(word));
        let length = match (first, word) {
            (b'"', _) => string_length(rest),
            (_, Some(word)) => word.len(),
            _ => 1,
        };
        let (token, after) = rest.split_at(length);
        match word {
            Some(_) => quoted.extend([b"\"", token, b"\""].concat()),
            None => quoted.extend_from_slice(token),
        }
        rest = after;
    }
    Cow::Owned(quoted)
}

/// How many bytes the string takes that `json` begins with, both quotes included; all, where it has no end.
fn string_length(json: &[u8]) -> usize {
    let mut at = 1;
    while let Some(found) = json.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
        match json[at + found] {
            b'"' => return at + found + 1,
            _ => at += found + 2,
        }
    }
    json.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_stays_as_it_is() {
        for json in ["", "{}", r#"{"a": [1, "b"]}"#] {
            assert!(matches!(standard(json.as_bytes()), Cow::Borrowed(same) if same == json.as_bytes()));
        }
        assert_eq!(&*standard("\u{feff}{}".as_bytes()), b"{}");
    }

    #[test]
    fn words_get_quotes_outside_strings_only() {
        for (json, expected) in [
            (r#"{"a": NaN}"#, r#"{"a": "NaN"}"#),
            ("[NaN,Infinity,-Infinity]", r#"["NaN","Infinity","-Infinity"]"#),
            (r#"{"NaN": "Infinity \" NaN"}"#, r#"{"NaN": "Infinity \" NaN"}"#),
            (r#"["\\", NaN]"#, r#"["\\", "NaN"]"#),
            (r#"["NaN"#, r#"["NaN"#),
            (r#"["NaN\"#, r#"["NaN\"#),
        ] {
            assert_eq!(String::from_utf8_lossy(&standard(json.as_bytes())), expected);
        }
    }
}
