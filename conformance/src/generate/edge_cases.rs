//! Values in a pod that the original does not know, ignores, or reads differently from a current server.
//!
//! Where the project deviates from the original deliberately, the deviation has to occur.

use serde_json::{Value, json};

use super::generators::{TYPES, mount, source};
use super::pod::Pod;
use super::rng::Rng;

type Odd = fn(&mut Rng, &mut Pod);

const ODDITIES: [(&str, Odd); 11] = [
    ("windows", windows),
    ("hostProcess", host_process),
    ("appArmorProfile", app_armor_field),
    ("unknown volume source", unknown_source),
    ("image volume", image_volume),
    ("two volume sources", two_sources),
    ("escalation of the privileged", escalation),
    ("seccomp twice", seccomp_twice),
    ("user namespace", user_namespace),
    ("every container has a seccomp profile", seccomp_everywhere),
    ("hint", hint),
];

/// Adds one of them to the pod, and returns which.
pub(super) fn add(rng: &mut Rng, pod: &mut Pod) -> &'static str {
    let index = rng.count(0, 10);
    let Some((name, odd)) = ODDITIES.get(index) else { return "" };
    odd(rng, pod);
    name
}

fn windows(rng: &mut Rng, pod: &mut Pod) {
    pod.spec.insert("os".to_owned(), json!({"name": rng.pick(&["windows", "windows", "linux"])}));
}

fn host_process(rng: &mut Rng, pod: &mut Pod) {
    let options = json!({"hostProcess": true});
    if rng.percent(50) {
        pod.secure("windowsOptions", options);
    } else if let Some(container) = pod.any(rng) {
        container.secure("windowsOptions", options);
    }
}

fn app_armor_field(rng: &mut Rng, pod: &mut Pod) {
    let profile = rng.pick(&[
        json!({"type": "RuntimeDefault"}),
        json!({"type": "Unconfined"}),
        json!({"type": "Localhost", "localhostProfile": "a"}),
    ]);
    if rng.percent(50) {
        pod.secure("appArmorProfile", profile);
    } else if let Some(container) = pod.any(rng) {
        container.secure("appArmorProfile", profile);
    }
}

fn unknown_source(rng: &mut Rng, pod: &mut Pod) {
    let volume = rng.pick(&["futureVolume", "hostpath", "HostPath", "cephFS"]);
    mount(rng, pod, volume, &json!({}), false);
}

fn image_volume(rng: &mut Rng, pod: &mut Pod) {
    mount(rng, pod, "image", &json!({"reference": "registry.example.com/data:1"}), false);
}

fn two_sources(rng: &mut Rng, pod: &mut Pod) {
    let first = rng.pick(&TYPES);
    let content = source(rng, first);
    mount(rng, pod, first, &content, false);
    let second = rng.pick(&TYPES);
    let content = source(rng, second);
    let last =
        pod.spec.get_mut("volumes").and_then(Value::as_array_mut).and_then(|volumes| volumes.last_mut());
    if let Some(volume) = last.and_then(Value::as_object_mut) {
        volume.insert(second.to_owned(), content);
    }
}

/// Values that a policy accepts, and the API server then rejects.
fn escalation(rng: &mut Rng, pod: &mut Pod) {
    let by_capability = rng.percent(50);
    let written = rng.percent(50);
    let Some(container) = pod.any(rng) else { return };
    if by_capability {
        container.secure("capabilities", json!({"add": ["CAP_SYS_ADMIN"]}));
    } else {
        container.secure("privileged", true);
    }
    if written {
        container.secure("allowPrivilegeEscalation", false);
    } else {
        container.context.remove("allowPrivilegeEscalation");
    }
}

/// An annotation and a field that differ.
fn seccomp_twice(rng: &mut Rng, pod: &mut Pod) {
    pod.secure("seccompProfile", json!({"type": rng.pick(&["RuntimeDefault", "Unconfined", "Localhost"])}));
    pod.annotate(
        "seccomp.security.alpha.kubernetes.io/pod",
        rng.pick(&["unconfined", "docker/default", "localhost/a.json", ""]),
    );
}

fn user_namespace(rng: &mut Rng, pod: &mut Pod) {
    pod.spec.insert("hostUsers".to_owned(), rng.percent(45).into());
}

/// Every container has a profile of its own, so that the pod's, if there is any, has no effect.
fn seccomp_everywhere(rng: &mut Rng, pod: &mut Pod) {
    let profiles = [
        json!({"type": "RuntimeDefault"}),
        json!({"type": "Unconfined"}),
        json!({"type": "Localhost", "localhostProfile": "a.json"}),
    ];
    let first = rng.pick(&profiles);
    for container in &mut pod.containers {
        let profile = if rng.percent(80) { first.clone() } else { rng.pick(&profiles) };
        container.secure("seccompProfile", profile);
    }
    pod.annotations.remove("seccomp.security.alpha.kubernetes.io/pod");
    pod.context.remove("seccompProfile");
    if rng.percent(40) {
        pod.secure("seccompProfile", rng.pick(&profiles));
    }
}

/// The annotation with the name of the admitting policy, which any author can write.
fn hint(rng: &mut Rng, pod: &mut Pod) {
    pod.annotate("kubernetes.io/psp", rng.pick(&["a", "privileged", "no-such-policy", ""]));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::pod::Container;

    #[test]
    fn every_oddity_occurs_and_changes_the_pod() {
        let mut occurred = std::collections::BTreeSet::new();
        for index in 0..200 {
            let mut pod = Pod { containers: vec![Container::default()], ..Pod::default() };
            let before = pod.manifest();
            occurred.insert(add(&mut Rng::new(0, index), &mut pod));
            assert_ne!(before, pod.manifest());
        }
        assert_eq!(occurred, ODDITIES.map(|(name, _)| name).into());
    }
}
