//! Flow style, which is JSON and more: where it ends, and how it is written.

use std::fmt::Write as _;

use serde_json::Value;

/// A list or an object between brackets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Brackets {
    /// Behind the last thing inside, or behind the opening bracket.
    pub(super) inside: usize,
    /// Before the closing bracket.
    pub(super) close: usize,
    /// Whether a comma would be one too many: nothing is inside, or one stands there already.
    pub(super) no_comma: bool,
}

/// Where the brackets that open at a place close.
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
            // Behind a quote that closes another one may open: two stand for one that is meant.
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

/// What YAML takes for something else than a text.
const WORDS: &[&str] = &["y", "yes", "on", "n", "no", "off", "true", "false", "null"];

/// A text, without quotes where YAML needs none.
pub(super) fn key_written(text: &str, is_json: bool) -> String {
    let is_plain = text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-/.".contains(c))
        && !WORDS.contains(&&*text.to_ascii_lowercase());
    if !is_json && is_plain { text.to_owned() } else { Value::from(text).to_string() }
}
