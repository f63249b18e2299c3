//! The phrases that messages are made of, as Pod Security admission builds them.
//!
//! Texts of the pod stand in plain quotes, nothing in them escaped; only annotations are escaped, as Go's `%q` does.

use std::collections::BinaryHeap;
use std::fmt::Write as _;

use crate::rule::{SPELT_OUT, and_more, cut};

/// The items as a set: each once, in the order of their bytes, so that port 10080 comes before port 443.
#[cold]
pub(super) fn set(items: Vec<&str>) -> Vec<&str> {
    // A heap sorts as well as `sort_unstable` does and is a twentieth of its code.
    let mut sorted = BinaryHeap::from(items).into_sorted_vec();
    sorted.dedup();
    sorted
}

/// `"a", "b"`. Pod Security admission lists them all; here those past the number of violations that are spelt out are
/// counted.
#[cold]
pub(super) fn quoted(items: &[&str]) -> String {
    listed(items, "\"")
}

/// `a, b`, with the same limit.
#[cold]
pub(super) fn plain(items: &[&str]) -> String {
    listed(items, "")
}

fn listed(items: &[&str], quote: &str) -> String {
    let mut text = String::new();
    for item in items.iter().take(SPELT_OUT) {
        let before = if text.is_empty() { "" } else { ", " };
        text.push_str(&[before, quote, &cut(item), quote].concat());
    }
    text + &and_more(items.len(), ", ")
}

/// The phrases that apply, joined.
pub(super) fn applicable(phrases: &[(bool, &str)], separator: &str) -> String {
    let phrases = phrases.iter().filter(|(applies, _)| *applies);
    phrases.map(|(_, phrase)| *phrase).collect::<Vec<_>>().join(separator)
}

/// The word for one item, or the one for any other number of them.
pub(super) fn plural(count: usize, one: &'static str, many: &'static str) -> &'static str {
    if count == 1 { one } else { many }
}

/// `container "a"` or `containers "a", "b"`
#[cold]
pub(super) fn containers(names: &[&str]) -> String {
    [plural(names.len(), "container ", "containers "), &quoted(names)].concat()
}

/// `key="value"`, the value escaped.
#[cold]
pub(super) fn annotation(key: &str, value: &str) -> String {
    let mut phrase = [key, "=\""].concat();
    for letter in value.chars() {
        let code = u32::from(letter);
        let short = match letter {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\u{7}' => "\\a",
            '\u{8}' => "\\b",
            '\t' => "\\t",
            '\n' => "\\n",
            '\u{b}' => "\\v",
            '\u{c}' => "\\f",
            '\r' => "\\r",
            _ => "",
        };
        // Writing to a String cannot fail.
        let _ = match code {
            _ if !short.is_empty() => phrase.write_str(short),
            _ if is_printable(letter) => phrase.write_char(letter),
            0..0x80 => write!(phrase, "\\x{code:02x}"),
            0x80..0x1_0000 => write!(phrase, "\\u{code:04x}"),
            _ => write!(phrase, "\\U{code:08x}"),
        };
    }
    phrase.push('"');
    phrase
}

/// Whether a character is a letter, a mark, a number, a punctuation mark, a symbol or the plain space.
///
/// The tables are those of the compiler's Unicode version. An API server whose Unicode is older escapes characters
/// that are newer.
fn is_printable(letter: char) -> bool {
    if letter.is_ascii() {
        return (' '..='~').contains(&letter);
    }
    // Behind another character a combining mark is escaped only if it cannot be printed.
    let pair = format!("a{letter}");
    pair.escape_debug().to_string() == pair
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::plain("localhost/a b", r#"localhost/a b"#)]
    #[case::empty("", "")]
    #[case::quotes_and_backslashes(r#"a"b\c"#, r#"a\"b\\c"#)]
    #[case::named_controls("\u{7}\u{8}\u{c}\n\r\t\u{b}", r"\a\b\f\n\r\t\v")]
    #[case::other_controls("\0\u{1f}\u{7f}", r"\x00\x1f\x7f")]
    #[case::controls_beyond_ascii("\u{80}\u{9f}", r"\u0080\u009f")]
    #[case::printable("é漢😀'`", "é漢😀'`")]
    #[case::other_spaces("\u{a0}\u{2003}\u{3000}", r"\u00a0\u2003\u3000")]
    #[case::soft_hyphen_and_joiner("\u{ad}\u{200d}", r"\u00ad\u200d")]
    #[case::combining_marks("\u{301}e\u{301}", "\u{301}e\u{301}")]
    #[case::no_character("\u{378}\u{fffe}", r"\u0378\ufffe")]
    #[case::replacement_character("\u{fffd}", "\u{fffd}")]
    #[case::private_use("\u{e000}\u{f0000}", r"\ue000\U000f0000")]
    #[case::tag("\u{e0001}", r"\U000e0001")]
    fn escapes_annotations_as_go_does(#[case] value: &str, #[case] escaped: &str) {
        assert_eq!(annotation("key", value), format!("key=\"{escaped}\""));
    }

    #[rstest]
    #[case::one(&["a"], r#"container "a""#)]
    #[case::several_as_they_come(&["b", "a", "b"], r#"containers "b", "a", "b""#)]
    #[case::not_escaped(&["\"\\"], r#"container ""\""#)]
    fn names_containers(#[case] names: &[&str], #[case] phrase: &str) {
        assert_eq!(containers(names), phrase);
    }

    #[test]
    fn a_long_list_is_counted() {
        let names = vec!["a"; 40];
        assert_eq!(containers(&names), format!("containers {}and 8 more", "\"a\", ".repeat(32)));
        assert_eq!(plain(&names), format!("{}and 8 more", "a, ".repeat(32)));
        assert_eq!(quoted(&[&"x".repeat(2_000)]), format!("\"{}…\"", "x".repeat(1024)));
    }

    #[test]
    fn sets_are_sorted_by_bytes_and_free_of_repetition() {
        assert_eq!(set(vec!["9", "80", "a", "10080", "Z", "80"]), ["10080", "80", "9", "Z", "a"]);
    }
}
