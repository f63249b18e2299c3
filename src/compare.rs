//! Whether two versions of an object are the same where it matters.

use crate::json::{Read, Reader, Text};
use crate::value::{Tree, Value};

/// What the garbage collector and the API server write into metadata: no part of what a policy judges (spec 3.1).
/// `resourceVersion` and `generation` are filled in only after mutating webhooks have seen the object.
const BOOKKEEPING: &[&str] =
    &["ownerReferences", "finalizers", "managedFields", "selfLink", "resourceVersion", "generation"];

/// The maps of metadata: an empty one is the same as none (spec 3.6).
const MAPS: &[&str] = &["labels", "annotations"];

/// Whether an update of a pod changes nothing but bookkeeping and status.
pub(crate) fn only_bookkeeping(new: &str, old: &str) -> Read<bool> {
    let (new, old) = (members(new)?, members(old)?);
    let (new_metadata, old_metadata) = (take(&new, "metadata"), take(&old, "metadata"));
    let metadata = |text| match members(text) {
        Ok(mut members) => {
            members.retain(|(key, value)| !(MAPS.contains(&&**key) && is_empty_object(value)));
            Ok(members)
        }
        Err(fault) => Err(fault.under("metadata")),
    };
    Ok(same_members(&new, &old, &["metadata", "status"])?
        && same_members(&metadata(new_metadata)?, &metadata(old_metadata)?, BOOKKEEPING)?)
}

/// Whether two values are the same: the order of keys, white space and `null` members make no difference.
pub(crate) fn same(one: &str, other: &str) -> Read<bool> {
    if one == other {
        return Ok(true);
    }
    let (one, other): (Tree<'_>, Tree<'_>) = (Reader::document(one)?, Reader::document(other)?);
    Ok(same_value(one.root(), other.root()))
}

/// A member of an object: its key, and its value as JSON.
type Member<'a> = (Text<'a>, &'a str);

fn members(object: &str) -> Read<Vec<Member<'_>>> {
    let mut members = Vec::new();
    let mut reader = Reader::new(object);
    if reader.null()? {
        return Ok(members);
    }
    reader.object(|reader, key| {
        members.push((key.clone(), reader.raw()?));
        Ok(())
    })?;
    Ok(members)
}

fn is_empty_object(value: &str) -> bool {
    let inside = value.strip_prefix('{').and_then(|value| value.strip_suffix('}'));
    inside.is_some_and(|inside| inside.trim().is_empty())
}

fn take<'a>(members: &[Member<'a>], key: &str) -> &'a str {
    members.iter().find(|(name, _)| name == key).map_or("null", |(_, value)| value)
}

