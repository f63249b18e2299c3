//! The JSON that kubectl sends for an object, where it differs from the file: of duplicate keys the last wins, and
//! `1e3` is the integer 1000, as Go reads and writes them.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::input::place::Mark;
use crate::input::yaml::{Remark, json_number};

/// An object as kubectl sends it.
pub(in crate::input) struct AsSent {
    pub(in crate::input) text: String,
    /// As written, where that differs.
    pub(in crate::input) source: Option<String>,
    /// Duplicate keys.
    pub(in crate::input) remarks: Vec<Remark>,
}

/// The object as kubectl sends it; `at` is its start. The text is valid JSON.
pub(in crate::input) fn as_kubectl_sends(text: String, at: Mark) -> AsSent {
    let found = Scan::of(&text);
    if found.repeated.is_empty() && !found.has_whole_float {
        return AsSent { text, source: None, remarks: Vec::new() };
    }
    let Ok(mut value) = serde_json::from_str::<Value>(&text) else {
        return AsSent { text, source: None, remarks: Vec::new() };
    };
    make_whole(&mut value);
    let place = |offset: usize| at.after(text.get(..offset).unwrap_or_default());
    let remark = |(key, first, last): &(Cow<'_, str>, usize, usize)| Remark::Twice {
        key: key.clone().into_owned(),
        first: place(*first),
        last: place(*last),
    };
    let remarks = found.repeated.iter().map(remark).collect();
    AsSent { text: value.to_string(), source: Some(text), remarks }
}

/// Turns floats without a fraction into integers.
fn make_whole(value: &mut Value) {
    match value {
        Value::Number(number) if number.is_f64() => {
            if let Some(whole) = number.as_f64().and_then(json_number) {
                *number = whole;
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(make_whole),
        Value::Object(members) => Map::values_mut(members).for_each(make_whole),
        _ => {}
    }
}

/// Findings of one pass over a text that has been parsed before.
#[derive(Default)]
struct Scan<'t> {
    /// Duplicate keys, and where.
    repeated: Vec<(Cow<'t, str>, usize, usize)>,
    has_whole_float: bool,
}

/// Objects with more keys are sorted to compare them.
const FEW: usize = 24;

impl<'t> Scan<'t> {
    fn of(text: &'t str) -> Self {
        let bytes = text.as_bytes();
        let mut scan = Scan::default();
        // The keys of all open objects, and for each open bracket, where its keys start.
        let mut keys: Vec<(Cow<'t, str>, usize)> = Vec::new();
        let mut open: Vec<(usize, bool)> = Vec::new();
        let mut expects_key = false;
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'"' => {
                    let end = end_of_string(bytes, at + 1);
                    if expects_key {
                        keys.push((spelt(text.get(at..end).unwrap_or_default()), at));
                        expects_key = false;
                    }
                    at = end;
                    continue;
                }
                b'{' => {
                    open.push((keys.len(), true));
                    expects_key = true;
                }
                b'[' => {
                    open.push((keys.len(), false));
                    expects_key = false;
                }
                b'}' | b']' => {
                    let (start, _) = open.pop().unwrap_or_default();
                    scan.compare(keys.get_mut(start..).unwrap_or_default());
                    keys.truncate(start);
                    expects_key = false;
                }
                b',' => expects_key = open.last().is_some_and(|(_, is_object)| *is_object),
                b'-' | b'0'..=b'9' => {
                    let rest = bytes.get(at..).unwrap_or_default();
                    let is_number =
                        |byte: &u8| matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9');
                    let length = rest.iter().take_while(|byte| is_number(byte)).count();
                    scan.number(text.get(at..at + length).unwrap_or_default());
                    at += length;
                    continue;
                }
                _ => {}
            }
            at += 1;
        }
        scan.repeated.sort_by_key(|(_, first, _)| *first);
        scan
    }

    fn number(&mut self, number: &str) {
        if !self.has_whole_float && number.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E')) {
            self.has_whole_float = number.parse::<f64>().is_ok_and(|value| value.fract() == 0.0);
        }
    }

    /// Compares the keys of an object with one another.
    fn compare(&mut self, keys: &mut [(Cow<'t, str>, usize)]) {
        if keys.len() <= FEW {
            for (nth, (key, at)) in keys.iter().enumerate() {
                let before = keys.get(..nth).unwrap_or_default();
                if let Some((_, first)) = before.iter().rev().find(|(known, _)| known == key) {
                    self.repeated.push((key.clone(), *first, *at));
                }
            }
            return;
        }
        keys.sort();
        for pair in keys.windows(2) {
            if let [(one, first), (other, last)] = pair
                && one == other
            {
                self.repeated.push((one.clone(), *first, *last));
            }
        }
    }
}

/// The content of a key, without its quotes.
fn spelt(key: &str) -> Cow<'_, str> {
    let raw = key.trim_matches('"');
    if raw.contains('\\')
        && let Ok(text) = serde_json::from_str::<String>(key)
    {
        return Cow::Owned(text);
    }
    Cow::Borrowed(raw)
}

fn end_of_string(bytes: &[u8], mut at: usize) -> usize {
    loop {
        match bytes.get(at) {
            Some(b'"') => return at + 1,
            Some(b'\\') => at += 2,
            Some(_) => at += 1,
            None => return bytes.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn live(text: &str) -> (String, Vec<String>) {
        let live = as_kubectl_sends(text.to_owned(), Mark { line: 5, column: 1 });
        (live.text, live.remarks.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn the_last_of_equal_keys_wins() {
        let (text, remarks) = live("{\"a\": {\"b\": true,\n\"c\": [1],\n\"\\u0062\": {\"b\": 1}}}");
        assert_eq!(text, r#"{"a":{"b":{"b":1},"c":[1]}}"#);
        assert_eq!(
            remarks,
            [
                "duplicate key `b` in lines 5 and 7: the last one counts, as for kubectl; other readers refuse it"
            ]
        );
    }

    #[test]
    fn many_keys_are_compared_as_well() {
        let keys: Vec<String> = (0..100).map(|nth| format!("\"k{}\": {nth}", nth % 99)).collect();
        let (_, remarks) = live(&format!("{{{}}}", keys.join(",\n")));
        assert_eq!(
            remarks,
            [
                "duplicate key `k0` in lines 5 and 104: the last one counts, as for kubectl; other readers refuse it"
            ]
        );
    }

    #[test]
    fn floats_without_a_fraction_are_integers() {
        let (text, remarks) = live(r#"{"user": 1.00065e+09, "part": 1.5, "text": "1e3"}"#);
        assert_eq!(text, r#"{"user":1000650000,"part":1.5,"text":"1e3"}"#);
        assert!(remarks.is_empty());
    }

    #[test]
    fn all_else_stays_as_it_is() {
        let text = r#"{ "a" : [ {"b": 1}, {"b": 2} ], "c": {"a": -1.5} }"#;
        assert_eq!(live(text), (text.to_owned(), Vec::new()));
    }
}
