//! Whether two versions of an object are the same where it matters.

use crate::json::{Read, Reader, Text};
use crate::value::Value;

/// What the garbage collector and the API server write into metadata: no part of what a policy judges (spec 3.1).
/// `resourceVersion` and `generation` are filled in only after mutating webhooks have seen the object.
const BOOKKEEPING: &[&str] =
    &["ownerReferences", "finalizers", "managedFields", "selfLink", "resourceVersion", "generation"];

/// Whether an update of a pod changes nothing but bookkeeping and status.
pub(crate) fn only_bookkeeping(new: &str, old: &str) -> Read<bool> {
    let (new, old) = (members(new)?, members(old)?);
    let (new_metadata, old_metadata) = (take(&new, "metadata"), take(&old, "metadata"));
    Ok(same_members(&new, &old, &["metadata", "status"])?
        && same_members(&members(new_metadata)?, &members(old_metadata)?, BOOKKEEPING)?)
}

/// Whether two values are the same: the order of keys, white space and `null` members make no difference.
pub(crate) fn same(one: &str, other: &str) -> Read<bool> {
    if one == other {
        return Ok(true);
    }
    Ok(same_value(&Reader::document::<Value<'_>>(one)?, &Reader::document::<Value<'_>>(other)?))
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
        let value = reader.raw()?;
        if value != "null" {
            members.push((key.clone(), value));
        }
        Ok(())
    })?;
    Ok(members)
}

fn take<'a>(members: &[Member<'a>], key: &str) -> &'a str {
    members.iter().find(|(name, _)| name == key).map_or("null", |(_, value)| value)
}

fn same_members(one: &[Member<'_>], other: &[Member<'_>], left_out: &[&str]) -> Read<bool> {
    let counted =
        |members: &[Member<'_>]| members.iter().filter(|(key, _)| !left_out.contains(&&**key)).count();
    if counted(one) != counted(other) {
        return Ok(false);
    }
    for (key, value) in one.iter().filter(|(key, _)| !left_out.contains(&&**key)) {
        match other.iter().find(|(name, _)| name == key) {
            Some((_, counterpart)) if same(value, counterpart)? => {}
            _ => return Ok(false),
        }
    }
    Ok(true)
}

fn same_value(one: &Value<'_>, other: &Value<'_>) -> bool {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let present =
                |entries: &[(Text<'_>, Value<'_>)]| entries.iter().filter(|(_, v)| *v != Value::Null).count();
            present(one) == present(other)
                && one.iter().filter(|(_, value)| *value != Value::Null).all(|(key, value)| {
                    other.iter().any(|(name, counterpart)| name == key && same_value(value, counterpart))
                })
        }
        (Value::List(one), Value::List(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same_value(one, other))
        }
        _ => one == other,
    }
}
