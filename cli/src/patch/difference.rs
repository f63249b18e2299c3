//! The changes that turn one tree into another.

use serde_json::{Map, Value};

use crate::input::Step;

/// One thing to change.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Change {
    /// An object gains members.
    Insert { into: Vec<Step>, members: Vec<(String, Value)> },
    /// A value takes the place of another one.
    Replace { at: Vec<Step>, value: Value },
    /// A member of an object, or an element of a list, is removed; optionally with all that follow it.
    Remove { at: Vec<Step>, is_tail: bool },
}

/// All changes, with paths into the old tree; inner ones come before outer ones.
pub(super) fn between(before: &Value, after: &Value) -> Vec<Change> {
    let mut changes = Vec::new();
    walk(before, after, &mut Vec::new(), &mut changes);
    changes
}

fn walk(before: &Value, after: &Value, path: &mut Vec<Step>, changes: &mut Vec<Change>) {
    match (before, after) {
        (before, after) if before == after => {}
        // If no member stays, the whole value is replaced.
        (Value::Object(old), Value::Object(new)) if path.is_empty() || stays(old, new) => {
            let mut left = old.keys().filter(|key| new.contains_key(*key)).count();
            for (key, known) in old {
                path.push(Step::Key(key.clone()));
                match new.get(key) {
                    Some(value) => {
                        left -= 1;
                        walk(known, value, path, changes);
                    }
                    None => changes.push(Change::Remove { at: path.clone(), is_tail: left == 0 }),
                }
                path.pop();
            }
            let members = new.iter().filter(|(key, _)| !old.contains_key(*key));
            let members: Vec<_> = members.map(|(key, value)| (key.clone(), value.clone())).collect();
            if !members.is_empty() {
                changes.push(Change::Insert { into: path.clone(), members });
            }
        }
        (Value::Array(old), Value::Array(new)) if !new.is_empty() => match remaining(old, new) {
            Some(places) => {
                for (index, element) in old.iter().enumerate() {
                    path.push(Step::Index(index));
                    match places.iter().position(|place| *place == index).and_then(|at| new.get(at)) {
                        Some(value) => walk(element, value, path, changes),
                        None => {
                            let is_tail = places.iter().all(|place| *place < index);
                            changes.push(Change::Remove { at: path.clone(), is_tail });
                        }
                    }
                    path.pop();
                }
            }
            None => changes.push(Change::Replace { at: path.clone(), value: after.clone() }),
        },
        _ => changes.push(Change::Replace { at: path.clone(), value: after.clone() }),
    }
}

fn stays(old: &Map<String, Value>, new: &Map<String, Value>) -> bool {
    old.is_empty() || old.keys().any(|key| new.contains_key(key))
}

/// The indexes of the new elements in the old list, if they are a subsequence of it.
fn remaining(old: &[Value], new: &[Value]) -> Option<Vec<usize>> {
    if old.len() == new.len() {
        return Some((0..old.len()).collect());
    }
    let mut rest = old.iter().enumerate();
    new.iter().map(|new| rest.find(|(_, old)| is_same(old, new)).map(|(at, _)| at)).collect()
}

/// Whether an element may have become another one: they are equal, or have the same name.
fn is_same(old: &Value, new: &Value) -> bool {
    let name = |value: &Value| ["name", "containerPort"].map(|key| value.get(key).cloned());
    old == new || (name(old) == name(new) && name(new) != [None, None])
}
