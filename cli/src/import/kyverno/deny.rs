//! Conditions under which Kyverno denies: comparisons of what expressions in JMESPath find.

use serde_json::Value;

use super::fact::{Fact, Lists, Scope, Test, Unread, Values, either, merged};
use super::pattern;

/// What `validate.deny` or an element of `validate.foreach` demands.
pub(super) fn facts(conditions: &Value, element: Option<Element>, at: &str) -> Result<Vec<Fact>, Unread> {
    let list =
        |key: &str| conditions.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let (any, all) = match conditions.as_array() {
        Some(all) => (&[][..], all.as_slice()),
        None => (list("any"), list("all")),
    };
    let read = |list: &[Value], name: &str| -> Result<Vec<Fact>, Unread> {
        let each = list.iter().enumerate();
        each.map(|(nth, condition)| negated(condition, element, &format!("{at}.{name}[{nth}]"))).collect()
    };
    match (any, all) {
        ([], []) => Err(Unread::new(at, "denies without a condition")),
        (any, []) => Ok(merged(read(any, "any")?)),
        // Denied if all hold: it passes if one does not.
        ([], all) => {
            let facts = read(all, "all")?;
            let one = facts.into_iter().map(Some).reduce(|a, b| either(&a?, &b?)).flatten();
            one.map(|fact| vec![fact]).ok_or_else(|| {
                Unread::new(at, "conditions on several fields that hold together cannot be said in settings")
            })
        }
        _ => Err(Unread::new(at, "`any` with `all` cannot be said in settings")),
    }
}

/// What `validate.foreach` demands.
pub(super) fn of_each(each: &Value, at: &str) -> Result<Vec<Fact>, Unread> {
    let mut facts = Vec::new();
    for (nth, one) in each.as_array().into_iter().flatten().enumerate() {
        let at = format!("{at}[{nth}]");
        let known = ["list", "deny", "pattern", "elementScope"];
        if let Some(other) =
            one.as_object().into_iter().flat_map(|one| one.keys()).find(|key| !known.contains(&key.as_str()))
        {
            return Err(Unread::new(format!("{at}.{other}"), "cannot be said in settings"));
        }
        let list = one.get("list").and_then(Value::as_str).unwrap_or_default();
        let element = Element::of(list).ok_or_else(|| {
            Unread::new(format!("{at}.list"), format_args!("`{list}` is not a list that settings govern"))
        })?;
        match (one.get("deny").and_then(|deny| deny.get("conditions")), one.get("pattern"), element) {
            (Some(conditions), None, _) => {
                facts.extend(self::facts(conditions, Some(element), &format!("{at}.deny.conditions"))?);
            }
            (None, Some(pattern), Element::Container(lists)) => {
                facts.extend(pattern::of_element(pattern, lists, &format!("{at}.pattern"))?);
            }
            _ => return Err(Unread::new(at, "neither a pattern for containers nor conditions")),
        }
    }
    Ok(merged(facts))
}

/// An element that a condition may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    Container(Lists),
    /// A volume of type `hostPath`.
    HostPathVolume,
    /// The source of a volume of type `hostPath`.
    HostPath,
}

impl Element {
    fn of(list: &str) -> Option<Element> {
        let list = squashed(list);
        let list = list.strip_prefix("request.object.spec.")?;
        match list {
            "volumes[?hostPath][]" | "volumes[?hostPath]" => Some(Element::HostPathVolume),
            "volumes[?hostPath].hostPath" => Some(Element::HostPath),
            list => {
                lists(list).filter(|(_, rest)| rest.is_empty()).map(|(lists, _)| Element::Container(lists))
            }
        }
    }
}

