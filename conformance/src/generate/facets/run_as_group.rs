//! `runAsGroup`, the one strategy a policy may leave out.

use serde_json::json;

use super::Facet;
use super::run_as_user::set_effective;
use crate::generate::dice::Dice;
use crate::generate::ids;
use crate::generate::pod::Pod;
use crate::generate::policy::Policy;

#[derive(Debug)]
pub(super) struct RunAsGroup;

impl Facet for RunAsGroup {
    fn name(&self) -> &'static str {
        "runAsGroup"
    }

    fn settle(&self, dice: &mut Dice, _settled: &Policy, policy: &mut Policy) {
        match dice.weighed(&[(30, ""), (10, "RunAsAny"), (30, "MustRunAs"), (30, "MayRunAs")]) {
            "" => {}
            "RunAsAny" => policy.set("runAsGroup", json!({"rule": "RunAsAny"})),
            rule => policy.set("runAsGroup", json!({"rule": rule, "ranges": ids::write(&ids::ranges(dice))})),
        }
    }

    fn fit(&self, dice: &mut Dice, policy: &Policy, explicit: bool, pod: &mut Pod) {
        let ranges = policy.ranges("runAsGroup");
        let any = policy.rule("runAsGroup") == "RunAsAny";
        let shadowed = !any && dice.percent(10);
        let fitting =
            |dice: &mut Dice| if any { dice.pick(&[0, 5, 1000]) } else { ids::inside(dice, &ranges) };
        if shadowed {
            pod.secure("runAsGroup", ids::outside(dice, &ranges).unwrap_or(1));
        } else if dice.percent(30) {
            pod.secure("runAsGroup", fitting(dice));
        }
        let inherited = pod.context.contains_key("runAsGroup");
        let demanded = explicit && policy.rule("runAsGroup") == "MustRunAs";
        for container in &mut pod.containers {
            if shadowed || (demanded && !inherited) || dice.percent(20) {
                container.secure("runAsGroup", fitting(dice));
            }
        }
    }

    fn depart(&self, dice: &mut Dice, policy: &Policy, pod: &mut Pod) -> bool {
        if policy.rule("runAsGroup") == "RunAsAny" {
            return false;
        }
        let Some(id) = ids::outside(dice, &policy.ranges("runAsGroup")) else { return false };
        set_effective(dice, pod, "runAsGroup", json!(id))
    }
}
