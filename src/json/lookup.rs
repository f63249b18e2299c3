//! Single fields of objects that are neither pods nor settings.
//!
//! Such an object is small and seldom, so that it is read as a tree: a type of its own would be decoded by code of its
//! own.

use crate::json::{Error, Read, STRING, TWICE, Text, Value};

/// The value at the end of a path of keys; `null` if there is none. A key on the path that occurs twice is an error,
/// and so is anything on it that is not an object.
pub(crate) fn at<'t, 's>(value: Value<'t, 's>, way: &[&str]) -> Read<Value<'t, 's>> {
    let Some((key, rest)) = way.split_first().filter(|_| !value.is_null()) else { return Ok(value) };
    if !value.is_object() {
        return Err(Error::mismatch("an object", value.describe()));
    }
    let mut found = None;
    for (_, value) in value.entries().filter(|(name, _)| name == key) {
        if found.replace(value).is_some() {
            return Err(Error::new(TWICE).in_key(key));
        }
    }
    at(found.unwrap_or_default(), rest).map_err(|error| error.in_key(key))
}

/// The string at the end of a path of keys; `None` if it is absent.
pub(crate) fn text<'s>(value: Value<'_, 's>, way: &[&str]) -> Read<Option<Text<'s>>> {
    let value = at(value, way)?;
    let text = value.text();
    if text.is_none() && !value.is_null() {
        let error = Error::mismatch(STRING, value.describe());
        return Err(way.iter().rev().fold(error, |error, key| error.in_key(key)));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Reader;
    use crate::json::Tree;
    use rstest::rstest;

    fn reported(document: &str) -> Result<Option<String>, String> {
        let tree: Tree<'_> = Reader::document(document).unwrap();
        match text(tree.root(), &["a", "b.c"]) {
            Ok(text) => Ok(text.map(|text| text.to_string())),
            Err(error) => Err(error.to_string()),
        }
    }

    #[rstest]
    #[case::there(r#"{"x": 1, "a": {"b.c": "d"}}"#, Some("d"))]
    #[case::absent(r#"{"a": {}}"#, None)]
    #[case::null(r#"{"a": {"b.c": null}}"#, None)]
    #[case::null_on_the_way(r#"{"a": null}"#, None)]
    #[case::nothing("null", None)]
    #[case::others_may_stand_twice(r#"{"x": 1, "x": 2, "a": {"b.c": ""}}"#, Some(""))]
    fn finds(#[case] document: &str, #[case] expected: Option<&str>) {
        assert_eq!(reported(document), Ok(expected.map(str::to_owned)));
    }

    #[rstest]
    #[case::no_string(r#"{"a": {"b.c": 1}}"#, "a[b.c]: must be a string, not 1")]
    #[case::no_object(r#"{"a": []}"#, "a: must be an object, not a list")]
    #[case::no_object_at_all("[]", "must be an object, not a list")]
    #[case::twice(r#"{"a": {"b.c": "d", "b.c": "d"}}"#, "a[b.c]: duplicate key")]
    #[case::twice_on_the_way(r#"{"a": {}, "a": {}}"#, "a: duplicate key")]
    fn reports_what_is_wrong(#[case] document: &str, #[case] expected: &str) {
        assert_eq!(reported(document), Err(expected.to_owned()));
    }
}
