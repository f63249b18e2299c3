//! Patterns of Kyverno: a tree like the pod's, whose keys have anchors and whose leaves are conditions.

use serde_json::{Map, Value};

use super::fact::{Fact, Lists, Scope, Test, Unread, Values, inherited, merged};

/// The annotations that AppArmor profiles were written to.
pub(super) const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/*";

/// What a pattern for pods demands.
pub(super) fn facts(pattern: &Value, at: &str) -> Result<Vec<Fact>, Unread> {
    let mut facts = Vec::new();
    for (key, value) in members(pattern, at)? {
        let (anchor, name) = anchored(key);
        let at = format!("{at}.{key}");
        match (anchor, name) {
            (Anchor::None | Anchor::IfPresent, "spec") => of_spec(value, &at, &mut facts)?,
            (Anchor::None | Anchor::IfPresent, "metadata") => of_metadata(value, &at, &mut facts)?,
            _ => return Err(Unread::new(at, "a pattern for another part of the object")),
        }
    }
    Ok(merged(facts))
}

/// What a pattern for an element demands, which is a container of some lists.
pub(super) fn of_element(pattern: &Value, lists: Lists, at: &str) -> Result<Vec<Fact>, Unread> {
    let mut facts = Vec::new();
    walk(pattern, Scope::Containers(lists), Trail::default(), at, &mut facts)?;
    Ok(merged(facts))
}

/// What alternative patterns demand.
pub(super) fn alternatives(patterns: &Value, at: &str) -> Result<Vec<Fact>, Unread> {
    let Some(list) = patterns.as_array() else { return Err(Unread::new(at, "must be a list")) };
    let read = list.iter().enumerate().map(|(nth, pattern)| facts(pattern, &format!("{at}[{nth}]")));
    let read: Vec<Vec<Fact>> = read.collect::<Result<_, _>>()?;
    match read.as_slice() {
        [one] => Ok(one.clone()),
        [a, b] => inherited(a, b).map(|fact| vec![fact]).ok_or_else(|| {
            Unread::new(at, "these alternatives are not those of one field in the pod and in its containers")
        }),
        _ => Err(Unread::new(at, "more than two alternatives cannot be said in settings")),
    }
}

/// An anchor around a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Anchor {
    /// The field must be there.
    None,
    /// `=(…)`: if it is there.
    IfPresent,
    /// `X(…)`: it must not be there.
    Never,
    /// Any other, which makes the rest of the pattern depend on it.
    Other,
}

fn anchored(key: &str) -> (Anchor, &str) {
    let Some((mark, rest)) = key.split_once('(') else { return (Anchor::None, key) };
    let name = rest.strip_suffix(')').unwrap_or(rest);
    match mark {
        "=" => (Anchor::IfPresent, name),
        "X" => (Anchor::Never, name),
        _ => (Anchor::Other, name),
    }
}

fn members<'v>(value: &'v Value, at: &str) -> Result<&'v Map<String, Value>, Unread> {
    value.as_object().ok_or_else(|| Unread::new(at, "must be an object"))
}

fn of_spec(spec: &Value, at: &str, facts: &mut Vec<Fact>) -> Result<(), Unread> {
    for (key, value) in members(spec, at)? {
        let (anchor, name) = anchored(key);
        let at = format!("{at}.{key}");
        match (Lists::of(name), anchor, value.as_array().map(Vec::as_slice)) {
            (Some(lists), Anchor::IfPresent, Some([element]))
            | (Some(lists @ Lists { containers: true, .. }), Anchor::None, Some([element])) => {
                walk(element, Scope::Containers(lists), Trail::default(), &at, facts)?;
            }
            (Some(_), Anchor::None, Some([_])) => {
                return Err(Unread::new(
                    at,
                    format_args!("a pod must have {name}, which settings do not demand"),
                ));
            }
            _ => step(key, value, Scope::Pod, Trail::default(), &at, facts)?,
        }
    }
    Ok(())
}

fn of_metadata(metadata: &Value, at: &str, facts: &mut Vec<Fact>) -> Result<(), Unread> {
    for (key, annotations) in members(metadata, at)? {
        let at = format!("{at}.{key}");
        if anchored(key).1 != "annotations" {
            return Err(Unread::new(at, "settings govern no other metadata than profiles"));
        }
        for (key, value) in members(annotations, &at)? {
            let at = format!("{at}[{key}]");
            match anchored(key) {
                (Anchor::IfPresent, APP_ARMOR) => {
                    let test = Test::In(values(value, &at)?);
                    facts.push(Fact { scope: Scope::Pod, path: APP_ARMOR.to_owned(), absent: true, test });
                }
                _ => return Err(Unread::new(at, "settings govern no other annotations than profiles")),
            }
        }
    }
    Ok(())
}

/// The way to a field.
#[derive(Clone, Debug, Default)]
struct Trail {
    path: String,
    optional: bool,
    required: bool,
}

fn step(
    key: &str,
    value: &Value,
    scope: Scope,
    mut trail: Trail,
    at: &str,
    facts: &mut Vec<Fact>,
) -> Result<(), Unread> {
    let (anchor, name) = anchored(key);
    let dot = if trail.path.is_empty() { "" } else { "." };
    trail.path = format!("{}{dot}{name}", trail.path);
    match anchor {
        Anchor::None => trail.required = true,
        Anchor::IfPresent => trail.optional = true,
        Anchor::Never => {
            if trail.required {
                return Err(Unread::new(
                    at,
                    "the fields around it must be there, which settings do not demand",
                ));
            }
            facts.push(Fact { scope, path: trail.path, absent: true, test: Test::Absent });
            return Ok(());
        }
        Anchor::Other => {
            return Err(Unread::new(at, "a condition on other fields cannot be said in settings"));
        }
    }
    walk(value, scope, trail, at, facts)
}

fn walk(
    value: &Value,
    scope: Scope,
    mut trail: Trail,
    at: &str,
    facts: &mut Vec<Fact>,
) -> Result<(), Unread> {
    match value {
        Value::Object(members) => members.iter().try_for_each(|(key, value)| {
            step(key, value, scope, trail.clone(), &format!("{at}.{key}"), facts)
        }),
        Value::Array(elements) => match elements.as_slice() {
            [element @ (Value::Object(_) | Value::Array(_))] => {
                trail.path.push_str("[]");
                walk(element, scope, trail, &format!("{at}[0]"), facts)
            }
            [element] => walk(element, scope, trail, at, facts),
            _ => Err(Unread::new(at, "a list of several patterns cannot be said in settings")),
        },
        leaf => {
            let is_path_of_volume = trail.path == "volumes[].hostPath.path";
            if trail.optional && trail.required && !is_path_of_volume {
                return Err(Unread::new(
                    at,
                    "some of the fields around it must be there, which settings do not demand",
                ));
            }
            let test = Test::In(values(leaf, at)?);
            facts.push(Fact { scope, path: trail.path, absent: trail.optional, test });
            Ok(())
        }
    }
}

/// The values that a leaf allows.
pub(super) fn values(leaf: &Value, at: &str) -> Result<Values, Unread> {
    match leaf {
        Value::Bool(flag) => Ok(Values::text(flag.to_string())),
        Value::Number(number) => match number.as_i64() {
            Some(number) => Ok(Values::range(number, number)),
            None => Err(Unread::new(at, "must be a whole number")),
        },
        Value::String(text) => {
            let each = text.split('|').map(|part| alternative(part.trim(), at));
            each.reduce(|a, b| Ok(a?.or(b?))).unwrap_or_else(|| Ok(Values::default()))
        }
        _ => Err(Unread::new(at, "must be a text, a number or a boolean")),
    }
}

fn alternative(text: &str, at: &str) -> Result<Values, Unread> {
    let number = |text: &str| text.trim().parse::<i64>().ok();
    let after = |mark: &str| text.strip_prefix(mark).and_then(number);
    if text.starts_with('!') || text.contains('&') {
        return Err(Unread::new(
            at,
            format_args!("`{text}` forbids single values, where settings list what is allowed"),
        ));
    }
    if let Some(min) = after(">=") {
        return Ok(Values::range(min, i64::MAX));
    }
    if let Some(max) = after("<=") {
        return Ok(Values::range(i64::MIN, max));
    }
    if let Some(min) = after(">") {
        return Ok(Values::range(min.saturating_add(1), i64::MAX));
    }
    if let Some(max) = after("<") {
        return Ok(Values::range(i64::MIN, max.saturating_sub(1)));
    }
    if let Some(number) = number(text) {
        return Ok(Values::range(number, number));
    }
    let range = text.split_once('-').and_then(|(min, max)| Some((number(min)?, number(max)?)));
    match range {
        Some((min, max)) => Ok(Values::range(min, max)),
        None => Ok(Values::text(text)),
    }
}
