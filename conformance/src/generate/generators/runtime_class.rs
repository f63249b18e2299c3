//! `runtimeClass`.

use serde_json::{Value, json};

use super::Generator;
use crate::generate::pod::Pod;
use crate::generate::policy::Policy;
use crate::generate::rng::Rng;

const NAMES: [&str; 5] = ["gvisor", "gvisor2", "kata", "kata.v2", "runc"];

#[derive(Debug)]
pub(super) struct RuntimeClass;

impl Generator for RuntimeClass {
    fn name(&self) -> &'static str {
        "runtimeClass"
    }

    fn settle(&self, rng: &mut Rng, _settled: &Policy, policy: &mut Policy) {
        if rng.percent(50) {
            return;
        }
        let wildcard = rng.percent(20);
        let count = rng.weighed(&[(20, 0), (40, 1), (40, 2)]);
        let allowed = if wildcard { vec!["*"] } else { rng.some(&NAMES, count) };
        let choices = if wildcard { NAMES.to_vec() } else { allowed.clone() };
        let mut class = json!({"allowedRuntimeClassNames": allowed});
        if !choices.is_empty()
            && rng.percent(50)
            && let Some(class) = class.as_object_mut()
        {
            class.insert("defaultRuntimeClassName".to_owned(), rng.pick(&choices).into());
        }
        policy.set("runtimeClass", class);
    }

    fn fit(&self, rng: &mut Rng, policy: &Policy, explicit: bool, pod: &mut Pod) {
        let fitting = match allowed(policy) {
            Some(names) if !names.iter().any(|name| name == "*") => names,
            _ => NAMES.map(str::to_owned).to_vec(),
        };
        let default = policy.spec.get("runtimeClass").and_then(|class| class.get("defaultRuntimeClassName"));
        if (explicit && default.is_some()) || (!fitting.is_empty() && rng.percent(25)) {
            pod.spec.insert("runtimeClassName".to_owned(), rng.pick(&fitting).into());
        }
    }

    fn violate(&self, rng: &mut Rng, policy: &Policy, pod: &mut Pod) -> bool {
        let Some(allowed) = allowed(policy).filter(|names| !names.iter().any(|name| name == "*")) else {
            return false;
        };
        let longer = allowed.iter().map(|name| format!("{name}2"));
        let others: Vec<String> = NAMES
            .map(str::to_owned)
            .into_iter()
            .chain(longer)
            .filter(|name| !allowed.contains(name))
            .collect();
        pod.spec.insert("runtimeClassName".to_owned(), rng.pick(&others).into());
        true
    }
}

/// The names a policy allows, if it governs them at all.
fn allowed(policy: &Policy) -> Option<Vec<String>> {
    let names = policy.spec.get("runtimeClass")?.get("allowedRuntimeClassNames")?.as_array()?;
    Some(names.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}
