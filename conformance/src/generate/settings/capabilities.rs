//! Capabilities that are required to be dropped, and allowed or added as well.

use serde_json::json;

use crate::generate::policy::Policy;
use crate::generate::rng::Rng;

const NAMES: [&str; 6] = ["ALL", "all", "NET_RAW", "CAP_NET_RAW", "CHOWN", ""];
const ADD: &str = "defaultAddCapabilities";
const DROP: &str = "requiredDropCapabilities";
const ALLOW: &str = "allowedCapabilities";

fn some(rng: &mut Rng) -> Vec<&'static str> {
    let count = rng.count(1, 4);
    let mut names = rng.some(&NAMES, count);
    if rng.percent(15)
        && let Some(first) = names.first().copied()
    {
        names.push(first);
    }
    names
}

pub(super) fn wildcard(rng: &mut Rng, policy: &mut Policy) {
    let mut allowed = if rng.percent(50) { vec![] } else { some(rng) };
    allowed.push("*");
    policy.set(ALLOW, allowed);
    match rng.count(0, 3) {
        0 => drop(policy.spec.remove(DROP)),
        1 => policy.set(DROP, json!([])),
        2 => policy.set(DROP, json!(["*"])),
        _ => policy.set(DROP, some(rng)),
    }
}

pub(super) fn added(rng: &mut Rng, policy: &mut Policy) {
    policy.set(ADD, some(rng));
    policy.set(DROP, some(rng));
}

pub(super) fn allowed(rng: &mut Rng, policy: &mut Policy) {
    policy.set(ALLOW, some(rng));
    policy.set(DROP, some(rng));
}
