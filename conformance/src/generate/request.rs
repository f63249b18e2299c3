//! The request that brings a pod: its operation, and the previous state.

use serde_json::{Value, json};

use super::pod::{Container, List, Object, Pod};
use super::rng::Rng;
use crate::case::Case;

const HINT: &str = "kubernetes.io/psp";

/// Subresources of pods that bring no pod to evaluate.
pub(super) const KNOWN: [&str; 10] =
    ["status", "binding", "eviction", "resize", "scale", "log", "exec", "attach", "portforward", "proxy"];
/// Subresources that no release has, some of which resemble a known one.
const UNKNOWN: [&str; 4] = ["future", "Status", "ephemeralContainers", "statuses"];

/// The operation of a request.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Operation {
    pub(super) name: &'static str,
    sub: &'static str,
    steps: &'static str,
}

impl Operation {
    /// Whether a policy may fill in unset fields of the pod.
    pub(super) fn mutates(self) -> bool {
        self.name == "CREATE" && self.steps.is_empty()
    }
}

/// An operation: mostly a creation, in one case of five an update.
pub(super) fn operation(rng: &mut Rng) -> Operation {
    let (name, sub, steps) = rng.weighed(&[
        (730, ("CREATE", "", "")),
        (50, ("CREATE", "", "validate")),
        (180, ("UPDATE", "", "")),
        (25, ("UPDATE", "ephemeralcontainers", "")),
        (10, ("UPDATE", "known", "")),
        (10, ("UPDATE", "unknown", "")),
        (5, ("CREATE", "known", "")),
        (3, ("CREATE", "unknown", "")),
        (10, ("DELETE", "", "")),
    ]);
    let sub = match sub {
        "known" => rng.pick(&KNOWN),
        "unknown" => rng.pick(&UNKNOWN),
        other => other,
    };
    Operation { name, sub, steps }
}

/// Sets the operation and the pods of a case.
pub(super) fn settle(rng: &mut Rng, case: &mut Case, operation: Operation, mut pod: Pod, names: &[String]) {
    if operation.name != "CREATE" {
        operation.name.clone_into(&mut case.op);
    } else if rng.percent(50) {
        "CREATE".clone_into(&mut case.op);
    }
    operation.sub.clone_into(&mut case.sub);
    operation.steps.clone_into(&mut case.steps);

    let update = operation.name == "UPDATE";
    if rng.percent(if update || operation.steps == "validate" { 80 } else { 8 }) {
        let hint = hint(rng, names);
        pod.annotate(HINT, hint);
    }
    if rng.percent(if update { 40 } else { 2 }) {
        pod.status.insert("phase".to_owned(), "Running".into());
    }
    if update {
        let (old, counts) = before(rng, &mut pod, operation.sub, names);
        case.old_pod = old.manifest();
        case.counts = counts;
    }
    case.pod = pod.manifest();
}

/// A policy's name, mostly that of the one the pod was generated from; occasionally one that does not exist.
fn hint(rng: &mut Rng, names: &[String]) -> String {
    match rng.count(0, 9) {
        0..=5 => names.first().cloned().unwrap_or_default(),
        6 | 7 => rng.pick(names),
        8 => "nobody".to_owned(),
        _ => String::new(),
    }
}

/// The pod before the update. A change that adds something adds it to the new pod, one that removes it to the old.
fn before(rng: &mut Rng, pod: &mut Pod, sub: &str, names: &[String]) -> (Pod, bool) {
    let mut old = pod.clone();
    let adds = sub == "ephemeralcontainers";
    if adds {
        if rng.percent(30) {
            share_processes(rng, pod, names);
        }
        if rng.percent(60) {
            debug(rng, pod, names);
        }
        old = pod.clone();
    }
    let debugged = pod.containers.iter().any(|container| container.list == List::Ephemeral);
    if debugged && rng.percent(if adds { 80 } else { 30 }) {
        // Either all of them are new, or all but the first.
        let kept = rng.pick(&["", "debug0"]);
        old.containers.retain(|container| container.list != List::Ephemeral || container.name == kept);
        return (old, false);
    }
    let weighed = CHANGES.map(|(weight, name, way)| (weight, Some((name, way))));
    let Some((name, way)) = rng.weighed(&weighed) else { return (old, false) };
    if rng.percent(70) {
        way(rng, pod, names);
    } else {
        way(rng, &mut old, names);
    }
    (old, name == UNKNOWN_FIELD)
}

