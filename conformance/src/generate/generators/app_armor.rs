//! AppArmor: two annotations of the policy, one per container of the pod.

use super::Generator;
use crate::generate::pod::Pod;
use crate::generate::policy::Policy;
use crate::generate::rng::Rng;

const ALLOWED: &str = "apparmor.security.beta.kubernetes.io/allowedProfileNames";
const DEFAULT: &str = "apparmor.security.beta.kubernetes.io/defaultProfileName";
const ON_CONTAINER: &str = "container.apparmor.security.beta.kubernetes.io/";

const PROFILES: [&str; 5] = ["runtime/default", "unconfined", "localhost/a", "localhost/ab", "localhost/"];

#[derive(Debug)]
pub(super) struct AppArmor;

impl Generator for AppArmor {
    fn name(&self) -> &'static str {
        "appArmor"
    }

    fn settle(&self, rng: &mut Rng, _settled: &Policy, policy: &mut Policy) {
        let count = rng.count(1, 3);
        let mut allowed = rng.some(&PROFILES, count);
        let listed = rng.percent(45);
        if listed {
            let comma = if rng.percent(5) { "," } else { "" };
            policy.annotate(ALLOWED, format!("{}{comma}", allowed.join(",")));
        }
        if rng.percent(35) {
            // A default need not be allowed; pods must then set their profile.
            if !listed || rng.percent(5) {
                allowed = PROFILES.to_vec();
            }
            // Few policies use the default that none of ours may have.
            let default = match rng.pick(&allowed) {
                "localhost/" if !rng.percent(4) => "localhost/a",
                default => default,
            };
            policy.annotate(DEFAULT, default);
        } else if rng.percent(3) {
            policy.annotate(DEFAULT, "");
        }
    }

    fn fit(&self, rng: &mut Rng, policy: &Policy, explicit: bool, pod: &mut Pod) {
        let allowed = allowed(policy);
        let default = policy.annotation(DEFAULT).filter(|profile| !profile.is_empty());
        let may_be_absent = match (&allowed, default) {
            (None, None) => true,
            (None, Some(_)) => !explicit,
            (Some(_), None) => false,
            (Some(names), Some(default)) => !explicit && names.iter().any(|name| name == default),
        };
        let fitting = allowed.unwrap_or_else(|| PROFILES.map(str::to_owned).to_vec());
        let names: Vec<String> = pod.containers.iter().map(|container| container.name.clone()).collect();
        for name in names {
            if !may_be_absent || rng.percent(20) {
                pod.annotate(format!("{ON_CONTAINER}{name}"), rng.pick(&fitting));
            }
        }
        if rng.percent(3) {
            pod.annotate(format!("{ON_CONTAINER}nobody"), "unconfined");
        }
    }

    fn violate(&self, rng: &mut Rng, policy: &Policy, pod: &mut Pod) -> bool {
        let Some(allowed) = allowed(policy) else { return false };
        let Some(key) = pod.any(rng).map(|container| format!("{ON_CONTAINER}{}", container.name)) else {
            return false;
        };
        let default = policy.annotation(DEFAULT).is_some_and(|profile| !profile.is_empty());
        if !default && rng.percent(40) {
            if rng.percent(70) {
                pod.annotations.remove(&key);
            } else {
                pod.annotate(key, "");
            }
            return true;
        }
        let others: Vec<&str> = PROFILES
            .into_iter()
            .chain(["*", "localhost/a2", "RuntimeDefault", " "])
            .filter(|profile| !allowed.iter().any(|may| may == profile))
            .collect();
        pod.annotate(key, rng.pick(&others));
        true
    }
}

/// The profiles a policy allows, if it has a list.
fn allowed(policy: &Policy) -> Option<Vec<String>> {
    let list = policy.annotation(ALLOWED)?;
    Some(list.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect())
}
