//! `runAsUser`: ranges of user ids, or any user but root.

use serde_json::{Value, json};

use super::Generator;
use crate::generate::ids::{self, Range};
use crate::generate::pod::{Container, Pod};
use crate::generate::policy::Policy;
use crate::generate::rng::Rng;

#[derive(Debug)]
pub(super) struct RunAsUser;

impl Generator for RunAsUser {
    fn name(&self) -> &'static str {
        "runAsUser"
    }

    fn settle(&self, rng: &mut Rng, _settled: &Policy, policy: &mut Policy) {
        let rule = rng.weighed(&[(30, "RunAsAny"), (40, "MustRunAs"), (30, "MustRunAsNonRoot")]);
        let mut strategy = json!({"rule": rule});
        // With the other two rules, ranges are valid and ignored.
        if rule == "MustRunAs" || rng.percent(10) {
            strategy = json!({"rule": rule, "ranges": ids::write(&ids::ranges(rng))});
        }
        policy.set("runAsUser", strategy);
    }

    fn fit(&self, rng: &mut Rng, policy: &Policy, explicit: bool, pod: &mut Pod) {
        match policy.rule("runAsUser") {
            "MustRunAs" => fit_ranges(rng, &policy.ranges("runAsUser"), explicit, pod),
            "MustRunAsNonRoot" => fit_non_root(rng, explicit, pod),
            _ => fit_anything(rng, pod),
        }
    }

    fn violate(&self, rng: &mut Rng, policy: &Policy, pod: &mut Pod) -> bool {
        match policy.rule("runAsUser") {
            "MustRunAs" => {
                let Some(id) = ids::outside(rng, &policy.ranges("runAsUser")) else { return false };
                set_effective(rng, pod, "runAsUser", json!(id))
            }
            "MustRunAsNonRoot" if rng.percent(50) => set_effective(rng, pod, "runAsUser", json!(0)),
            "MustRunAsNonRoot" => set_effective(rng, pod, "runAsNonRoot", json!(false)),
            _ => false,
        }
    }
}

fn fit_anything(rng: &mut Rng, pod: &mut Pod) {
    if rng.percent(20) {
        pod.secure("runAsUser", rng.pick(&[0, 1000]));
    }
    for container in &mut pod.containers {
        if rng.percent(15) {
            container.secure("runAsUser", rng.pick(&[0, 5, 1000]));
        }
        if rng.percent(15) {
            container.secure("runAsNonRoot", rng.percent(50));
        }
    }
}

fn fit_ranges(rng: &mut Rng, ranges: &[Range], explicit: bool, pod: &mut Pod) {
    // A pod's id outside of the policy's ranges has no effect where every container has its own.
    let shadowed = rng.percent(10);
    if shadowed {
        pod.secure("runAsUser", ids::outside(rng, ranges).unwrap_or(1));
    } else if rng.percent(40) {
        pod.secure("runAsUser", ids::inside(rng, ranges));
    }
    let inherited = pod.context.contains_key("runAsUser");
    for container in &mut pod.containers {
        let must = shadowed || (explicit && !inherited);
        if must || rng.percent(25) {
            container.secure("runAsUser", ids::inside(rng, ranges));
        }
    }
}

fn fit_non_root(rng: &mut Rng, explicit: bool, pod: &mut Pod) {
    let (root, liar) = (rng.percent(8), rng.percent(8));
    if root {
        pod.secure("runAsUser", 0);
    } else if rng.percent(25) {
        pod.secure("runAsUser", rng.pick(&[1, 1000]));
    }
    if liar {
        pod.secure("runAsNonRoot", false);
    } else if rng.percent(30) {
        pod.secure("runAsNonRoot", true);
    }
    let inherited = (!root && pod.context.contains_key("runAsUser"))
        || (!liar && pod.context.contains_key("runAsNonRoot"));
    for container in &mut pod.containers {
        if root || rng.percent(20) {
            container.secure("runAsUser", rng.pick(&[1, 1000, 65_534]));
        }
        let own = container.context.contains_key("runAsUser");
        if liar || (explicit && !own && !inherited) || rng.percent(20) {
            container.secure("runAsNonRoot", true);
        }
    }
}

/// Sets a field that containers inherit: on a container, or on the pod with one container left to inherit it.
pub(super) fn set_effective(rng: &mut Rng, pod: &mut Pod, field: &str, value: Value) -> bool {
    let on_pod = rng.percent(35);
    let Some(container) = pod.any(rng) else { return false };
    let Container { context, .. } = container;
    if on_pod {
        context.remove(field);
        pod.secure(field, value);
    } else {
        context.insert(field.to_owned(), value);
    }
    true
}
