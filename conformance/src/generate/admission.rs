//! An admission case: policies, a pod generated from one of them, and the request that brings it.

use super::generators::{self, GENERATORS};
use super::pod::{Container, List, Pod};
use super::policy::Policy;
use super::rng::Rng;
use super::{edge_cases, empty_values, grants, invalid_settings, request};
use crate::case::Case;

/// Names that sort differently by bytes, by dictionary and by hand.
const NAMES: [&str; 9] = ["a", "a-b", "a.b", "ab", "b", "default", "privileged", "restricted", "0"];

pub(super) fn case(rng: &mut Rng, name: &str) -> Case {
    let mut notes = Vec::new();
    let mut policies = policies(rng);
    // The first is the one the pod is generated from; it may have any name and index.
    let Some(target) = policies.first().cloned() else { return Case::default() };

    let operation = request::operation(rng);
    let update = operation.name == "UPDATE";
    let explicit = rng.percent(if operation.mutates() { 30 } else { 90 });
    let mut pod = skeleton(rng, update);
    for generator in GENERATORS {
        generator.fit(rng, &target, explicit, &mut pod);
    }
    let planned = rng.weighed(&[(58, 0), (37, 1), (3, 2), (2, 3)]);
    for generator in rng.some(&GENERATORS, GENERATORS.len()) {
        if notes.len() < planned && generator.violate(rng, &target, &mut pod) {
            notes.push(generator.name());
        }
    }
    if rng.one_in(12) {
        notes.push(edge_cases::add(rng, &mut pod));
        // Two of them have to meet as well.
        if rng.one_in(3) {
            notes.push(edge_cases::add(rng, &mut pod));
        }
    }
    if rng.one_in(500)
        && let Some(target) = policies.first_mut()
    {
        notes.push(invalid_settings::unsettle(rng, target));
    }
    empty_values::pod(rng, &mut pod);
    for policy in &mut policies {
        empty_values::policy(rng, policy);
    }

    let mut case = Case { name: named(name, &notes), ..Case::default() };
    let names: Vec<String> = policies.iter().map(|policy| policy.name.clone()).collect();
    grants::settle(rng, &mut case, &names, &pod);
    request::settle(rng, &mut case, operation, pod, &names);
    let order = rng.some(&policies, policies.len());
    case.psps = order.iter().map(Policy::manifest).collect();
    // With its feature gate off the registry resets every container's proc mount to the default, whatever the policy
    // requires.
    if generators::needs_proc_mount_gate(&policies, &case.pod) {
        "ProcMountType=true".clone_into(&mut case.gates);
    }
    if rng.one_in(300) {
        case.psps.clear();
    }
    case
}

/// The name of a case, with the changes made to it.
pub(super) fn named(name: &str, notes: &[&str]) -> String {
    if notes.is_empty() { name.to_owned() } else { format!("{name}: {}", notes.join(", ")) }
}

/// One to four policies with different names. The others differ from the first in one or two generators, or completely.
fn policies(rng: &mut Rng) -> Vec<Policy> {
    let count = rng.weighed(&[(55, 1), (25, 2), (15, 3), (5, 4)]);
    let names = rng.some(&NAMES, count);
    let parts = settle(rng, None);
    let mut all = vec![assemble(&parts)];
    while all.len() < count {
        let like = rng.percent(75).then_some(parts.as_slice());
        all.push(assemble(&settle(rng, like)));
    }
    for (policy, name) in all.iter_mut().zip(names) {
        name.clone_into(&mut policy.name);
    }
    all
}

/// A policy like those of admission cases.
pub(super) fn policy(rng: &mut Rng) -> Policy {
    let mut policy = assemble(&settle(rng, None));
    rng.pick(&NAMES).clone_into(&mut policy.name);
    policy
}

/// The parts set by each generator. Given the parts of another policy, most of them are reused.
fn settle(rng: &mut Rng, like: Option<&[Policy]>) -> Vec<Policy> {
    let mut parts: Vec<Policy> = Vec::new();
    let mut settled = Policy::default();
    for (index, generator) in GENERATORS.into_iter().enumerate() {
        let part = match like.and_then(|parts| parts.get(index)) {
            Some(part) if !rng.one_in(12) => part.clone(),
            _ => {
                let mut part = Policy::default();
                generator.settle(rng, &settled, &mut part);
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

/// A pod with containers in some of the three lists, and no governed field.
fn skeleton(rng: &mut Rng, update: bool) -> Pod {
    let mut pod = Pod::default();
    if !update && rng.percent(10) {
        pod.metadata.insert("generateName".to_owned(), "web-".into());
    } else {
        pod.metadata.insert("name".to_owned(), "web".into());
    }
    pod.metadata.insert("namespace".to_owned(), rng.pick(&["shop", "shop", "shop-dev"]).into());
    if rng.percent(20) {
        pod.annotate("example.com/note", "free");
    }
    match rng.count(0, 19) {
        0 => {}
        1 => drop(pod.spec.insert("serviceAccount".to_owned(), "builder".into())),
        2..=6 => drop(pod.spec.insert("serviceAccountName".to_owned(), "builder".into())),
        _ => drop(pod.spec.insert("serviceAccountName".to_owned(), "default".into())),
    }
    let lists = [
        (List::Init, rng.weighed(&[(65, 0), (25, 1), (10, 2)])),
        (List::Regular, if rng.one_in(300) { 0 } else { rng.weighed(&[(60, 1), (30, 2), (10, 3)]) }),
        (List::Ephemeral, if rng.percent(if update { 30 } else { 7 }) { rng.count(1, 2) } else { 0 }),
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
