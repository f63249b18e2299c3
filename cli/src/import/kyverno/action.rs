//! What a violation does, in all namespaces and in some.

use serde_json::Value;

use super::fact::Unread;
use super::matching::{add, is_pattern, named, texts};
use crate::import::piece::Action;
use crate::import::reach::Reach;

/// The reaches that a reach falls into, each with its action.
pub(super) fn split(
    spec: &Value,
    validate: Option<&Value>,
    reach: &Reach,
    at: &str,
) -> Result<Vec<(Reach, Action)>, Unread> {
    let own = validate.and_then(|validate| validate.get("failureAction"));
    let warns = spec.get("emitWarning") == Some(&Value::Bool(true));
    let default = own.or_else(|| spec.get("validationFailureAction"));
    let default = action(default.and_then(Value::as_str).unwrap_or("Audit"), warns);
    let own = validate.and_then(|validate| validate.get("failureActionOverrides"));
    let overrides = own.or_else(|| spec.get("validationFailureActionOverrides")).and_then(Value::as_array);
    let of = |one: &Value| action(one.get("action").and_then(Value::as_str).unwrap_or("Audit"), warns);
    if overrides.into_iter().flatten().all(|one| of(one) == default) {
        return Ok(vec![(reach.clone(), default)]);
    }
    let mut rest = reach.clone();
    let mut parts = Vec::new();
    for (nth, one) in overrides.into_iter().flatten().enumerate() {
        let at = format!("{at}[{nth}]");
        if one.get("namespaceSelector").is_some() {
            return Err(Unread::new(
                at,
                "an action for namespaces with some labels cannot be said next to another for the rest",
            ));
        }
        let names = texts(one.get("namespaces"));
        if names.is_empty() {
            continue;
        }
        let mut part = rest.clone();
        if names.iter().any(|name| is_pattern(name)) {
            let Some(condition) = named("request.namespace", &names) else {
                return Err(Unread::new(at, "has other characters than names and wildcards"));
            };
            add(&mut rest, format!("!{condition}"));
            add(&mut part, condition);
        } else {
            part.only_in(&names);
            rest.not_in(&names);
        }
        parts.push((part, of(one)));
    }
    parts.insert(0, (rest, default));
    Ok(parts)
}

fn action(text: &str, warns: bool) -> Action {
    match text.to_ascii_lowercase().as_str() {
        "enforce" | "deny" => Action::Deny,
        _ if warns => Action::Warn,
        _ => Action::Audit,
    }
}

/// The action of a policy in CEL, whose actions are a list.
pub(super) fn of_list(actions: Option<&Value>) -> Action {
    let actions = texts(actions);
    let has = |name: &str| actions.iter().any(|action| action.eq_ignore_ascii_case(name));
    match () {
        () if actions.is_empty() || has("Deny") => Action::Deny,
        () if has("Warn") => Action::Warn,
        () => Action::Audit,
    }
}
