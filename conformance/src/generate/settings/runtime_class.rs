//! Runtime classes: their names, and a default that must be among them.

use serde_json::{Value, json};

use super::names::subdomain;
use crate::generate::policy::Policy;
use crate::generate::rng::Rng;

const FIELD: &str = "runtimeClass";
const ALLOWED: &str = "allowedRuntimeClassNames";

pub(super) fn allowed(rng: &mut Rng, policy: &mut Policy) {
    let mut names: Vec<String> = (0..rng.count(1, 3)).map(|_| subdomain(rng, 253)).collect();
    if rng.percent(25)
        && let Some(first) = names.first().cloned()
    {
        names.push(first);
    }
    if rng.percent(20) {
        names.push("*".to_owned());
    }
    policy.set(FIELD, json!({ALLOWED: names}));
}

pub(super) fn default(rng: &mut Rng, policy: &mut Policy) {
    let default = if rng.percent(60) {
        rng.pick(&["gvisor", "gvisor2", "*", ""]).to_owned()
    } else {
        subdomain(rng, 253)
    };
    let allowed = rng.pick(&[
        json!(["gvisor"]),
        json!(["gvisor", "kata"]),
        json!(["*"]),
        json!([]),
        Value::Null,
        json!([default]),
    ]);
    policy.set(FIELD, json!({ALLOWED: allowed, "defaultRuntimeClassName": default}));
}
