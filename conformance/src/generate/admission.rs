//! An admission case: policies, a pod made from one of them, and the request that brings it.

use super::dice::Dice;
use super::facets::{self, FACETS};
use super::pod::{Container, List, Pod};
use super::policy::Policy;
use super::{forgotten, garnish, grants, oddities, request};
use crate::case::Case;

/// Names that sort differently by bytes, by dictionary and by hand.
const NAMES: [&str; 9] = ["a", "a-b", "a.b", "ab", "b", "default", "privileged", "restricted", "0"];

pub(super) fn case(dice: &mut Dice, name: &str) -> Case {
    let mut notes = Vec::new();
    let mut policies = policies(dice);
    // The first is the one the pod is made from; it may have any name and place.
    let Some(target) = policies.first().cloned() else { return Case::default() };

    let operation = request::operation(dice);
    let update = operation.name == "UPDATE";
    let explicit = dice.percent(if operation.mutates() { 30 } else { 90 });
    let mut pod = skeleton(dice, update);
    for facet in FACETS {
        facet.fit(dice, &target, explicit, &mut pod);
    }
    let planned = dice.weighed(&[(58, 0), (37, 1), (3, 2), (2, 3)]);
    for facet in dice.some(&FACETS, FACETS.len()) {
        if notes.len() < planned && facet.depart(dice, &target, &mut pod) {
            notes.push(facet.name());
        }
    }
    if dice.one_in(25) {
        notes.push(oddities::add(dice, &mut pod));
    }
    if dice.one_in(500)
        && let Some(target) = policies.first_mut()
    {
        notes.push(forgotten::unsettle(dice, target));
    }
    garnish::pod(dice, &mut pod);
    for policy in &mut policies {
        garnish::policy(dice, policy);
    }

    let mut case = Case { name: named(name, &notes), ..Case::default() };
    let names: Vec<String> = policies.iter().map(|policy| policy.name.clone()).collect();
    grants::settle(dice, &mut case, &names, &pod);
    request::settle(dice, &mut case, operation, pod, &names);
    let order = dice.some(&policies, policies.len());
    case.psps = order.iter().map(Policy::manifest).collect();
    // Without its gate the registry sets every container's proc mount to the default, whatever the policy said.
    if facets::needs_proc_mount_gate(&policies, &case.pod) {
        "ProcMountType=true".clone_into(&mut case.gates);
    }
    if dice.one_in(300) {
        case.psps.clear();
    }
    case
}

/// The name of a case, with what was done to it.
pub(super) fn named(name: &str, notes: &[&str]) -> String {
    if notes.is_empty() { name.to_owned() } else { format!("{name}: {}", notes.join(", ")) }
}

/// One to four policies with different names. The others are like the first but for a facet or two, or unlike it.
fn policies(dice: &mut Dice) -> Vec<Policy> {
    let count = dice.weighed(&[(55, 1), (25, 2), (15, 3), (5, 4)]);
    let names = dice.some(&NAMES, count);
    let parts = settle(dice, None);
    let mut all = vec![assemble(&parts)];
    while all.len() < count {
        let like = dice.percent(75).then_some(parts.as_slice());
        all.push(assemble(&settle(dice, like)));
    }
    for (policy, name) in all.iter_mut().zip(names) {
        name.clone_into(&mut policy.name);
    }
    all
}

/// A policy like those of admission cases.
pub(super) fn policy(dice: &mut Dice) -> Policy {
    let mut policy = assemble(&settle(dice, None));
    dice.pick(&NAMES).clone_into(&mut policy.name);
    policy
}

/// What each facet settles. Given the parts of another policy, most of them are taken over.
fn settle(dice: &mut Dice, like: Option<&[Policy]>) -> Vec<Policy> {
    let mut parts: Vec<Policy> = Vec::new();
    let mut settled = Policy::default();
    for (index, facet) in FACETS.into_iter().enumerate() {
        let part = match like.and_then(|parts| parts.get(index)) {
            Some(part) if !dice.one_in(12) => part.clone(),
            _ => {
                let mut part = Policy::default();
                facet.settle(dice, &settled, &mut part);
                part
            }
        };
        settled.add(&part);
        parts.push(part);
    }
    parts
}

fn assemble(parts: &[Policy]) -> Policy {
    let mut policy = Policy::default();
    for part in parts {
        policy.add(part);
    }
    policy
}

/// A pod with containers in some of the three lists, and nothing that a policy governs.
fn skeleton(dice: &mut Dice, update: bool) -> Pod {
    let mut pod = Pod::default();
    if !update && dice.percent(10) {
        pod.metadata.insert("generateName".to_owned(), "web-".into());
    } else {
        pod.metadata.insert("name".to_owned(), "web".into());
    }
    pod.metadata.insert("namespace".to_owned(), dice.pick(&["shop", "shop", "shop-dev"]).into());
    if dice.percent(20) {
        pod.annotate("example.com/note", "free");
    }
    match dice.count(0, 19) {
        0 => {}
        1 => drop(pod.spec.insert("serviceAccount".to_owned(), "builder".into())),
        2..=6 => drop(pod.spec.insert("serviceAccountName".to_owned(), "builder".into())),
        _ => drop(pod.spec.insert("serviceAccountName".to_owned(), "default".into())),
    }
    let lists = [
        (List::Init, dice.weighed(&[(65, 0), (25, 1), (10, 2)])),
        (List::Regular, if dice.one_in(300) { 0 } else { dice.weighed(&[(60, 1), (30, 2), (10, 3)]) }),
        (List::Ephemeral, if dice.percent(if update { 30 } else { 7 }) { dice.count(1, 2) } else { 0 }),
    ];
    for (list, count) in lists {
        for number in 0..count {
            let mut container =
                Container { list, name: format!("{}{number}", short(list)), ..Container::default() };
            container.fields.insert("image".to_owned(), "registry.example.com/app:1".into());
            pod.containers.push(container);
        }
    }
    pod
}

fn short(list: List) -> &'static str {
    match list {
        List::Init => "init",
        List::Regular => "app",
        List::Ephemeral => "debug",
    }
}
