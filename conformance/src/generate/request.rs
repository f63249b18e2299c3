//! The request that brings a pod: what it wants done, and what was there before.

use serde_json::{Value, json};

use super::dice::Dice;
use super::pod::{List, Pod};
use crate::case::Case;

const HINT: &str = "kubernetes.io/psp";

/// What a request wants done.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Operation {
    pub(super) name: &'static str,
    sub: &'static str,
    steps: &'static str,
}

impl Operation {
    /// Whether a policy may fill in what the pod leaves open.
    pub(super) fn mutates(self) -> bool {
        self.name == "CREATE" && self.steps.is_empty()
    }
}

/// An operation: mostly a creation, in one case of five an update.
pub(super) fn operation(dice: &mut Dice) -> Operation {
    let (name, sub, steps) = dice.weighed(&[
        (730, ("CREATE", "", "")),
        (50, ("CREATE", "", "validate")),
        (180, ("UPDATE", "", "")),
        (15, ("UPDATE", "ephemeralcontainers", "")),
        (5, ("UPDATE", "status", "")),
        (5, ("UPDATE", "resize", "")),
        (5, ("CREATE", "binding", "")),
        (10, ("DELETE", "", "")),
    ]);
    Operation { name, sub, steps }
}

/// Sets the operation and the pods of a case.
pub(super) fn settle(dice: &mut Dice, case: &mut Case, operation: Operation, mut pod: Pod, names: &[String]) {
    if operation.name != "CREATE" {
        operation.name.clone_into(&mut case.op);
    } else if dice.percent(50) {
        "CREATE".clone_into(&mut case.op);
    }
    operation.sub.clone_into(&mut case.sub);
    operation.steps.clone_into(&mut case.steps);

    let update = operation.name == "UPDATE";
    if dice.percent(if update || operation.steps == "validate" { 80 } else { 8 }) {
        let hint = hint(dice, names);
        pod.annotate(HINT, hint);
    }
    if dice.percent(if update { 40 } else { 2 }) {
        pod.status.insert("phase".to_owned(), "Running".into());
    }
    if update {
        let old = before(dice, &mut pod, operation.sub, names);
        case.old_pod = old.manifest();
    }
    case.pod = pod.manifest();
}

/// A policy's name, mostly that of the one the pod was made from; now and then one that does not exist.
fn hint(dice: &mut Dice, names: &[String]) -> String {
    match dice.count(0, 9) {
        0..=5 => names.first().cloned().unwrap_or_default(),
        6 | 7 => dice.pick(names),
        8 => "nobody".to_owned(),
        _ => String::new(),
    }
}

/// The pod before the update. A change that adds something adds it to the new pod, one that removes it to the old.
fn before(dice: &mut Dice, pod: &mut Pod, sub: &str, names: &[String]) -> Pod {
    let mut old = pod.clone();
    let debugged = pod.containers.iter().any(|container| container.list == List::Ephemeral);
    if debugged && dice.percent(if sub.is_empty() { 30 } else { 80 }) {
        // Either all of them are new, or all but the first.
        let kept = dice.pick(&["", "debug0"]);
        old.containers.retain(|container| container.list != List::Ephemeral || container.name == kept);
    } else if dice.percent(70) {
        change(dice, pod, names);
    } else {
        change(dice, &mut old, names);
    }
    old
}

/// Makes the difference between two states of a pod, if there is one.
fn change(dice: &mut Dice, pod: &mut Pod, names: &[String]) {
    match dice.count(0, 17) {
        0 => {}
        1 | 2 => collected(dice, pod),
        3 => {
            collected(dice, pod);
            collected(dice, pod);
        }
        4 => {
            collected(dice, pod);
            pod.metadata.insert("labels".to_owned(), json!({"app": "web"}));
        }
        5 => drop(pod.status.insert("message".to_owned(), "late".into())),
        6 => {
            pod.status.insert("message".to_owned(), "late".into());
            collected(dice, pod);
        }
        // Nothing, in another spelling.
        7 => drop(pod.metadata.insert("labels".to_owned(), json!({}))),
        8..=10 => drop(pod.metadata.insert("labels".to_owned(), json!({"app": "web"}))),
        11 => pod.annotate(HINT, hint(dice, names)),
        12 => pod.annotate("example.com/note", "changed"),
        13 | 14 => image(dice, pod),
        15 => pod.append("tolerations", json!({"key": "example.com/spot", "operator": "Exists"})),
        16 => pod.secure("fsGroup", 1),
        _ => drop(pod.spec.insert("activeDeadlineSeconds".to_owned(), Value::from(60))),
    }
}

/// Changes what the garbage collector changes, and others whose doing says nothing about security.
fn collected(dice: &mut Dice, pod: &mut Pod) {
    let (field, value) = dice.pick(&[
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

fn image(dice: &mut Dice, pod: &mut Pod) {
    if let Some(container) = pod.any(dice) {
        container.fields.insert("image".to_owned(), "registry.example.com/app:2".into());
    }
}
