//! The reader against `serde_json`: both take a text or neither does, and both read the same.

use pod_security_policy::json::{Reader, Tree, Value};
use serde::de::IgnoredAny;

use super::model::Model;

/// The strict skip takes what `serde_json` takes; the fast one ends where it ends; the tree is the same.
pub(super) fn check(text: &str) -> Result<bool, String> {
    let mut strict = Reader::new(text);
    let skipped = strict.skip().map(|()| strict.position());
    let ours = skipped.is_ok() && strict.end().is_ok();
    let theirs = serde_json::from_str::<IgnoredAny>(text);
    if ours != theirs.is_ok() {
        return Err(format!("valid: we say {ours}, serde_json {theirs:?}"));
    }
    if let Ok(end) = skipped {
        let mut fast = Reader::new(text);
        let found = fast.skip_unchecked().map(|()| fast.position());
        if found.as_ref().ok() != Some(&end) {
            return Err(format!("a value that ends at {end}: the fast skip says {found:?}"));
        }
    }
    match (Reader::document::<Tree<'_>>(text), serde_json::from_str::<Model>(text)) {
        (Ok(tree), Ok(model)) if same(tree.root(), &model) => {}
        (Ok(tree), Ok(model)) => return Err(format!("we read {tree:?}, serde_json {model:?}")),
        (Err(_), Err(_)) => {}
        (ours, theirs) => {
            return Err(format!(
                "read: we say {:?}, serde_json {theirs:?}",
                ours.map_err(|error| error.to_string())
            ));
        }
    }
    Ok(ours)
}

fn same(value: Value<'_, '_>, model: &Model) -> bool {
    match model {
        Model::Null => value.is_null(),
        Model::Flag(flag) => value.flag() == Some(*flag),
        Model::Number(number) => value.number().and_then(|text| text.parse().ok()) == Some(*number),
        Model::Text(text) => value.text().as_deref() == Some(text),
        Model::List(elements) => {
            value.is_list()
                && value.elements().count() == elements.len()
                && value.elements().zip(elements).all(|(value, model)| same(value, model))
        }
        Model::Object(members) => {
            value.is_object()
                && value.entries().count() == members.len()
                && value
                    .entries()
                    .zip(members)
                    .all(|((key, value), (name, model))| key == *name && same(value, model))
        }
    }
}
