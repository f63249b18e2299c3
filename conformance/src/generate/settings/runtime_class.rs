//! Runtime classes: their names, and a default that must be among them.

use serde_json::{Value, json};

use super::names::subdomain;
use crate::generate::dice::Dice;
use crate::generate::policy::Policy;

const FIELD: &str = "runtimeClass";
const ALLOWED: &str = "allowedRuntimeClassNames";

pub(super) fn allowed(dice: &mut Dice, policy: &mut Policy) {
    let mut names: Vec<String> = (0..dice.count(1, 3)).map(|_| subdomain(dice, 253)).collect();
    if dice.percent(25)
        && let Some(first) = names.first().cloned()
    {
        names.push(first);
    }
    if dice.percent(20) {
        names.push("*".to_owned());
    }
    policy.set(FIELD, json!({ALLOWED: names}));
}

pub(super) fn default(dice: &mut Dice, policy: &mut Policy) {
    let default = if dice.percent(60) {
        dice.pick(&["gvisor", "gvisor2", "*", ""]).to_owned()
    } else {
        subdomain(dice, 253)
    };
    let allowed = dice.pick(&[
        json!(["gvisor"]),
        json!(["gvisor", "kata"]),
        json!(["*"]),
        json!([]),
        Value::Null,
        json!([default]),
    ]);
    policy.set(FIELD, json!({ALLOWED: allowed, "defaultRuntimeClassName": default}));
}