/// Makes a difference between two states of a pod.
type Way = fn(&mut Rng, &mut Pod, &[String]);

/// The one change that the original does not see.
const UNKNOWN_FIELD: &str = "field that is not known";

/// Every kind of change by an update, with its weight.
pub(crate) const CHANGES: [(u32, &str, Way); 30] = [
    (4, "nothing", |_, _, _| {}),
    (8, "bookkeeping", |rng, pod, _| collected(rng, pod)),
    (4, "more bookkeeping", |rng, pod, _| {
        collected(rng, pod);
        collected(rng, pod);
    }),
    (4, "bookkeeping and a label", |rng, pod, _| {
        collected(rng, pod);
        label(pod);
    }),
    (4, "status", |_, pod, _| late(pod)),
    (4, "status and bookkeeping", |rng, pod, _| {
        late(pod);
        collected(rng, pod);
    }),
    (2, "status and a label", |_, pod, _| {
        late(pod);
        label(pod);
    }),
    (4, "empty labels", |_, pod, _| set(&mut pod.metadata, "labels", json!({}))),
    (8, "label", |_, pod, _| label(pod)),
    (4, "hint", |rng, pod, names| pod.annotate(HINT, hint(rng, names))),
    (4, "annotation", |_, pod, _| pod.annotate("example.com/note", "changed")),
    (3, "seccomp annotation", |rng, pod, _| profile(rng, pod, &SECCOMP)),
    (3, "AppArmor annotation", |rng, pod, _| profile(rng, pod, &APP_ARMOR)),
    (1, "annotation like a profile's", |_, pod, _| {
        pod.annotate("seccomp.security.alpha.kubernetes.io/pods", "unconfined");
    }),
    (12, "image", |rng, pod, _| image(rng, pod)),
    (4, "toleration", |_, pod, _| {
        pod.append("tolerations", json!({"key": "example.com/spot", "operator": "Exists"}));
    }),
    (3, "scheduling gate", |_, pod, _| pod.append("schedulingGates", json!({"name": "example.com/quota"}))),
    (3, "node selector", |_, pod, _| set(&mut pod.spec, "nodeSelector", json!({"disk": "ssd"}))),
    (3, "affinity", |_, pod, _| set(&mut pod.spec, "affinity", json!({"podAntiAffinity": {}}))),
    (3, "deadline", |_, pod, _| set(&mut pod.spec, "activeDeadlineSeconds", 60.into())),
    (3, "grace period", |_, pod, _| set(&mut pod.spec, "terminationGracePeriodSeconds", 1.into())),
    (2, "toleration and image", |rng, pod, _| {
        pod.append("tolerations", json!({"operator": "Exists"}));
        image(rng, pod);
    }),
    (2, "label and image", |rng, pod, _| {
        label(pod);
        image(rng, pod);
    }),
    (2, "node", |_, pod, _| set(&mut pod.spec, "nodeName", "node-7".into())),
    (2, "priority", |_, pod, _| set(&mut pod.spec, "priority", 7.into())),
    (3, UNKNOWN_FIELD, unknown_field),
    (4, "group of the volumes", |_, pod, _| pod.secure("fsGroup", 1)),
    (3, "one more debug container", debug),
    (2, "shared process namespace", share_processes),
    (2, "owner and toleration", |rng, pod, _| {
        collected(rng, pod);
        pod.append("tolerations", json!({"operator": "Exists"}));
    }),
];

const SECCOMP: [(&str, &str); 6] = [
    ("seccomp.security.alpha.kubernetes.io/pod", ""),
    ("container.seccomp.security.alpha.kubernetes.io/", "unconfined"),
    ("seccomp.security.alpha.kubernetes.io/pod", "runtime/default"),
    ("container.seccomp.security.alpha.kubernetes.io/", "runtime/default"),
    ("seccomp.security.alpha.kubernetes.io/pod", "localhost/a.json"),
    ("container.seccomp.security.alpha.kubernetes.io/", "localhost/a.json"),
];
const APP_ARMOR: [(&str, &str); 3] = [
    ("container.apparmor.security.beta.kubernetes.io/", "runtime/default"),
    ("container.apparmor.security.beta.kubernetes.io/", "unconfined"),
    ("container.apparmor.security.beta.kubernetes.io/", "localhost/a"),
];

fn set(object: &mut Object, field: &str, value: Value) {
    object.insert(field.to_owned(), value);
}

