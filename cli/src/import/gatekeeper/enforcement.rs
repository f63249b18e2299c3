//! What a violation of a constraint does at admission.

use serde_json::Value;

use crate::error::Error;
use crate::import::piece::Action;
use crate::input::Object;

/// The webhook, as enforcement points name it.
const WEBHOOK: &str = "validation.gatekeeper.sh";

/// The action of a constraint at the webhook; `None` if it is not enforced there.
pub(super) fn of(object: &Object) -> Result<Option<Action>, Error> {
    let spec = object.value();
    let named = |place: &str, action: &str| match action {
        "deny" => Ok(Action::Deny),
        "warn" => Ok(Action::Warn),
        "dryrun" => Ok(Action::Audit),
        other => Err(unknown(object, place, other)),
    };
    let action = spec.pointer("/spec/enforcementAction").and_then(Value::as_str);
    match action.filter(|action| !action.is_empty()) {
        None => return Ok(Some(Action::Deny)),
        Some("scoped") => {}
        Some(action) => return named("spec.enforcementAction", action).map(Some),
    }
    let scoped = spec.pointer("/spec/scopedEnforcementActions").and_then(Value::as_array);
    let mut strictest = None;
    for (index, entry) in scoped.into_iter().flatten().enumerate() {
        let points = entry.get("enforcementPoints").and_then(Value::as_array).into_iter().flatten();
        let mut names = points.filter_map(|point| point.get("name")?.as_str());
        if names.any(|name| name == WEBHOOK || name == "*") {
            let place = format!("spec.scopedEnforcementActions[{index}].action");
            let action = entry.get("action").and_then(Value::as_str).unwrap_or_default();
            strictest = strictest.max(Some(named(&place, action)?));
        }
    }
    Ok(strictest)
}

fn unknown(object: &Object, place: &str, action: &str) -> Error {
    let reason = format_args!("{}: {place}: unknown action `{action}`", object.title());
    Error::at(object.place(place), reason).help("known are deny, warn, dryrun and scoped")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn point(action: &str, point: &str) -> Value {
        json!({"action": action, "enforcementPoints": [{"name": point}]})
    }

    #[rstest]
    #[case::absent(json!({}), Ok(Some(Action::Deny)))]
    #[case::deny(json!({"enforcementAction": "deny"}), Ok(Some(Action::Deny)))]
    #[case::warn(json!({"enforcementAction": "warn"}), Ok(Some(Action::Warn)))]
    #[case::dry_run(json!({"enforcementAction": "dryrun"}), Ok(Some(Action::Audit)))]
    #[case::unknown(json!({"enforcementAction": "enforce"}),
        Err("K8sPSPProcMount p: spec.enforcementAction: unknown action `enforce`"))]
    #[case::scoped_to_audits(json!({"enforcementAction": "scoped", "scopedEnforcementActions": [point("deny", "audit.gatekeeper.sh")]}), Ok(None))]
    #[case::scoped_to_nothing(json!({"enforcementAction": "scoped"}), Ok(None))]
    #[case::scoped_to_the_webhook(json!({"enforcementAction": "scoped", "scopedEnforcementActions": [
        point("dryrun", "*"), point("warn", "validation.gatekeeper.sh"), point("deny", "gator.gatekeeper.sh")]}), Ok(Some(Action::Warn)))]
    #[case::unknown_in_scope(json!({"enforcementAction": "scoped", "scopedEnforcementActions": [point("stop", "*")]}),
        Err("K8sPSPProcMount p: spec.scopedEnforcementActions[0].action: unknown action `stop`"))]
    #[case::scopes_without_scoped(json!({"enforcementAction": "warn", "scopedEnforcementActions": [point("deny", "*")]}), Ok(Some(Action::Warn)))]
    fn is_that_of_the_webhook(#[case] spec: Value, #[case] expected: Result<Option<Action>, &str>) {
        let object =
            Object::of_value(&json!({"kind": "K8sPSPProcMount", "metadata": {"name": "p"}, "spec": spec}));
        assert_eq!(of(&object).map_err(|error| error.reason), expected.map_err(str::to_owned));
    }
}
