//! Seccomp, AppArmor and SELinux.

use std::collections::BTreeSet;

use pod_security_policy::pod::{APP_ARMOR_CONTAINER, SECCOMP_CONTAINER, SECCOMP_POD};
use serde_json::{Value, json};

use crate::prove::component::{Element, Group, World};
use crate::prove::context::Context;

/// The profiles that policies name in these two annotations, and one that none does.
fn profiles(world: &World, domain: &str) -> Vec<Value> {
    let vocabulary = &world.vocabulary;
    let keys = ["allowedProfileNames", "defaultProfileName"].map(|key| format!("{domain}/{key}"));
    let mut files: BTreeSet<String> = keys
        .iter()
        .flat_map(|key| vocabulary.annotated(key))
        .filter_map(|name| name.strip_prefix("localhost/").map(str::to_owned))
        .filter(|file| !file.is_empty())
        .collect();
    files.insert(vocabulary.fresh.clone());
    let mut all = vec![json!({"type": "RuntimeDefault"}), json!({"type": "Unconfined"})];
    all.extend(files.iter().map(|file| json!({"type": "Localhost", "localhostProfile": file})));
    all
}

/// A profile of the pod is as good as one of a container, since each is judged for itself; the annotation of a
/// container is as good as its field, but for one that names no file.
pub(in crate::prove) fn app_armor(world: &World, context: Context) -> Vec<Group> {
    let mut elements = vec![Element::default()];
    if !context.windows {
        let profiles = profiles(world, "apparmor.security.beta.kubernetes.io");
        elements
            .extend(profiles.iter().map(|profile| Element::secured(&json!({"appArmorProfile": profile}))));
        let annotation = Some((APP_ARMOR_CONTAINER, "localhost/".to_owned()));
        elements.push(Element { annotation, ..Element::default() });
    }
    vec![Group::of(elements)]
}

/// Options of the pod are as good as those of a container, since each is judged for itself. A policy demands them as a
/// whole, the standards look at type, user and role: so those that a policy names, and those that none does.
pub(in crate::prove) fn se_linux(world: &World, context: Context) -> Vec<Group> {
    let mut elements = vec![Element::default()];
    let secured = |options: &Value| Element::secured(&json!({"seLinuxOptions": options}));
    if !context.windows {
        let vocabulary = &world.vocabulary;
        let named: BTreeSet<String> =
            vocabulary.under("seLinuxOptions").into_iter().map(Value::to_string).collect();
        elements.extend(
            named.iter().filter_map(|text| serde_json::from_str(text).ok()).map(|options| secured(&options)),
        );
        let fresh = &*vocabulary.fresh;
        let engines = if world.standards { &["", "container_t", "container_engine_t"][..] } else { &[""] };
        for kind in engines.iter().copied().chain(world.standards.then_some(fresh)) {
            for user in ["", fresh].into_iter().take(if world.standards { 2 } else { 1 }) {
                for role in ["", fresh].into_iter().take(if world.standards { 2 } else { 1 }) {
                    let all = [("level", fresh), ("type", kind), ("user", user), ("role", role)];
                    let set = all.into_iter().filter(|(_, value)| !value.is_empty());
                    let options: serde_json::Map<String, Value> =
                        set.map(|(key, value)| (key.to_owned(), json!(value))).collect();
                    elements.push(secured(&Value::Object(options)));
                }
            }
        }
    }
    vec![Group::of(elements)]
}

/// A default is written for the pod as a whole, unless all containers have allowed profiles of their own: so pods where
/// one has none, and pods where all have one. Each profile is judged for itself then. An annotation that names a
/// profile is as good as the field; one that names none keeps defaults away.
pub(in crate::prove) fn seccomp(world: &World, context: Context) -> Vec<Group> {
    if context.windows {
        return vec![Group::of(vec![Element::default()])];
    }
    let profiles = profiles(world, "seccomp.security.alpha.kubernetes.io");
    let own: Vec<Element> =
        profiles.iter().map(|profile| Element::secured(&json!({"seccompProfile": profile}))).collect();
    let annotated = Element {
        annotation: Some((SECCOMP_CONTAINER, world.vocabulary.fresh.clone())),
        ..Element::default()
    };
    let mut bases = vec![Value::Null];
    bases.extend(
        profiles.iter().map(|profile| json!({"spec": {"securityContext": {"seccompProfile": profile}}})),
    );
    bases.push(json!({"metadata": {"annotations": {SECCOMP_POD: world.vocabulary.fresh}}}));
    let mut groups = Vec::new();
    for base in bases {
        let with_none = own.iter().cloned().chain([annotated.clone()]).collect();
        groups.push(Group { base: base.clone(), fixed: Some(Element::default()), elements: with_none });
        groups.push(Group { base: base.clone(), fixed: Some(annotated.clone()), elements: own.clone() });
        groups.push(Group { base, fixed: None, elements: own.clone() });
    }
    groups
}
