//! Paths into the tree of a document.

use serde_json::{Map, Value};

use super::place::Step;

/// The value at a path.
pub(crate) fn look<'v>(object: &'v Value, path: &[Step]) -> Option<&'v Value> {
    path.iter().try_fold(object, |here, step| match step {
        Step::Key(key) => here.get(key),
        Step::Index(index) => here.get(index),
    })
}

/// The value at a path, mutably.
pub(crate) fn look_mut<'v>(object: &'v mut Value, path: &[Step]) -> Option<&'v mut Value> {
    path.iter().try_fold(object, |here, step| match step {
        Step::Key(key) => here.get_mut(key),
        Step::Index(index) => here.get_mut(index),
    })
}

/// The value at a path, mutably; missing objects are created.
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

/// Sets a value; nothing happens where its parent is missing.
pub(crate) fn put(object: &mut Value, path: &[Step], value: Value) {
    if let Some(place) = made(object, path) {
        *place = value;
    }
}
