//! The part of a rule that validates.

use serde_json::{Map, Value};

use super::super::fact::{Fact, Unread};
use super::super::{celrules, deny, pattern};

/// What `validate` demands, unless it is a level of the standards.
pub(super) fn facts(validate: &Value, at: &str) -> Result<Option<Vec<Fact>>, Unread> {
    const KNOWN: [&str; 10] = [
        "message",
        "failureAction",
        "failureActionOverrides",
        "allowExistingViolations",
        "pattern",
        "anyPattern",
        "deny",
        "foreach",
        "cel",
        "podSecurity",
    ];
    let unknown =
        validate.as_object().into_iter().flat_map(Map::keys).find(|key| !KNOWN.contains(&key.as_str()));
    if let Some(key) = unknown {
        return Err(Unread::new(format!("{at}.{key}"), "is not known"));
    }
    let at = |key: &str| format!("{at}.{key}");
    if validate.get("podSecurity").is_some() {
        return Ok(None);
    }
    let found = if let Some(one) = validate.get("pattern") {
        pattern::facts(one, &at("pattern"))?
    } else if let Some(several) = validate.get("anyPattern") {
        pattern::alternatives(several, &at("anyPattern"))?
    } else if let Some(conditions) = validate.get("deny").and_then(|deny| deny.get("conditions")) {
        deny::facts(conditions, None, &at("deny.conditions"))?
    } else if let Some(each) = validate.get("foreach") {
        deny::of_each(each, &at("foreach"))?
    } else if let Some(expressions) = validate.get("cel") {
        celrules::facts(expressions.get("variables"), expressions.get("expressions"), &at("cel.expressions"))?
    } else {
        return Err(Unread::new(at(""), "has neither a pattern nor conditions"));
    };
    Ok(Some(found))
}
