//! `runAsGroup`, the one strategy a policy may leave out.

use serde_json::json;

use super::Generator;
use super::run_as_user::set_effective;
use crate::generate::ids;
use crate::generate::pod::Pod;
use crate::generate::policy::Policy;
use crate::generate::rng::Rng;

#[derive(Debug)]
pub(super) struct RunAsGroup;

impl Generator for RunAsGroup {
    fn name(&self) -> &'static str {
        "runAsGroup"
    }

    fn settle(&self, rng: &mut Rng, _settled: &Policy, policy: &mut Policy) {
        match rng.weighed(&[(30, ""), (10, "RunAsAny"), (30, "MustRunAs"), (30, "MayRunAs")]) {
            "" => {}
            "RunAsAny" => policy.set("runAsGroup", json!({"rule": "RunAsAny"})),
            rule => policy.set("runAsGroup", json!({"rule": rule, "ranges": ids::write(&ids::ranges(rng))})),
        }
    }

    fn fit(&self, rng: &mut Rng, policy: &Policy, explicit: bool, pod: &mut Pod) {
        let ranges = policy.ranges("runAsGroup");
        let any = policy.rule("runAsGroup") == "RunAsAny";
        let shadowed = !any && rng.percent(10);
        let fitting = |rng: &mut Rng| if any { rng.pick(&[0, 5, 1000]) } else { ids::inside(rng, &ranges) };
        if shadowed {
            pod.secure("runAsGroup", ids::outside(rng, &ranges).unwrap_or(1));
        } else if rng.percent(30) {
            pod.secure("runAsGroup", fitting(rng));
        }
        let inherited = pod.context.contains_key("runAsGroup");
        let demanded = explicit && policy.rule("runAsGroup") == "MustRunAs";
        for container in &mut pod.containers {
            if shadowed || (demanded && !inherited) || rng.percent(20) {
                container.secure("runAsGroup", fitting(rng));
            }
        }
    }

    fn violate(&self, rng: &mut Rng, policy: &Policy, pod: &mut Pod) -> bool {
        if policy.rule("runAsGroup") == "RunAsAny" {
            return false;
        }
        let Some(id) = ids::outside(rng, &policy.ranges("runAsGroup")) else { return false };
        set_effective(rng, pod, "runAsGroup", json!(id))
    }
}
