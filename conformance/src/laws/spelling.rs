//! What is not governed, and how JSON is spelt, changes nothing.

use serde_json::{Map, Value, json};

use super::{Held, equal};
use crate::case::Case;
use crate::generate::Rng;
use crate::ours::{self, Answer};

const SOWN: &str = "zqzFutureField";
/// Objects whose keys are free, or each of which is a kind of value: an unknown one there says something.
const CLOSED: [&str; 7] =
    ["annotations", "labels", "nodeSelector", "matchLabels", "volumes", "sources", "managedFields"];

pub(super) fn unknown_fields(case: &Case, answer: &Answer, _: &mut Rng) -> Held {
    let mut sown = case.clone();
    sow(&mut sown.pod, false);
    if !sown.old_pod.is_null() {
        sow(&mut sown.old_pod, false);
    }
    let mut found = ours::natively(&sown);
    if let Some(pod) = &mut found.mutated {
        let mut expected = answer.mutated.clone().unwrap_or_default();
        let [kept, in_all] = [count(pod), count(&sown.pod)];
        reap(pod);
        reap(&mut expected);
        if kept != in_all {
            return Held::Broken(format!("of {in_all} unknown fields {kept} are kept"));
        }
    }
    equal(&found, answer, &"with fields that are not known")
}

pub(super) fn spelling(case: &Case, answer: &Answer, rng: &mut Rng) -> Held {
    let payload = json!({"request": ours::request(case), "settings": ours::settings(case)});
    let mut text = String::new();
    spell(&payload, rng, &mut text);
    let found = ours::of_payload(case, &text);
    // Of several faults in what cannot be read the first is named.
    if !found.accepted && is_unread(answer) && is_unread(&found) {
        return Held::Holds;
    }
    equal(&found, answer, &"with keys in another order, spaces and escapes")
}

fn is_unread(answer: &Answer) -> bool {
    let said = answer.message.as_deref().unwrap_or_default();
    said.contains(": must ") && !said.contains("Invalid value") && !said.contains("Required value")
}

fn sow(value: &mut Value, closed: bool) {
    match value {
        Value::Object(members) => {
            for (key, member) in members.iter_mut() {
                sow(member, CLOSED.contains(&key.as_str()));
            }
            if !closed {
                members.insert(SOWN.to_owned(), json!({"a": [1, null, {"b": "\u{e9}\\\""}]}));
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(|element| sow(element, closed)),
        _ => {}
    }
}

fn count(value: &Value) -> usize {
    match value {
        Value::Object(members) => {
            usize::from(members.contains_key(SOWN)) + members.values().map(count).sum::<usize>()
        }
        Value::Array(elements) => elements.iter().map(count).sum(),
        _ => 0,
    }
}

fn reap(value: &mut Value) {
    match value {
        Value::Object(members) => {
            let kept: Map<String, Value> =
                std::mem::take(members).into_iter().filter(|(key, _)| key != SOWN).collect();
            *members = kept;
            members.values_mut().for_each(reap);
        }
        Value::Array(elements) => elements.iter_mut().for_each(reap),
        _ => {}
    }
}

/// The same value in another text.
fn spell(value: &Value, rng: &mut Rng, text: &mut String) {
    match value {
        Value::Object(members) => {
            let members: Vec<(&String, &Value)> = members.iter().collect();
            text.push('{');
            for (index, (key, member)) in rng.some(&members, members.len()).into_iter().enumerate() {
                separate(index, rng, text);
                quote(key, rng, text);
                text.push_str(rng.pick(&[":", " : ", ":\n\t"]));
                spell(member, rng, text);
            }
            text.push('}');
        }
        Value::Array(elements) => {
            text.push('[');
            for (index, element) in elements.iter().enumerate() {
                separate(index, rng, text);
                spell(element, rng, text);
            }
            text.push(']');
        }
        Value::String(string) => quote(string, rng, text),
        other => text.push_str(&other.to_string()),
    }
}

fn separate(index: usize, rng: &mut Rng, text: &mut String) {
    text.push_str(if index == 0 { "" } else { "," });
    text.push_str(rng.pick(&["", " ", "\r\n  "]));
}

/// A string in which some letters are escaped.
fn quote(string: &str, rng: &mut Rng, text: &mut String) {
    text.push('"');
    let often = rng.one_in(6);
    for letter in string.chars() {
        let mut units = [0; 2];
        if letter < ' ' || letter == '"' || letter == '\\' || (often && rng.one_in(3)) {
            for unit in letter.encode_utf16(&mut units) {
                text.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            text.push(letter);
        }
    }
    text.push('"');
}
