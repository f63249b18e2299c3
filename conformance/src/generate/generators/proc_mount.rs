//! `allowedProcMountTypes`.

use serde_json::Value;

use super::Generator;
use crate::generate::pod::Pod;
use crate::generate::policy::Policy;
use crate::generate::rng::Rng;

const FIELD: &str = "allowedProcMountTypes";

#[derive(Debug)]
pub(super) struct ProcMount;

impl Generator for ProcMount {
    fn name(&self) -> &'static str {
        "procMount"
    }

    fn settle(&self, rng: &mut Rng, _settled: &Policy, policy: &mut Policy) {
        let types: Option<&[&str]> = rng.weighed(&[
            (64, None),
            (5, Some(&[] as &[&str])),
            (10, Some(&["Default"])),
            (4, Some(&["Unmasked"])),
            (12, Some(&["Default", "Unmasked"])),
            (5, Some(&["Unmasked", "Default", "Unmasked"])),
        ]);
        if let Some(types) = types {
            policy.set(FIELD, types);
        }
    }

    fn fit(&self, rng: &mut Rng, policy: &Policy, _explicit: bool, pod: &mut Pod) {
        let allowed = allowed(policy);
        // An absent type is the default one, and is not filled in.
        let may_be_absent = allowed.iter().any(|one| one == "Default");
        for container in &mut pod.containers {
            if !may_be_absent || rng.percent(15) {
                container.secure("procMount", rng.pick(&allowed));
            }
        }
    }

    fn violate(&self, rng: &mut Rng, policy: &Policy, pod: &mut Pod) -> bool {
        let allowed = allowed(policy);
        let others: Vec<&str> = ["Default", "Unmasked", "unmasked", ""]
            .into_iter()
            .filter(|one| !allowed.iter().any(|may| may == one))
            .collect();
        // The two types that exist come first.
        let other =
            if rng.percent(80) { others.first().copied().unwrap_or_default() } else { rng.pick(&others) };
        let Some(container) = pod.any(rng) else { return false };
        if other == "Default" && rng.percent(50) {
            container.context.remove("procMount");
        } else {
            container.secure("procMount", other);
        }
        true
    }
}

fn allowed(policy: &Policy) -> Vec<String> {
    let types = policy.strings(FIELD);
    if types.is_empty() { vec!["Default".to_owned()] } else { types }
}

/// Whether a case involves another type than the default one.
pub(crate) fn needs_gate(policies: &[Policy], pod: &Value) -> bool {
    let lists = ["initContainers", "containers", "ephemeralContainers"];
    let containers = lists.into_iter().filter_map(|list| pod.get("spec")?.get(list)?.as_array()).flatten();
    let mut types =
        containers.filter_map(|container| container.get("securityContext")?.get("procMount")?.as_str());
    types.any(|one| one != "Default")
        || policies.iter().any(|policy| !allowed(policy).iter().any(|one| one == "Default"))
}
