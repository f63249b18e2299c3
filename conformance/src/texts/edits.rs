//! Edits of texts against edits of trees.

use pod_security_policy::json::{Edit, Path, Step, graft};
use serde_json::{Map, Value, json};

use super::model::Model;

/// Paths, the first two of which are written together as well.
const PATHS: [&[Step<&'static str>]; 6] = [
    &[Step::Key("a")],
    &[Step::Key("ab")],
    &[Step::Key("a"), Step::Key("ab")],
    &[Step::Key("a"), Step::Key("a"), Step::Key("c")],
    &[Step::Index(0)],
    &[Step::Index(1), Step::Key("a")],
];
const VALUES: [&str; 2] = ["[7]", "{\"b\":null}"];

/// Without edits a text stays; with edits it has what is written, and nothing else changes.
pub(super) fn check(text: &str) -> Result<bool, String> {
    let Ok(model) = serde_json::from_str::<Model>(text) else {
        // What is not JSON is copied or refused; that it neither stops nor reads beyond the text is what is tried.
        for path in PATHS {
            let _ = graft(text, &[Edit { path: Path::of(path), value: "7".to_owned() }]);
        }
        return Ok(false);
    };
    if graft(text, &[]).as_deref().ok() != Some(text) {
        return Err("changes without an edit".to_owned());
    }
    if has_key_twice(&model) {
        return Ok(true);
    }
    let before: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let single = PATHS.iter().map(|path| vec![*path]);
    let pairs = PATHS.iter().take(3).flat_map(|one| PATHS.iter().take(3).map(|other| vec![*one, *other]));
    for paths in single.chain(pairs.filter(|pair| apart(pair))) {
        let mut expected = Some(before.clone());
        let mut edits = Vec::new();
        for (path, value) in paths.iter().zip(VALUES) {
            edits.push(Edit { path: Path::of(path), value: value.to_owned() });
            let value = serde_json::from_str(value).unwrap_or(json!(null));
            expected = expected.and_then(|tree| put(tree, path, value));
        }
        let found = graft(text, &edits);
        match (&found, &expected) {
            (Err(_), None) => {}
            (Ok(edited), Some(expected))
                if serde_json::from_str::<Value>(edited).ok().as_ref() == Some(expected) => {}
            _ => return Err(format!("{paths:?}: {found:?} instead of {expected:?}")),
        }
    }
    Ok(true)
}

/// Neither path leads through the other.
fn apart(paths: &[&[Step<&str>]]) -> bool {
    let [one, other] = paths else { return true };
    !one.starts_with(other) && !other.starts_with(one)
}

fn has_key_twice(model: &Model) -> bool {
    match model {
        Model::List(elements) => elements.iter().any(has_key_twice),
        Model::Object(members) => members.iter().enumerate().any(|(index, (key, value))| {
            has_key_twice(value) || members.iter().skip(index + 1).any(|(other, _)| other == key)
        }),
        _ => false,
    }
}

/// The tree with a value at a path: objects are created, elements of lists are not.
fn put(tree: Value, path: &[Step<&str>], value: Value) -> Option<Value> {
    let Some((step, rest)) = path.split_first() else { return Some(value) };
    match step {
        Step::Key(key) => {
            let mut object = if let Value::Object(object) = tree { object } else { Map::new() };
            let member = object.get(*key).cloned().unwrap_or_default();
            object.insert((*key).to_owned(), put(member, rest, value)?);
            Some(object.into())
        }
        Step::Index(index) => {
            let Value::Array(mut list) = tree else { return None };
            let element = list.get_mut(*index)?;
            *element = put(element.take(), rest, value)?;
            Some(list.into())
        }
    }
}
