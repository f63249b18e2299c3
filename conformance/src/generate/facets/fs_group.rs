//! `fsGroup`.

use serde_json::json;

use super::Facet;
use crate::generate::dice::Dice;
use crate::generate::ids;
use crate::generate::pod::Pod;
use crate::generate::policy::Policy;

#[derive(Debug)]
pub(super) struct FsGroup;

/// Settles one of the two group strategies that are required: rule, and ranges where the rule has a use for them.
pub(super) fn settle_groups(dice: &mut Dice, policy: &mut Policy, field: &str) {
    let rule = dice.weighed(&[(40, "RunAsAny"), (30, "MustRunAs"), (30, "MayRunAs")]);
    let strategy = if rule != "RunAsAny" || dice.percent(10) {
        json!({"rule": rule, "ranges": ids::write(&ids::ranges(dice))})
    } else {
        json!({"rule": rule})
    };
    policy.set(field, strategy);
}

impl Facet for FsGroup {
    fn name(&self) -> &'static str {
        "fsGroup"
    }

    fn settle(&self, dice: &mut Dice, _settled: &Policy, policy: &mut Policy) {
        settle_groups(dice, policy, "fsGroup");
    }

    fn fit(&self, dice: &mut Dice, policy: &Policy, explicit: bool, pod: &mut Pod) {
        let ranges = policy.ranges("fsGroup");
        let (any, must) = (policy.rule("fsGroup") == "RunAsAny", policy.rule("fsGroup") == "MustRunAs");
        if (explicit && must) || dice.percent(35) {
            pod.secure("fsGroup", if any { dice.pick(&[0, 5, 2000]) } else { ids::inside(dice, &ranges) });
        }
    }

    fn depart(&self, dice: &mut Dice, policy: &Policy, pod: &mut Pod) -> bool {
        if policy.rule("fsGroup") == "RunAsAny" {
            return false;
        }
        let Some(id) = ids::outside(dice, &policy.ranges("fsGroup")) else { return false };
        pod.secure("fsGroup", id);
        true
    }
}
