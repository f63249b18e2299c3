//! What has to change in a tree so that it becomes another one.

use serde_json::Value;

use crate::input::Step;

/// One thing to change.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Change {
    /// An object gets more members.
    Insert { into: Vec<Step>, members: Vec<(String, Value)> },
    /// A value takes the place of another one.
    Replace { at: Vec<Step>, value: Value },
}

/// All changes, the inner ones before those around them; nothing if something would have to be taken away.
pub(super) fn between(before: &Value, after: &Value) -> Option<Vec<Change>> {
    let mut changes = Vec::new();
    walk(before, after, &mut Vec::new(), &mut changes)?;
    Some(changes)
}

fn walk(before: &Value, after: &Value, path: &mut Vec<Step>, changes: &mut Vec<Change>) -> Option<()> {
    match (before, after) {
        (before, after) if before == after => {}
        (Value::Object(old), Value::Object(new)) => {
            if old.keys().any(|key| !new.contains_key(key)) {
                return None;
            }
            let mut members = Vec::new();
            for (key, value) in new {
                match old.get(key) {
                    Some(known) => {
                        path.push(Step::Key(key.clone()));
                        walk(known, value, path, changes)?;
                        path.pop();
                    }
                    None => members.push((key.clone(), value.clone())),
                }
            }
            if !members.is_empty() {
                changes.push(Change::Insert { into: path.clone(), members });
            }
        }
        (Value::Array(old), Value::Array(new)) if old.len() == new.len() => {
            for (index, (old, new)) in old.iter().zip(new).enumerate() {
                path.push(Step::Index(index));
                walk(old, new, path, changes)?;
                path.pop();
            }
        }
        _ => changes.push(Change::Replace { at: path.clone(), value: after.clone() }),
    }
    Some(())
}
