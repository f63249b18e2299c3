//! Rules and ranges of the five strategies.

use serde_json::{Value, json};

use crate::generate::dice::Dice;
use crate::generate::policy::Policy;

const REQUIRED: [&str; 4] = ["runAsUser", "seLinux", "supplementalGroups", "fsGroup"];
const RULES: [&str; 7] =
    ["RunAsAny", "MustRunAs", "MustRunAsNonRoot", "MayRunAs", "mustRunAs", "", "MustRunAs "];

/// A rule of another strategy, or of none.
pub(super) fn rule(dice: &mut Dice, policy: &mut Policy) {
    let field = if dice.percent(20) { "runAsGroup" } else { dice.pick(&REQUIRED) };
    let rule = dice.pick(&RULES);
    match policy.spec.get_mut(field).and_then(Value::as_object_mut) {
        Some(strategy) => drop(strategy.insert("rule".to_owned(), rule.into())),
        None => policy.set(field, json!({"rule": rule})),
    }
}

pub(super) fn missing(dice: &mut Dice, policy: &mut Policy) {
    let field = dice.pick(&REQUIRED);
    match dice.count(0, 2) {
        0 => drop(policy.spec.remove(field)),
        1 => policy.set(field, json!({})),
        _ => policy.set(field, Value::Null),
    }
}

/// Ranges that are empty, negative, the wrong way round, or just not.
fn border(dice: &mut Dice) -> Value {
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
    let count = dice.count(1, 3);
    dice.some(&all, count).into()
}

pub(super) fn ranges(dice: &mut Dice, policy: &mut Policy) {
    let field = dice.pick(&["runAsUser", "supplementalGroups", "fsGroup"]);
    let rule = match field {
        "runAsUser" => dice.pick(&["MustRunAs", "MustRunAsNonRoot", "RunAsAny"]),
        _ => dice.pick(&["MustRunAs", "MayRunAs", "RunAsAny"]),
    };
    policy.set(field, json!({"rule": rule, "ranges": border(dice)}));
}

/// The one strategy that minds whether there are ranges.
pub(super) fn run_as_group(dice: &mut Dice, policy: &mut Policy) {
    let rule = dice.pick(&["RunAsAny", "MustRunAs", "MayRunAs", "MustRunAsNonRoot"]);
    let strategy = match dice.count(0, 3) {
        0 => json!({"rule": rule}),
        1 => json!({"rule": rule, "ranges": []}),
        _ => json!({"rule": rule, "ranges": border(dice)}),
    };
    policy.set("runAsGroup", strategy);
}
