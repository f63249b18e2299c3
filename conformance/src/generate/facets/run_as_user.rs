//! `runAsUser`: ranges of user ids, or anybody but root.

use serde_json::{Value, json};

use super::Facet;
use crate::generate::dice::Dice;
use crate::generate::ids::{self, Range};
use crate::generate::pod::{Container, Pod};
use crate::generate::policy::Policy;

#[derive(Debug)]
pub(super) struct RunAsUser;

impl Facet for RunAsUser {
    fn name(&self) -> &'static str {
        "runAsUser"
    }

    fn settle(&self, dice: &mut Dice, _settled: &Policy, policy: &mut Policy) {
        let rule = dice.weighed(&[(30, "RunAsAny"), (40, "MustRunAs"), (30, "MustRunAsNonRoot")]);
        let mut strategy = json!({"rule": rule});
        // Beside the other two rules, ranges are valid and mean nothing.
        if rule == "MustRunAs" || dice.percent(10) {
            strategy = json!({"rule": rule, "ranges": ids::write(&ids::ranges(dice))});
        }
        policy.set("runAsUser", strategy);
    }

    fn fit(&self, dice: &mut Dice, policy: &Policy, explicit: bool, pod: &mut Pod) {
        match policy.rule("runAsUser") {
            "MustRunAs" => fit_ranges(dice, &policy.ranges("runAsUser"), explicit, pod),
            "MustRunAsNonRoot" => fit_non_root(dice, explicit, pod),
            _ => fit_anything(dice, pod),
        }
    }

    fn depart(&self, dice: &mut Dice, policy: &Policy, pod: &mut Pod) -> bool {
        match policy.rule("runAsUser") {
            "MustRunAs" => {
                let Some(id) = ids::outside(dice, &policy.ranges("runAsUser")) else { return false };
                set_effective(dice, pod, "runAsUser", json!(id))
            }
            "MustRunAsNonRoot" if dice.percent(50) => set_effective(dice, pod, "runAsUser", json!(0)),
            "MustRunAsNonRoot" => set_effective(dice, pod, "runAsNonRoot", json!(false)),
            _ => false,
        }
    }
}

fn fit_anything(dice: &mut Dice, pod: &mut Pod) {
    if dice.percent(20) {
        pod.secure("runAsUser", dice.pick(&[0, 1000]));
    }
    for container in &mut pod.containers {
        if dice.percent(15) {
            container.secure("runAsUser", dice.pick(&[0, 5, 1000]));
        }
        if dice.percent(15) {
            container.secure("runAsNonRoot", dice.percent(50));
        }
    }
}

fn fit_ranges(dice: &mut Dice, ranges: &[Range], explicit: bool, pod: &mut Pod) {
    // A pod's id that no policy would take does no harm where every container has its own.
    let shadowed = dice.percent(10);
    if shadowed {
        pod.secure("runAsUser", ids::outside(dice, ranges).unwrap_or(1));
    } else if dice.percent(40) {
        pod.secure("runAsUser", ids::inside(dice, ranges));
    }
    let inherited = pod.context.contains_key("runAsUser");
    for container in &mut pod.containers {
        let must = shadowed || (explicit && !inherited);
        if must || dice.percent(25) {
            container.secure("runAsUser", ids::inside(dice, ranges));
        }
    }
}

fn fit_non_root(dice: &mut Dice, explicit: bool, pod: &mut Pod) {
    let (root, liar) = (dice.percent(8), dice.percent(8));
    if root {
        pod.secure("runAsUser", 0);
    } else if dice.percent(25) {
        pod.secure("runAsUser", dice.pick(&[1, 1000]));
    }
    if liar {
        pod.secure("runAsNonRoot", false);
    } else if dice.percent(30) {
        pod.secure("runAsNonRoot", true);
    }
    let inherited = (!root && pod.context.contains_key("runAsUser"))
        || (!liar && pod.context.contains_key("runAsNonRoot"));
    for container in &mut pod.containers {
        if root || dice.percent(20) {
            container.secure("runAsUser", dice.pick(&[1, 1000, 65_534]));
        }
        let own = container.context.contains_key("runAsUser");
        if liar || (explicit && !own && !inherited) || dice.percent(20) {
            container.secure("runAsNonRoot", true);
        }
    }
}

/// Sets a field that containers inherit: on a container, or on the pod with one container left to inherit it.
pub(super) fn set_effective(dice: &mut Dice, pod: &mut Pod, field: &str, value: Value) -> bool {
    let on_pod = dice.percent(35);
    let Some(container) = pod.any(dice) else { return false };
    let Container { context, .. } = container;
    if on_pod {
        context.remove(field);
        pod.secure(field, value);
    } else {
        context.insert(field.to_owned(), value);
    }
    true
}
