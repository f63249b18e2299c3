//! Capabilities that are required to be dropped, and otherwise wanted.

use serde_json::json;

use crate::generate::dice::Dice;
use crate::generate::policy::Policy;

const NAMES: [&str; 6] = ["ALL", "all", "NET_RAW", "CAP_NET_RAW", "CHOWN", ""];
const ADD: &str = "defaultAddCapabilities";
const DROP: &str = "requiredDropCapabilities";
const ALLOW: &str = "allowedCapabilities";

fn some(dice: &mut Dice) -> Vec<&'static str> {
    let count = dice.count(1, 4);
    let mut names = dice.some(&NAMES, count);
    if dice.percent(15)
        && let Some(first) = names.first().copied()
    {
        names.push(first);
    }
    names
}

pub(super) fn wildcard(dice: &mut Dice, policy: &mut Policy) {
    let mut allowed = if dice.percent(50) { vec![] } else { some(dice) };
    allowed.push("*");
    policy.set(ALLOW, allowed);
    match dice.count(0, 3) {
        0 => drop(policy.spec.remove(DROP)),
        1 => policy.set(DROP, json!([])),
        2 => policy.set(DROP, json!(["*"])),
        _ => policy.set(DROP, some(dice)),
    }
}

pub(super) fn added(dice: &mut Dice, policy: &mut Policy) {
    policy.set(ADD, some(dice));
    policy.set(DROP, some(dice));
}

pub(super) fn allowed(dice: &mut Dice, policy: &mut Policy) {
    policy.set(ALLOW, some(dice));
    policy.set(DROP, some(dice));
}