fn same_members(one: &[Member<'_>], other: &[Member<'_>], left_out: &[&str]) -> Read<bool> {
    let counts = |(key, value): &&Member<'_>| *value != "null" && !left_out.contains(&&**key);
    let present = |members: &[Member<'_>]| members.iter().filter(counts).count();
    if present(one) != present(other) || hold_a_key_twice(one) || hold_a_key_twice(other) {
        return Ok(false);
    }
    for (key, value) in one.iter().filter(counts) {
        match other.iter().find(|(name, _)| name == key) {
            Some((_, counterpart)) if same(value, counterpart)? => {}
            _ => return Ok(false),
        }
    }
    Ok(true)
}

fn same_value(one: Value<'_, '_>, other: Value<'_, '_>) -> bool {
    if one.is_object() && other.is_object() {
        let (Some(one), Some(other)) = (by_key(one), by_key(other)) else { return false };
        return one.len() == other.len()
            && one
                .iter()
                .zip(&other)
                .all(|((key, value), (name, counterpart))| key == name && same_value(*value, *counterpart));
    }
    if one.is_list() && other.is_list() {
        return one.elements().count() == other.elements().count()
            && one.elements().zip(other.elements()).all(|(one, other)| same_value(one, other));
    }
    one.is_same_scalar(other)
}

/// The members of an object that are not `null`, sorted, since whoever writes labels chooses how many there are; nothing
/// if a key stands twice.
fn by_key<'t, 's>(object: Value<'t, 's>) -> Option<Vec<(Text<'s>, Value<'t, 's>)>> {
    let mut members: Vec<_> = object.entries().collect();
    members.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    let differ = members.is_sorted_by(|(one, _), (other, _)| one < other);
    members.retain(|(_, value)| !value.is_null());
    differ.then_some(members)
}

/// Nobody can tell which of two members with one key counts, so that they are never the same as anything.
fn hold_a_key_twice<V>(members: &[(Text<'_>, V)]) -> bool {
    members.iter().enumerate().any(|(nth, (key, _))| members.iter().take(nth).any(|(other, _)| other == key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::identical("{\"a\":1}", "{\"a\":1}", true)]
    #[case::white_space("{ \"a\" : [ 1 ] }", "{\"a\":[1]}", true)]
    #[case::order_of_keys("{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}", true)]
    #[case::a_key_twice("{\"a\":1,\"a\":1,\"b\":1}", "{\"a\":1,\"b\":1,\"a\":1}", false)]
    #[case::another_key("{\"a\":1,\"b\":1}", "{\"a\":1,\"c\":1}", false)]
    #[case::null_is_absent("{\"a\":null,\"b\":{\"c\":null}}", "{\"b\":{}}", true)]
    #[case::escapes("{\"\\u0061\":\"\\n\"}", "{\"a\":\"\\u000a\"}", true)]
    #[case::order_of_elements("[1,2]", "[2,1]", false)]
    #[case::other_value("{\"a\":1}", "{\"a\":2}", false)]
    #[case::other_type("{\"a\":1}", "{\"a\":\"1\"}", false)]
    #[case::other_key("{\"a\":1}", "{\"b\":1}", false)]
    #[case::one_more("{\"a\":1}", "{\"a\":1,\"b\":2}", false)]
    #[case::one_more_element("[1]", "[1,1]", false)]
    #[case::empty_object_is_not_absent("{\"a\":{}}", "{}", false)]
    #[case::a_key_that_stands_twice_hides_no_other("{\"a\":1,\"a\":1}", "{\"a\":1,\"b\":2}", false)]
    fn compares(#[case] one: &str, #[case] other: &str, #[case] expected: bool) {
        assert_eq!((same(one, other), same(other, one)), (Ok(expected), Ok(expected)));
    }

    const OLD: &str = r#"{"metadata": {"name": "p", "labels": {"a": "b"}}, "spec": {"x": 1}, "status": {"phase": "Pending"}}"#;

    #[rstest]
    #[case::nothing(OLD, true)]
    #[case::status(r#"{"metadata": {"name": "p", "labels": {"a": "b"}}, "spec": {"x": 1}}"#, true)]
    #[case::bookkeeping(r#"{"metadata": {"labels": {"a": "b"}, "name": "p", "ownerReferences": [{}], "finalizers": ["f"], "managedFields": [],
        "selfLink": "/", "resourceVersion": "2", "generation": 3}, "spec": {"x": 1}, "status": {}}"#, true)]
    #[case::empty_map_is_absent(
        r#"{"metadata": {"name": "p", "labels": {"a": "b"}, "annotations": { }}, "spec": {"x": 1}}"#,
        true
    )]
    #[case::emptied_map(r#"{"metadata": {"name": "p", "labels": {}}, "spec": {"x": 1}}"#, false)]
    #[case::label(r#"{"metadata": {"name": "p", "labels": {"a": "c"}}, "spec": {"x": 1}}"#, false)]
    #[case::annotation(
        r#"{"metadata": {"name": "p", "labels": {"a": "b"}, "annotations": {"k": "v"}}, "spec": {"x": 1}}"#,
        false
    )]
    #[case::deletion(
        r#"{"metadata": {"name": "p", "labels": {"a": "b"}, "deletionTimestamp": "now"}, "spec": {"x": 1}}"#,
        false
    )]
    #[case::spec(r#"{"metadata": {"name": "p", "labels": {"a": "b"}}, "spec": {"x": 2}}"#, false)]
    #[case::no_spec(r#"{"metadata": {"name": "p", "labels": {"a": "b"}}}"#, false)]
    #[case::no_metadata(r#"{"metadata": null, "spec": {"x": 1}}"#, false)]
    #[case::spec_twice(
        r#"{"metadata": {"name": "p", "labels": {"a": "b"}}, "spec": {"x": 1}, "spec": {"x": 2}}"#,
        false
    )]
    #[case::metadata_twice(r#"{"metadata": {"name": "p", "labels": {"a": "b"}}, "metadata": {"labels": {"a": "c"}}, "spec": {"x": 1}}"#, false)]
    fn knows_bookkeeping(#[case] new: &str, #[case] expected: bool) {
        assert_eq!(only_bookkeeping(new, OLD), Ok(expected));
    }

    #[rstest]
    #[case::object("[]", "must be an object, not a list")]
    #[case::metadata(
        r#"{"metadata": "p", "spec": {"x": 1}}"#,
        "metadata: must be an object, not the string \"p\""
    )]
    #[case::not_json(
        r#"{"metadata": {"name": "x}}"#,
        "metadata: is not JSON: the document ends within a string (byte 26)"
    )]
    fn tells_where_it_cannot_compare(#[case] new: &str, #[case] expected: &str) {
        assert_eq!(only_bookkeeping(new, OLD).unwrap_err().to_string(), expected);
    }
}
