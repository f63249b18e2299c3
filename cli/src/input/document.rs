//! Ways into the tree of a document.

use serde_json::{Map, Value};

use super::Step;

/// What stands at a path.
pub(crate) fn look<'v>(object: &'v Value, path: &[Step]) -> Option<&'v Value> {
    path.iter().try_fold(object, |here, step| match step {
        Step::Key(key) => here.get(key),
        Step::Index(index) => here.get(index),
    })
}

/// What stands at a path, to be changed.
pub(crate) fn look_mut<'v>(object: &'v mut Value, path: &[Step]) -> Option<&'v mut Value> {
    path.iter().try_fold(object, |here, step| match step {
        Step::Key(key) => here.get_mut(key),
        Step::Index(index) => here.get_mut(index),
    })
}

/// What stands at a path; objects that are missing on the way are made.
pub(crate) fn made<'v>(object: &'v mut Value, path: &[Step]) -> Option<&'v mut Value> {
    path.iter().try_fold(object, |here, step| match step {
        Step::Index(index) => here.get_mut(index),
        Step::Key(key) => {
            if here.is_null() {
                *here = Value::Object(Map::new());
            }
            Some(here.as_object_mut()?.entry(key.clone()).or_insert(Value::Null))
        }
    })
}

/// Puts a value in its place; nothing happens where there is none.
pub(crate) fn put(object: &mut Value, path: &[Step], value: Value) {
    if let Some(place) = made(object, path) {
        *place = value;
    }
}
