//! Cases for the Pod Security Standards: a pod that satisfies a level, and a few boundary values of its checks.
//!
//! Boundary values depend on level and version: the same value is forbidden here and allowed there, so that about
//! half of the pods pass.

mod containers;
mod pods;

use serde_json::json;

use super::pod::{Container, List, Pod};
use super::rng::Rng;
use crate::case::StandardCase;

/// Gives one governed field a boundary value of a check.
type Border = fn(&mut Rng, &mut Pod);

/// Every check; those of the two levels that evaluate the same field share their boundary values.
const BORDERS: [(&str, Border); 16] = [
    ("allowPrivilegeEscalation", containers::privilege_escalation),
    ("appArmorProfile", pods::app_armor),
    ("capabilities", containers::capabilities),
    ("hostNamespaces", pods::host_namespaces),
    ("hostPorts", containers::host_ports),
    ("hostProbesAndHostLifecycle", containers::probes),
    ("privileged", containers::privileged),
    ("procMount", containers::proc_mount),
    ("runAsNonRoot", pods::run_as_non_root),
    ("runAsUser", pods::run_as_user),
    ("seccompProfile", pods::seccomp),
    ("seccompAnnotation", pods::seccomp_annotation),
    ("seLinuxOptions", pods::se_linux),
    ("sysctls", pods::sysctls),
    ("volumes", pods::volumes),
    ("windowsHostProcess", pods::host_process),
];

/// The first version, the last, those at which a check changes and their predecessors.
pub(crate) const VERSIONS: [&str; 25] = [
    "v1.0", "v1.7", "v1.8", "v1.18", "v1.19", "v1.21", "v1.22", "v1.23", "v1.24", "v1.25", "v1.26", "v1.27",
    "v1.28", "v1.29", "v1.30", "v1.31", "v1.32", "v1.33", "v1.34", "v1.35", "v1.36", "v1.37", "v1.38",
    "v1.99", "latest",
];

pub(super) fn case(rng: &mut Rng, name: &str) -> StandardCase {
    let level = rng.weighed(&[(4, "privileged"), (44, "baseline"), (52, "restricted")]);
    let version = if rng.percent(25) { "latest" } else { rng.pick(&VERSIONS) };
    let mut notes = Vec::new();
    let eager = level == "restricted" || rng.percent(20);
    let mut pod = compliant(rng, eager);
    if rng.percent(10) {
        pod.spec.insert(
            "os".to_owned(),
            json!({"name": rng.pick(&["windows", "windows", "Windows", "linux", ""])}),
        );
        notes.push("os");
    }
    if rng.percent(10) {
        pod.spec.insert("hostUsers".to_owned(), rng.pick(&[json!(false), json!(false), json!(true)]));
        notes.push("hostUsers");
    }
    let all: Vec<Option<(&str, Border)>> = BORDERS.into_iter().map(Some).collect();
    let count = rng.weighed(&[(12, 0), (56, 1), (22, 2), (10, 4)]);
    for (note, border) in rng.some(&all, count).into_iter().flatten() {
        border(rng, &mut pod);
        notes.push(note);
    }
    StandardCase {
        name: super::admission::named(name, &notes),
        level: level.to_owned(),
        version: version.to_owned(),
        pod: pod.manifest(),
        loose: false,
    }
}

/// A pod that sets all that the restricted level requires, or nothing.
fn compliant(rng: &mut Rng, restricted: bool) -> Pod {
    let mut pod = Pod::default();
    pod.metadata.insert("name".to_owned(), "web".into());
    let lists = [
        (List::Init, rng.weighed(&[(65, 0), (25, 1), (10, 2)])),
        (List::Regular, if rng.one_in(100) { 0 } else { rng.weighed(&[(60, 1), (30, 2), (10, 3)]) }),
        (List::Ephemeral, rng.weighed(&[(80, 0), (15, 1), (5, 2)])),
    ];
    for (list, count) in lists {
        for number in 0..count {
            let letter = rng.pick(&["a", "b", "z"]);
            let mut container = Container { list, name: format!("{letter}{number}"), ..Container::default() };
            container.fields.insert("image".to_owned(), "registry.example.com/app:1".into());
            if restricted {
                container.secure("allowPrivilegeEscalation", false);
                container.secure("capabilities", json!({"drop": ["ALL"]}));
            }
            pod.containers.push(container);
        }
    }
    if restricted {
        inherited(rng, &mut pod, "runAsNonRoot", &json!(true));
        inherited(rng, &mut pod, "seccompProfile", &json!({"type": "RuntimeDefault"}));
    }
    pod
}

/// Sets a field that containers use or inherit: on the pod, on each of them, or on both.
fn inherited(rng: &mut Rng, pod: &mut Pod, field: &str, value: &serde_json::Value) {
    let (on_pod, on_containers) =
        rng.weighed(&[(50, (true, false)), (30, (false, true)), (20, (true, true))]);
    if on_pod {
        pod.secure(field, value.clone());
    }
    for container in &mut pod.containers {
        if on_containers {
            container.secure(field, value.clone());
        }
    }
}

/// The same pod at both levels that require anything and at every version that matters.
pub(super) fn at_every_standard(case: &StandardCase) -> Vec<StandardCase> {
    let all =
        ["baseline", "restricted"].into_iter().flat_map(|level| VERSIONS.map(|version| (level, version)));
    all.map(|(level, version)| StandardCase {
        name: format!("{} {level}:{version}", case.name),
        level: level.to_owned(),
        version: version.to_owned(),
        pod: case.pod.clone(),
        loose: false,
    })
    .collect()
}
