//! Selectors as expressions of match conditions.

use serde_json::Value;

use crate::import::reach::Reach;

/// A requirement for labels of the object, as an expression.
pub(super) fn of_label(one: &Value) -> Option<String> {
    let key = quoted(one.get("key").and_then(Value::as_str)?);
    let values: Vec<String> = texts(one.get("values")).iter().map(|value| quoted(value)).collect();
    let has = format!("has(object.metadata.labels) && {key} in object.metadata.labels");
    let values = values.join(", ");
    match one.get("operator").and_then(Value::as_str)? {
        "In" => Some(format!("{has} && object.metadata.labels[{key}] in [{values}]")),
        "NotIn" => Some(format!("!({has} && object.metadata.labels[{key}] in [{values}])")),
        "Exists" => Some(has),
        "DoesNotExist" => Some(format!("!({has})")),
        _ => None,
    }
}

/// Whether a name is one of several, which may have wildcards.
pub(in crate::import::kyverno) fn named(expression: &str, names: &[String]) -> Option<String> {
    let is_safe = |c: char| c.is_ascii_alphanumeric() || "-._:*?@/".contains(c);
    if names.iter().any(|name| name.is_empty() || !name.chars().all(is_safe)) {
        return None;
    }
    if names.iter().any(|name| is_pattern(name)) {
        let each = names.iter().map(|name| name.replace('.', "[.]").replace('*', ".*").replace('?', "."));
        return Some(format!("{expression}.matches('^({})$')", each.collect::<Vec<_>>().join("|")));
    }
    Some(match names {
        [one] => format!("{expression} == {}", quoted(one)),
        several => {
            let list: Vec<String> = several.iter().map(|name| quoted(name)).collect();
            format!("{expression} in [{}]", list.join(", "))
        }
    })
}

/// Adds a condition under a name of its own.
pub(in crate::import::kyverno) fn add(reach: &mut Reach, expression: String) {
    if !reach.conditions.iter().any(|(_, known)| *known == expression) {
        let name = format!("kyverno-{}", reach.conditions.len() + 1);
        reach.conditions.push((name, expression));
    }
}

pub(super) fn any(terms: &[String]) -> String {
    match terms {
        [one] => one.clone(),
        several => several.iter().map(|term| format!("({term})")).collect::<Vec<_>>().join(" || "),
    }
}

pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

pub(in crate::import::kyverno) fn is_pattern(name: &str) -> bool {
    name.contains(['*', '?'])
}

/// The texts of a list.
pub(in crate::import::kyverno) fn texts(list: Option<&Value>) -> Vec<String> {
    let list = list.and_then(Value::as_array);
    list.into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}