/// The demand that is met where a condition does not hold.
fn negated(condition: &Value, element: Option<Element>, at: &str) -> Result<Fact, Unread> {
    let key = condition.get("key").cloned().unwrap_or_default();
    let value = condition.get("value").cloned().unwrap_or_default();
    let operator = condition.get("operator").and_then(Value::as_str).unwrap_or_default();
    let no = |reason: String| Err(Unread::new(at, reason));
    match (operator, found(&key, element), found(&value, element)) {
        ("AnyNotIn", Some(found), None) => {
            let mut values = match &value {
                Value::Array(list) => {
                    let each = list.iter().map(|one| pattern::values(one, at));
                    each.reduce(|a, b| Ok(a?.or(b?))).unwrap_or_else(|| Ok(Values::default()))?
                }
                one => pattern::values(one, at)?,
            };
            values.texts.retain(|text| !text.is_empty());
            if found.path == KEYS {
                values.texts.retain(|text| text != "name");
            }
            Ok(Fact { scope: found.scope, path: found.path, absent: true, test: Test::In(values) })
        }
        ("AnyNotIn", None, Some(found)) => {
            let Some(name) = key.as_str() else { return no("its key must be a text".to_owned()) };
            let test = Test::Has { any: vec![name.to_owned()], folded: found.folded };
            Ok(Fact { scope: found.scope, path: found.path, absent: false, test })
        }
        ("NotEquals", ..) if element == Some(Element::HostPath) && is_first_folder(&key) => {
            let Some(folder) = value.as_str().filter(|folder| !folder.contains(['*', '?', '{'])) else {
                return no("its value must be the name of a folder".to_owned());
            };
            let (scope, path) = (Scope::Pod, "volumes[].hostPath.path".to_owned());
            Ok(Fact { scope, path, absent: true, test: Test::FirstFolder(folder.to_owned()) })
        }
        ("NotEquals", ..) if element == Some(Element::HostPathVolume) => {
            let all = mounts(&key).filter(|(_, filter)| filter.is_empty());
            let read_only = mounts(&value).filter(|(_, filter)| filter == "&&readOnly");
            match (all, read_only) {
                (Some((all, _)), Some((lists, _))) if all == lists => {
                    let path = "volumeMounts[].readOnly".to_owned();
                    Ok(Fact {
                        scope: Scope::Containers(lists),
                        path,
                        absent: true,
                        test: Test::ReadOnlyMounts,
                    })
                }
                _ => no("compares something else than the mounts of a volume with those that are read-only"
                    .to_owned()),
            }
        }
        _ => no(format!("`{operator}` of {key} and {value} cannot be said in settings")),
    }
}

/// The keys of volumes.
pub(super) const KEYS: &str = "volumes[].keys";

/// A field that an expression finds.
struct Found {
    scope: Scope,
    path: String,
    folded: bool,
}

/// The field that the expression in braces finds; a default behind `||` does not matter for lists.
fn found(value: &Value, element: Option<Element>) -> Option<Found> {
    let text = squashed(value.as_str()?);
    let inner = text.strip_prefix("{{")?.strip_suffix("}}")?;
    let inner = inner.split_once("||").map_or(inner, |(path, _)| path);
    let (scope, rest) =
        match (inner.strip_prefix("request.object.spec."), inner.strip_prefix("element."), element) {
            (Some(path), ..) => match lists(path) {
                Some((lists, rest)) => (Scope::Containers(lists), rest),
                None => (Scope::Pod, path.to_owned()),
            },
            (None, Some(path), Some(Element::Container(lists))) => {
                (Scope::Containers(lists), path.to_owned())
            }
            _ => return None,
        };
    let (rest, folded) = match rest.strip_suffix(".to_upper(@)") {
        Some(rest) => (rest.to_owned(), true),
        None => (rest, false),
    };
    let rest = rest.trim_end_matches("[]").replace(".keys(@)", ".keys");
    let is_plain = rest.chars().all(|c| c.is_ascii_alphanumeric() || ".[]".contains(c)) && !rest.is_empty();
    is_plain.then_some(Found { scope, path: rest, folded })
}

/// The lists of containers at the start of a path, and the rest of it: `[initContainers,containers][].image`.
fn lists(path: &str) -> Option<(Lists, String)> {
    let (names, rest) = match path.strip_prefix('[') {
        Some(path) => path.split_once(']')?,
        None => path.split_at(path.find('[').unwrap_or(path.len())),
    };
    let each = names.split(',').map(Lists::of);
    let lists = each.reduce(|a, b| Some(a?.and(b?)))??;
    let rest = rest.strip_prefix("[]")?;
    Some((lists, rest.strip_prefix('.').unwrap_or(rest).to_owned()))
}

/// Whether an expression finds the first folder of a path.
fn is_first_folder(key: &Value) -> bool {
    let key = squashed(key.as_str().unwrap_or_default());
    let steps = key.strip_prefix("{{element.path").and_then(|rest| rest.strip_suffix("}}"));
    steps.is_some_and(|steps| steps.replace("|to_string(@)", "") == "|split(@,'/')|[1]")
}

/// The lists of containers whose mounts of a volume are counted, and what else is demanded of them.
fn mounts(value: &Value) -> Option<(Lists, String)> {
    let text = squashed(value.as_str()?);
    let inner = text.strip_prefix("{{request.object.spec.")?.strip_suffix("|length(@)}}")?;
    let (lists, rest) = lists(inner)?;
    let filter = rest.strip_prefix("volumeMounts[?name=='{{element.name}}'")?.strip_suffix("][]")?;
    Some((lists, filter.to_owned()))
}

/// A text without spaces.
fn squashed(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}
