//! Seccomp: two annotations of the policy, and three places of a profile in a pod.

use serde_json::{Value, json};

use super::Generator;
use crate::generate::pod::Pod;
use crate::generate::policy::Policy;
use crate::generate::rng::Rng;

pub(super) const ALLOWED: &str = "seccomp.security.alpha.kubernetes.io/allowedProfileNames";
pub(super) const DEFAULT: &str = "seccomp.security.alpha.kubernetes.io/defaultProfileName";
const ON_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const ON_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";
const FIELD: &str = "seccompProfile";

const PROFILES: [&str; 6] = [
    "runtime/default",
    "docker/default",
    "unconfined",
    "localhost/a.json",
    "localhost/a.json2",
    "localhost/b/c.json",
];
/// Profiles no list allows.
const BOGUS: [&str; 4] = ["runtime/defaul", "RuntimeDefault", "localhost/", "Unconfined"];

#[derive(Debug)]
pub(super) struct Seccomp;

impl Generator for Seccomp {
    fn name(&self) -> &'static str {
        "seccomp"
    }

    fn settle(&self, rng: &mut Rng, _settled: &Policy, policy: &mut Policy) {
        let count = rng.count(1, 3);
        let mut list = rng.some(&PROFILES, count).join(",");
        match rng.count(0, 19) {
            0..=8 => return,
            9 => list = String::new(),
            10..=12 => list = "*".to_owned(),
            13 => list.push_str(",*"),
            _ => {}
        }
        policy.annotate(ALLOWED, list.clone());
        if !list.is_empty() && rng.percent(50) {
            // INVARIANT: the default is one of the allowed.
            let choices: Vec<&str> =
                if list.contains('*') { PROFILES.to_vec() } else { list.split(',').collect() };
            policy.annotate(DEFAULT, rng.pick(&choices));
        } else if rng.percent(3) {
            policy.annotate(DEFAULT, "");
        }
    }

    fn fit(&self, rng: &mut Rng, policy: &Policy, explicit: bool, pod: &mut Pod) {
        let Some(allowed) = policy.annotation(ALLOWED) else { return };
        let (any, fitting) = fitting(allowed);
        let default = policy.annotation(DEFAULT).is_some_and(|profile| !profile.is_empty());
        let may_be_absent = any || fitting.is_empty() || default;
        let must_be_explicit = explicit && default;
        if !fitting.is_empty() && (must_be_explicit || !may_be_absent || rng.percent(40)) {
            let profile = rng.pick(&fitting);
            // A field alone is converted to an annotation, which is a change.
            write_on_pod(rng, pod, &profile, explicit);
        }
        if fitting.is_empty() {
            return;
        }
        for index in 0..pod.containers.len() {
            if rng.percent(15) {
                let profile = rng.pick(&fitting);
                write_on_container(rng, pod, index, &profile);
            }
        }
    }

    fn violate(&self, rng: &mut Rng, policy: &Policy, pod: &mut Pod) -> bool {
        let allowed = policy.annotation(ALLOWED);
        let (any, fitting) = fitting(allowed.unwrap_or_default());
        if any {
            return false;
        }
        let default = policy.annotation(DEFAULT).is_some_and(|profile| !profile.is_empty());
        if !fitting.is_empty() && !default && rng.percent(25) {
            // Nothing where a profile is required, even if each container has one.
            pod.context.remove(FIELD);
            pod.annotations.remove(ON_POD);
            return true;
        }
        let unfitting: Vec<&str> = PROFILES
            .into_iter()
            .chain(BOGUS)
            .filter(|profile| !fitting.iter().any(|may| may == profile))
            .collect();
        let profile = rng.pick(&unfitting);
        if rng.percent(50) {
            write_on_pod(rng, pod, profile, false);
        } else {
            let last = u32::try_from(pod.containers.len()).unwrap_or(1).saturating_sub(1);
            let index = rng.count(0, last);
            let profile = if !fitting.is_empty() && rng.percent(10) { "" } else { profile };
            write_on_container(rng, pod, index, profile);
        }
        true
    }
}

/// Whether a list allows everything, and otherwise its entries: one spelling of the runtime's default implies the
/// other.
fn fitting(allowed: &str) -> (bool, Vec<String>) {
    let mut names: Vec<String> =
        allowed.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect();
    let any = names.iter().any(|name| name == "*");
    if any || names.iter().any(|name| name == "runtime/default" || name == "docker/default") {
        names.extend(["runtime/default", "docker/default"].map(str::to_owned));
    }
    if any {
        names.extend(PROFILES.map(str::to_owned));
    }
    names.retain(|name| name != "*");
    (any, names)
}

/// The field equivalent to a profile's name, if there is one.
fn field(profile: &str) -> Option<Value> {
    match profile {
        "runtime/default" | "docker/default" => Some(json!({"type": "RuntimeDefault"})),
        "unconfined" => Some(json!({"type": "Unconfined"})),
        _ => {
            let path = profile.strip_prefix("localhost/").filter(|path| !path.is_empty())?;
            Some(json!({"type": "Localhost", "localhostProfile": path}))
        }
    }
}

/// Writes the annotation, the field, or both.
fn write_on_pod(rng: &mut Rng, pod: &mut Pod, profile: &str, annotate: bool) {
    pod.context.remove(FIELD);
    pod.annotations.remove(ON_POD);
    let field = field(profile).filter(|_| rng.percent(60));
    if field.is_none() || annotate || rng.percent(40) {
        pod.annotate(ON_POD, profile);
    }
    if let Some(field) = field {
        pod.secure(FIELD, field);
    }
}

fn write_on_container(rng: &mut Rng, pod: &mut Pod, index: usize, profile: &str) {
    let Some(container) = pod.containers.get_mut(index) else { return };
    container.context.remove(FIELD);
    let key = format!("{ON_CONTAINER}{}", container.name);
    let field = field(profile).filter(|_| rng.percent(60));
    let annotate = field.is_none() || rng.percent(30);
    if let Some(field) = field {
        container.secure(FIELD, field);
    }
    pod.annotations.remove(&key);
    if annotate {
        pod.annotate(key, profile);
    }
}
