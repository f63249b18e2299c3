//! What a pod can hold that the original does not know, does not mind, or reads differently from a server of today.
//!
//! Where the project deviates from the original on purpose, the deviation has to occur.

use serde_json::{Value, json};

use super::dice::Dice;
use super::facets::{TYPES, mount, source};
use super::pod::Pod;

type Odd = fn(&mut Dice, &mut Pod);

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

/// Adds one of them to the pod, and tells which.
pub(super) fn add(dice: &mut Dice, pod: &mut Pod) -> &'static str {
    let index = dice.count(0, 10);
    let Some((name, odd)) = ODDITIES.get(index) else { return "" };
    odd(dice, pod);
    name
}

fn windows(dice: &mut Dice, pod: &mut Pod) {
    pod.spec.insert("os".to_owned(), json!({"name": dice.pick(&["windows", "windows", "linux"])}));
}

fn host_process(dice: &mut Dice, pod: &mut Pod) {
    let options = json!({"hostProcess": true});
    if dice.percent(50) {
        pod.secure("windowsOptions", options);
    } else if let Some(container) = pod.any(dice) {
        container.secure("windowsOptions", options);
    }
}

fn app_armor_field(dice: &mut Dice, pod: &mut Pod) {
    let profile = dice.pick(&[
        json!({"type": "RuntimeDefault"}),
        json!({"type": "Unconfined"}),
        json!({"type": "Localhost", "localhostProfile": "a"}),
    ]);
    if dice.percent(50) {
        pod.secure("appArmorProfile", profile);
    } else if let Some(container) = pod.any(dice) {
        container.secure("appArmorProfile", profile);
    }
}

fn unknown_source(dice: &mut Dice, pod: &mut Pod) {
    let volume = dice.pick(&["futureVolume", "hostpath", "HostPath", "cephFS"]);
    mount(dice, pod, volume, &json!({}), false);
}

fn image_volume(dice: &mut Dice, pod: &mut Pod) {
    mount(dice, pod, "image", &json!({"reference": "registry.example.com/data:1"}), false);
}

fn two_sources(dice: &mut Dice, pod: &mut Pod) {
    let first = dice.pick(&TYPES);
    let content = source(dice, first);
    mount(dice, pod, first, &content, false);
    let second = dice.pick(&TYPES);
    let content = source(dice, second);
    let last =
        pod.spec.get_mut("volumes").and_then(Value::as_array_mut).and_then(|volumes| volumes.last_mut());
    if let Some(volume) = last.and_then(Value::as_object_mut) {
        volume.insert(second.to_owned(), content);
    }
}

/// What a policy accepts, and the API server then refuses.
fn escalation(dice: &mut Dice, pod: &mut Pod) {
    let by_capability = dice.percent(50);
    let written = dice.percent(50);
    let Some(container) = pod.any(dice) else { return };
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

/// An annotation and a field that do not say the same.
fn seccomp_twice(dice: &mut Dice, pod: &mut Pod) {
    pod.secure("seccompProfile", json!({"type": dice.pick(&["RuntimeDefault", "Unconfined", "Localhost"])}));
    pod.annotate(
        "seccomp.security.alpha.kubernetes.io/pod",
        dice.pick(&["unconfined", "docker/default", "localhost/a.json", ""]),
    );
}

fn user_namespace(dice: &mut Dice, pod: &mut Pod) {
    pod.spec.insert("hostUsers".to_owned(), dice.percent(15).into());
}

/// Every container has a profile of its own, so that the pod's, if there is any, counts for none.
fn seccomp_everywhere(dice: &mut Dice, pod: &mut Pod) {
    let profiles = [
        json!({"type": "RuntimeDefault"}),
        json!({"type": "Unconfined"}),
        json!({"type": "Localhost", "localhostProfile": "a.json"}),
    ];
    let first = dice.pick(&profiles);
    for container in &mut pod.containers {
        let profile = if dice.percent(80) { first.clone() } else { dice.pick(&profiles) };
        container.secure("seccompProfile", profile);
    }
    pod.annotations.remove("seccomp.security.alpha.kubernetes.io/pod");
    pod.context.remove("seccompProfile");
    if dice.percent(40) {
        pod.secure("seccompProfile", dice.pick(&profiles));
    }
}

/// The annotation by which a pod says who admitted it, which anybody can write.
fn hint(dice: &mut Dice, pod: &mut Pod) {
    pod.annotate("kubernetes.io/psp", dice.pick(&["a", "privileged", "no-such-policy", ""]));
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
            occurred.insert(add(&mut Dice::new(0, index), &mut pod));
            assert_ne!(before, pod.manifest());
        }
        assert_eq!(occurred, ODDITIES.map(|(name, _)| name).into());
    }
}
