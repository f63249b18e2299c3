//! Whether two texts hold the same value.

use std::collections::BinaryHeap;

use super::{Error, Read, Reader, TWICE, Text, Tree, Value};

/// Whether two values are the same: the order of keys, white space and `null` members make no difference.
pub(crate) fn same(one: &str, other: &str) -> Read<bool> {
    if one == other {
        return Ok(true);
    }
    let (one, other): (Tree<'_>, Tree<'_>) = (Reader::document(one)?, Reader::document(other)?);
    Ok(same_value(one.root(), other.root()))
}

/// A member of an object: its key, and its value as JSON.
pub(crate) type Member<'a> = (Text<'a>, &'a str);

pub(crate) fn members(object: &str) -> Read<Vec<Member<'_>>> {
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

/// The value of a key; `null` if there is none. Of two members with one key it is not known which counts: an error.
pub(crate) fn take<'a>(members: &[Member<'a>], key: &str) -> Read<&'a str> {
    let mut values = members.iter().filter(|(name, _)| name == key).map(|(_, value)| *value);
    let value = values.next().unwrap_or("null");
    if values.next().is_some() { Err(Error::new(TWICE).in_key(key)) } else { Ok(value) }
}

/// Whether two objects have the same members, apart from those in `left_out`, which the caller compares or ignores.
pub(crate) fn same_members(one: &[Member<'_>], other: &[Member<'_>], left_out: &[&str]) -> Read<bool> {
    let counts = |(key, value): &&Member<'_>| *value != "null" && !left_out.contains(&&**key);
    // Most objects keep the order of their members.
    if one.len() == other.len() && one.iter().zip(other).all(|((key, _), (name, _))| key == name) {
        for ((key, value), (_, counterpart)) in one.iter().zip(other) {
            if !left_out.contains(&&**key) && !same(value, counterpart)? {
                return Ok(false);
            }
        }
        return Ok(true);
    }
    let (Some(one_order), Some(other_order)) =
        (in_order(one.iter().map(|(key, _)| key)), in_order(other.iter().map(|(key, _)| key)))
    else {
        return Ok(false);
    };
    let mut rest = other_order.into_iter().filter_map(|(_, index)| other.get(index)).filter(counts);
    for (key, value) in one_order.into_iter().filter_map(|(_, index)| one.get(index)).filter(counts) {
        match rest.next() {
            Some((name, counterpart)) if name == key && same(value, counterpart)? => {}
            _ => return Ok(false),
        }
    }
    Ok(rest.next().is_none())
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

/// The members of an object that are not `null`, sorted by key; `None` if a key is duplicate.
fn by_key<'t, 's>(object: Value<'t, 's>) -> Option<Vec<(Text<'s>, Value<'t, 's>)>> {
    let members: Vec<_> = object.entries().collect();
    let order = in_order(members.iter().map(|(key, _)| key))?;
    let members = order.into_iter().filter_map(|(_, index)| members.get(index).cloned());
    Some(members.filter(|(_, value)| !value.is_null()).collect())
}

/// The indexes of keys in the order of their hashes, which is the same order for the same keys. Nothing if two hashes are
/// equal: which of two members with one key counts is not known, so that such an object equals no other, and neither does
/// one whose author found two keys with one hash. Sorted, because that author chooses how many keys there are.
fn in_order<'k, 's: 'k>(keys: impl Iterator<Item = &'k Text<'s>>) -> Option<Vec<(u64, usize)>> {
    let keys = keys.enumerate().map(|(index, key)| (hash(key), index));
    // A heap sorts as well as `sort_unstable` does and is a twentieth of its code.
    let sorted = keys.collect::<BinaryHeap<_>>().into_sorted_vec();
    let differ = sorted.is_sorted_by(|(one, _), (other, _)| one < other);
    differ.then_some(sorted)
}

/// FNV-1a, which is short.
fn hash(key: &str) -> u64 {
    key.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
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
}
