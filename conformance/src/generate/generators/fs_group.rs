//! `fsGroup`.

use serde_json::json;

use super::Generator;
use crate::generate::ids;
use crate::generate::pod::Pod;
use crate::generate::policy::Policy;
use crate::generate::rng::Rng;

#[derive(Debug)]
pub(super) struct FsGroup;

/// Sets one of the two required group strategies: rule, and ranges where the rule uses them.
pub(super) fn settle_groups(rng: &mut Rng, policy: &mut Policy, field: &str) {
    let rule = rng.weighed(&[(40, "RunAsAny"), (30, "MustRunAs"), (30, "MayRunAs")]);
    let strategy = if rule != "RunAsAny" || rng.percent(10) {
        json!({"rule": rule, "ranges": ids::write(&ids::ranges(rng))})
    } else {
        json!({"rule": rule})
    };
    policy.set(field, strategy);
}

impl Generator for FsGroup {
    fn name(&self) -> &'static str {
        "fsGroup"
    }

    fn settle(&self, rng: &mut Rng, _settled: &Policy, policy: &mut Policy) {
        settle_groups(rng, policy, "fsGroup");
    }

    fn fit(&self, rng: &mut Rng, policy: &Policy, explicit: bool, pod: &mut Pod) {
        let ranges = policy.ranges("fsGroup");
        let (any, must) = (policy.rule("fsGroup") == "RunAsAny", policy.rule("fsGroup") == "MustRunAs");
        if (explicit && must) || rng.percent(35) {
            pod.secure("fsGroup", if any { rng.pick(&[0, 5, 2000]) } else { ids::inside(rng, &ranges) });
        }
    }

    fn violate(&self, rng: &mut Rng, policy: &Policy, pod: &mut Pod) -> bool {
        if policy.rule("fsGroup") == "RunAsAny" {
            return false;
        }
        let Some(id) = ids::outside(rng, &policy.ranges("fsGroup")) else { return false };
        pod.secure("fsGroup", id);
        true
    }
}