fn label(pod: &mut Pod) {
    set(&mut pod.metadata, "labels", json!({"app": "web"}));
}

fn late(pod: &mut Pod) {
    set(&mut pod.status, "message", "late".into());
}

/// Sets one of the annotations that were replaced by a field.
fn profile(rng: &mut Rng, pod: &mut Pod, annotations: &[(&str, &str)]) {
    let (key, value) = rng.pick(annotations);
    let name = pod.any(rng).map(|container| container.name.clone()).unwrap_or_default();
    pod.annotate(if key.ends_with('/') { format!("{key}{name}") } else { key.to_owned() }, value);
}

/// A field that the original's API drops when it reads the pod: of the spec, or of a container.
fn unknown_field(rng: &mut Rng, pod: &mut Pod, _: &[String]) {
    if rng.percent(50) {
        set(&mut pod.spec, "futureField", json!({"mode": "Fast"}));
    } else if let Some(container) = pod.any(rng) {
        set(&mut container.fields, "futureField", true.into());
    }
}

/// A debug container, which often targets another one.
fn debug(rng: &mut Rng, pod: &mut Pod, _: &[String]) {
    let regular: Vec<&Container> =
        pod.containers.iter().filter(|container| container.list == List::Regular).collect();
    let target = rng.pick(&regular.iter().map(|container| container.name.clone()).collect::<Vec<_>>());
    let mut container =
        Container { list: List::Ephemeral, name: "debug9".to_owned(), ..Container::default() };
    set(&mut container.fields, "image", "registry.example.com/debug:1".into());
    if rng.percent(50) && !target.is_empty() {
        set(&mut container.fields, "targetContainerName", target.into());
    }
    if rng.percent(30) {
        let volumes = pod.spec.get("volumes").and_then(Value::as_array).cloned().unwrap_or_default();
        if let Some(name) = rng.pick(&volumes).get("name") {
            container.append("volumeMounts", json!({"name": name, "mountPath": "/mnt/debug"}));
        }
    }
    if rng.percent(15) {
        container.secure("privileged", true);
    }
    if rng.percent(25) {
        // The values that most policies require.
        container.secure("allowPrivilegeEscalation", false);
        container.secure("runAsNonRoot", true);
        container.secure("capabilities", json!({"drop": ["ALL"]}));
    }
    pod.containers.push(container);
}

fn share_processes(rng: &mut Rng, pod: &mut Pod, _: &[String]) {
    set(&mut pod.spec, "shareProcessNamespace", rng.percent(80).into());
}

/// Changes fields of the garbage collector, and others without relevance for security.
fn collected(rng: &mut Rng, pod: &mut Pod) {
    let (field, value) = rng.pick(&[
        ("finalizers", json!(["example.com/wait"])),
        (
            "ownerReferences",
            json!([{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "1"}]),
        ),
        ("managedFields", json!([{"manager": "kubectl", "operation": "Update", "apiVersion": "v1"}])),
        ("selfLink", json!("/api/v1/namespaces/shop/pods/web")),
    ]);
    pod.metadata.insert(field.to_owned(), value);
}

fn image(rng: &mut Rng, pod: &mut Pod) {
    if let Some(container) = pod.any(rng) {
        container.fields.insert("image".to_owned(), "registry.example.com/app:2".into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_but_nothing_makes_a_difference() {
        for (weight, name, way) in CHANGES {
            let web = Container { name: "app0".into(), list: List::Regular, ..Container::default() };
            let mut pod = Pod { containers: vec![web], ..Pod::default() };
            let before = pod.manifest();
            way(&mut Rng::new(0, 0), &mut pod, &["p".to_owned()]);
            assert_eq!(before == pod.manifest(), name == "nothing", "{name}");
            assert!(weight > 0, "{name}");
        }
    }

    #[test]
    fn debug_containers_look_into_others() {
        let regular = Container { name: "app0".into(), list: List::Regular, ..Container::default() };
        let made = (0..50).map(|index| {
            let mut pod = Pod { containers: vec![regular.clone()], ..Pod::default() };
            debug(&mut Rng::new(0, index), &mut pod, &[]);
            pod.manifest()["spec"]["ephemeralContainers"][0]["targetContainerName"] == "app0"
        });
        let looking = made.filter(|looking| *looking).count();
        assert!((10..40).contains(&looking), "{looking}");
    }
}
