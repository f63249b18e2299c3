//! Conditions under which a rule is evaluated.

use serde_json::Value;

use super::super::celrules;
use super::super::fact::{Fact, Unread};
use super::super::matching::{add, named, texts};
use crate::import::reach::Reach;

/// Preconditions, as far as they concern the operation, or say the same as the rule.
pub(super) fn preconditions(
    rule: &Value,
    facts: Option<&[Fact]>,
    reach: &mut Reach,
    at: &str,
) -> Result<(), Unread> {
    let of_host_paths = facts.is_some_and(|facts| {
        facts
            .iter()
            .all(|fact| fact.path.starts_with("volumes[].hostPath") || fact.path.starts_with("volumeMounts"))
    });
    if let Some(conditions) = rule.get("preconditions") {
        let list = |key: &str| conditions.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
        let all = conditions.as_array().cloned().unwrap_or_else(|| list("all"));
        let any = list("any");
        if any.len() > 1 {
            return Err(Unread::new(
                format!("{at}.preconditions.any"),
                "alternatives cannot be said in settings",
            ));
        }
        for (nth, condition) in all.iter().chain(&any).enumerate() {
            precondition(condition, of_host_paths, reach).ok_or_else(|| {
                Unread::new(format!("{at}.preconditions.all[{nth}]"), "cannot be said in settings")
            })?;
        }
    }
    let conditions = rule.get("celPreconditions").and_then(Value::as_array);
    for (nth, condition) in conditions.into_iter().flatten().enumerate() {
        celrules::condition(condition, of_host_paths, reach, &format!("{at}.celPreconditions[{nth}]"))?;
    }
    Ok(())
}

fn precondition(condition: &Value, of_host_paths: bool, reach: &mut Reach) -> Option<()> {
    let key: String = condition.get("key")?.as_str()?.chars().filter(|c| !c.is_whitespace()).collect();
    let operator = condition.get("operator")?.as_str()?;
    let value = condition.get("value")?;
    if key == "{{request.object.spec.volumes[?hostPath]|length(@)}}" {
        let is_some =
            matches!((operator, value.as_i64()), ("GreaterThanOrEquals", Some(1)) | ("GreaterThan", Some(0)));
        return (of_host_paths && is_some).then_some(());
    }
    if !key.starts_with("{{request.operation") {
        return None;
    }
    let mut names = texts(Some(value));
    names.extend(value.as_str().map(str::to_owned));
    let has = |name: &str| names.iter().any(|one| one == name);
    match operator {
        "NotEquals" | "NotIn" | "AnyNotIn" | "AllNotIn" => (!has("CREATE") && !has("UPDATE")).then_some(()),
        "Equals" | "In" | "AnyIn" | "AllIn" => match (has("CREATE"), has("UPDATE")) {
            (true, true) => Some(()),
            (false, false) => None,
            (create, _) => {
                let name = if create { "CREATE" } else { "UPDATE" };
                add(reach, named("request.operation", &[name.to_owned()])?);
                Some(())
            }
        },
        _ => None,
    }
}
