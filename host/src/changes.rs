//! A JSON patch as lines for human readers.

use std::fmt::{self, Write};

use json_patch::{Patch, PatchOperation, jsonptr::PointerBuf};
use serde_json::Value;

/// One changed field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What happened to it.
    pub sort: Sort,
    /// Where it is: `spec.containers[0].image`.
    pub path: String,
    /// What it is now, and for a replaced field what it was.
    pub value: String,
}

/// How a policy changes a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// The author left it unset.
    Added,
    /// The author set another value.
    Replaced,
    /// The author set it, and it was removed.
    Removed,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.sort {
            Sort::Added => '+',
            Sort::Replaced => '~',
            Sort::Removed => '-',
        };
        write!(f, "{sign} {}: {}", self.path, self.value)
    }
}

/// The fields that a patch changes in an object, in its order; an added object becomes a line for each of its fields,
/// and a list of plain values is one field.
#[must_use]
pub fn changes(object: &Value, patch: &Patch) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    let arrived = object;
    let mut object = object.clone();
    for operation in &patch.0 {
        let before = object.clone();
        if json_patch::patch(&mut object, std::slice::from_ref(operation)).is_err() {
            continue;
        }
        if let Some((list, was, now)) = plain_list(arrived, &object, operation) {
            let path = field(&object, &list);
            let value = format!("{now} (was {was})");
            match changes.iter_mut().find(|change| change.path == path) {
                Some(change) => change.value = value,
                None => changes.push(Change { sort: Sort::Replaced, path, value }),
            }
            continue;
        }
        let was = |path: &PointerBuf| before.pointer(path.as_str()).map(scalar).unwrap_or_default();
        match operation {
            PatchOperation::Add(add) => leaves(field(&object, &add.path), &add.value, &mut changes),
            PatchOperation::Replace(replace) => changes.push(Change {
                sort: Sort::Replaced,
                path: field(&object, &replace.path),
                value: format!("{} (was {})", scalar(&replace.value), was(&replace.path)),
            }),
            PatchOperation::Remove(remove) => changes.push(Change {
                sort: Sort::Removed,
                path: field(&before, &remove.path),
                value: was(&remove.path),
            }),
            // A difference between two objects has no others.
            PatchOperation::Move(_) | PatchOperation::Copy(_) | PatchOperation::Test(_) => {}
        }
    }
    changes
}

/// The list of plain values in which an operation changes one, as it was and as it is now.
fn plain_list(
    before: &Value,
    now: &Value,
    operation: &PatchOperation,
) -> Option<(PointerBuf, String, String)> {
    let mut list = operation.path().to_buf();
    list.pop_back()?;
    let at = |object: &Value| match object.pointer(list.as_str()) {
        Some(value @ Value::Array(items))
            if !items.iter().any(|item| item.is_object() || item.is_array()) =>
        {
            Some(scalar(value))
        }
        _ => None,
    };
    let (was, now) = (at(before)?, at(now)?);
    Some((list, was, now))
}

fn leaves(path: String, value: &Value, changes: &mut Vec<Change>) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (key, value) in fields {
                let mut path = path.clone();
                push_key(&mut path, key);
                leaves(path, value, changes);
            }
        }
        Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
            for (index, item) in items.iter().enumerate() {
                leaves(format!("{path}[{index}]"), item, changes);
            }
        }
        _ => changes.push(Change { sort: Sort::Added, path, value: scalar(value) }),
    }
}

/// Writes a pointer as the API server writes a field's path.
fn field(object: &Value, pointer: &PointerBuf) -> String {
    let mut path = String::new();
    let mut parent = Some(object);
    for token in pointer.tokens() {
        let key = token.decoded();
        match parent {
            Some(Value::Array(items)) => {
                let index = if key == "-" { items.len().saturating_sub(1) } else { key.parse().unwrap_or(0) };
                // INVARIANT: writing to a String does not fail.
                let _ = write!(path, "[{index}]");
                parent = items.get(index);
            }
            other => {
                push_key(&mut path, &key);
                parent = other.and_then(|value| value.get(&*key));
            }
        }
    }
    path
}

fn push_key(path: &mut String, key: &str) {
    let plain = key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    match (plain, path.is_empty()) {
        (true, true) => path.push_str(key),
        (true, false) => path.extend([".", key]),
        (false, _) => path.extend(["[", key, "]"]),
    }
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) if !text.is_empty() => text.clone(),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(scalar).collect();
            format!("[{}]", items.join(", "))
        }
        _ => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn lines(before: &Value, after: &Value) -> Vec<String> {
        changes(before, &json_patch::diff(before, after)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn added_objects_become_a_line_for_each_field() {
        let before = json!({"metadata": {}, "spec": {"containers": [{"name": "a"}, {"name": "b"}]}});
        let after = json!({
            "metadata": {"annotations": {"kubernetes.io/psp": "restricted"}},
            "spec": {"containers": [
                {"name": "a", "securityContext": {"runAsUser": 1000, "capabilities": {"drop": ["ALL", "NET_RAW"]}}},
                {"name": "b", "securityContext": {}},
            ]},
        });

        assert_eq!(
            lines(&before, &after),
            [
                "+ metadata.annotations[kubernetes.io/psp]: restricted",
                "+ spec.containers[0].securityContext.runAsUser: 1000",
                "+ spec.containers[0].securityContext.capabilities.drop: [ALL, NET_RAW]",
                "+ spec.containers[1].securityContext: {}",
            ]
        );
    }

    #[test]
    fn replaced_and_removed_fields_show_what_they_were() {
        let before = json!({"spec": {"a": 1, "b": true}});
        let after = json!({"spec": {"a": ""}});

        assert_eq!(lines(&before, &after), ["~ spec.a: \"\" (was 1)", "- spec.b: true"]);
    }

    #[test]
    fn lists_of_plain_values_are_shown_whole() {
        let before = json!({"containers": [{"drop": ["B", "A", "D"]}]});
        let after = json!({"containers": [{"drop": ["A", "B", "C", "D"]}]});

        assert_eq!(lines(&before, &after), ["~ containers[0].drop: [A, B, C, D] (was [B, A, D])"]);
    }

    #[test]
    fn lists_of_objects_are_walked_into() {
        let before = json!({});
        let after = json!({"volumes": [{"name": "tmp", "emptyDir": {}}]});

        assert_eq!(lines(&before, &after), ["+ volumes[0].name: tmp", "+ volumes[0].emptyDir: {}"]);
    }
}
