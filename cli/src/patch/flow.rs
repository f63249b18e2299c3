//! Flow style, a superset of JSON: its extent, and how to write it.

use std::fmt::Write as _;
use std::ops::Range;

use serde_json::Value;

/// A list or an object in flow style.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Brackets {
    /// After the last content, or after the opening bracket.
    pub(super) inside: usize,
    /// Before the closing bracket.
    pub(super) close: usize,
    /// Whether no comma is needed: it is empty, or has a trailing one.
    pub(super) no_comma: bool,
}

/// The closing position of the brackets that open at a position.
pub(super) fn brackets(text: &str, open: usize) -> Option<Brackets> {
    let mut depth = 0_usize;
    let mut before = ' ';
    let mut inside = open;
    let mut last = ' ';
    let mut characters = text.get(open..)?.char_indices().map(|(at, c)| (at + open, c));
    while let Some((at, character)) = characters.next() {
        let starts = before.is_whitespace() || "{[,:".contains(before);
        let (mut end, mut seen) = (at + character.len_utf8(), character);
        match character {
            '{' | '[' => depth += 1,
            '}' | ']' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(Brackets { inside, close: at, no_comma: "{[,".contains(last) });
                }
            }
            // A quote right after a closing one reopens the text: two stand for a literal quote.
            '"' | '\'' if starts => (end, seen) = (close_quote(character, &mut characters)?, ','),
            '#' if before.is_whitespace() => {
                characters.find(|(_, character)| *character == '\n')?;
                before = '\n';
                continue;
            }
            _ => {}
        }
        if !character.is_whitespace() {
            (inside, last) = (end, character);
        }
        before = seen;
    }
    None
}

fn close_quote(quote: char, characters: &mut dyn Iterator<Item = (usize, char)>) -> Option<usize> {
    loop {
        match characters.next()? {
            (_, '\\') if quote == '"' => {
                characters.next()?;
            }
            (at, character) if character == quote => return Some(at + 1),
            _ => {}
        }
    }
}

/// The end of a value: brackets, a quoted text, or a plain scalar that ends with the line or the element.
pub(super) fn end(text: &str, at: usize, in_flow: bool) -> Option<usize> {
    let rest = text.get(at..)?;
    match rest.chars().next()? {
        '{' | '[' => Some(brackets(text, at)?.close + 1),
        quote @ ('"' | '\'') => close_quote(quote, &mut rest.char_indices().skip(1)).map(|end| at + end),
        '|' | '>' | '&' | '*' | '!' => None,
        _ => {
            let line = rest.lines().next()?.split(" #").next()?;
            let ends: &[char] = if in_flow { &[',', ']', '}'] } else { &[] };
            Some(at + line.split(ends).next()?.trim_end().len())
        }
    }
}

/// The range to remove for an element of a flow list: with the comma after it, or
/// before it at the end.
pub(super) fn with_comma(text: &str, element: Range<usize>, is_tail: bool) -> Option<Range<usize>> {
    let (before, behind) = (text.get(..element.start)?.trim_end(), text.get(element.end..)?);
    if !is_tail && let Some(next) = behind.trim_start().strip_prefix(',') {
        return Some(element.start..text.len() - next.trim_start().len());
    }
    Some(before.strip_suffix(',').unwrap_or(before).len()..element.end)
}

/// A value in flow style, in one line.
pub(super) fn written(value: &Value, is_json: bool) -> String {
    let mut text = String::new();
    write(value, is_json, &mut text);
    text
}

fn write(value: &Value, is_json: bool, out: &mut String) {
    match value {
        Value::Array(elements) => {
            out.push('[');
            for (nth, element) in elements.iter().enumerate() {
                out.push_str(if nth == 0 { "" } else { ", " });
                write(element, is_json, out);
            }
            out.push(']');
        }
        Value::Object(members) => {
            out.push('{');
            for (nth, (key, value)) in members.iter().enumerate() {
                out.push_str(if nth == 0 { "" } else { ", " });
                out.push_str(&key_written(key, is_json));
                out.push_str(": ");
                write(value, is_json, out);
            }
            out.push('}');
        }
        Value::String(text) => out.push_str(&key_written(text, is_json)),
        // Writing to a String cannot fail.
        Value::Null | Value::Bool(_) | Value::Number(_) => drop(write!(out, "{value}")),
    }
}

/// Plain texts that YAML resolves to another type.
const WORDS: &[&str] = &["y", "yes", "on", "n", "no", "off", "true", "false", "null"];

/// A text, quoted only where YAML requires it.
pub(super) fn key_written(text: &str, is_json: bool) -> String {
    let is_plain = text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-/.".contains(c))
        && !WORDS.contains(&&*text.to_ascii_lowercase());
    if !is_json && is_plain { text.to_owned() } else { Value::from(text).to_string() }
}
