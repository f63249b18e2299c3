//! Rules and ranges of the five strategies.

use serde_json::{Value, json};

use crate::generate::policy::Policy;
use crate::generate::rng::Rng;

const REQUIRED: [&str; 4] = ["runAsUser", "seLinux", "supplementalGroups", "fsGroup"];
const RULES: [&str; 7] =
    ["RunAsAny", "MustRunAs", "MustRunAsNonRoot", "MayRunAs", "mustRunAs", "", "MustRunAs "];

/// A rule of another strategy, or an unknown one.
pub(super) fn rule(rng: &mut Rng, policy: &mut Policy) {
    let field = if rng.percent(20) { "runAsGroup" } else { rng.pick(&REQUIRED) };
    let rule = rng.pick(&RULES);
    match policy.spec.get_mut(field).and_then(Value::as_object_mut) {
        Some(strategy) => drop(strategy.insert("rule".to_owned(), rule.into())),
        None => policy.set(field, json!({"rule": rule})),
    }
}

pub(super) fn missing(rng: &mut Rng, policy: &mut Policy) {
    let field = rng.pick(&REQUIRED);
    match rng.count(0, 2) {
        0 => drop(policy.spec.remove(field)),
        1 => policy.set(field, json!({})),
        _ => policy.set(field, Value::Null),
    }
}

/// Ranges that are empty, negative, reversed, or just not.
fn border(rng: &mut Rng) -> Value {
    let range = |min: i64, max: i64| json!({"min": min, "max": max});
    let all = [
        range(0, 0),
        range(1, 0),
        range(-1, 0),
        range(-1, -1),
        range(-1, -2),
        range(0, -1),
        range(5, 4),
        range(0, i64::MAX),
        range(i64::MAX, i64::MAX),
        range(i64::MIN, i64::MAX),
        json!({"min": 3}),
        json!({"max": 3}),
        json!({}),
    ];
    let count = rng.count(1, 3);
    rng.some(&all, count).into()
}

pub(super) fn ranges(rng: &mut Rng, policy: &mut Policy) {
    let field = rng.pick(&["runAsUser", "supplementalGroups", "fsGroup"]);
    let rule = match field {
        "runAsUser" => rng.pick(&["MustRunAs", "MustRunAsNonRoot", "RunAsAny"]),
        _ => rng.pick(&["MustRunAs", "MayRunAs", "RunAsAny"]),
    };
    policy.set(field, json!({"rule": rule, "ranges": border(rng)}));
}

/// The one strategy that validates whether there are ranges.
pub(super) fn run_as_group(rng: &mut Rng, policy: &mut Policy) {
    let rule = rng.pick(&["RunAsAny", "MustRunAs", "MayRunAs", "MustRunAsNonRoot"]);
    let strategy = match rng.count(0, 3) {
        0 => json!({"rule": rule}),
        1 => json!({"rule": rule, "ranges": []}),
        _ => json!({"rule": rule, "ranges": border(rng)}),
    };
    policy.set("runAsGroup", strategy);
}
