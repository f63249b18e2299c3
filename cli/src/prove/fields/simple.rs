//! Fields with few values.

use serde_json::{Value, json};

use crate::prove::component::{Element, Group, World};
use crate::prove::context::Context;

/// Nothing, or each of these values under a key of the container's security context.
fn secured(key: &str, values: impl IntoIterator<Item = Value>) -> Vec<Group> {
    let mut elements = vec![Element::default()];
    elements.extend(values.into_iter().map(|value| Element::secured(&json!({ key: value }))));
    vec![Group::of(elements)]
}

/// What Linux alone has: on Windows the API server refuses it.
fn on_linux(context: Context, values: impl IntoIterator<Item = Value>) -> impl Iterator<Item = Value> {
    values.into_iter().filter(move |_| !context.windows)
}

pub(in crate::prove) fn supplemental_groups_policy(_: &World, context: Context) -> Vec<Group> {
    let values = on_linux(context, [json!("Merge"), json!("Strict")]);
    let pod = |value| Group::only(json!({"spec": {"securityContext": {"supplementalGroupsPolicy": value}}}));
    std::iter::once(Group::only(Value::Null)).chain(values.map(pod)).collect()
}

pub(in crate::prove) fn root_filesystem(_: &World, context: Context) -> Vec<Group> {
    secured("readOnlyRootFilesystem", on_linux(context, [json!(false), json!(true)]))
}

/// The API server knows no third type.
pub(in crate::prove) fn proc_mount(_: &World, context: Context) -> Vec<Group> {
    secured("procMount", on_linux(context, [json!("Default"), json!("Unmasked")]))
}

pub(in crate::prove) fn runtime_class(world: &World, _: Context) -> Vec<Group> {
    let vocabulary = &world.vocabulary;
    let mut names = vocabulary.within("runtimeClass", "allowedRuntimeClassNames");
    names.remove("*");
    names.insert(vocabulary.fresh.clone());
    let pod = |name: &String| Group::only(json!({"spec": {"runtimeClassName": name}}));
    std::iter::once(Group::only(Value::Null)).chain(names.iter().map(pod)).collect()
}

/// All probes and hooks are alike.
pub(in crate::prove) fn probes(world: &World, _: Context) -> Vec<Group> {
    let mut elements = vec![Element::default()];
    if world.standards {
        let probe = json!({"tcpSocket": {"host": world.vocabulary.fresh, "port": 80}});
        elements.push(Element { container: json!({"livenessProbe": probe}), ..Element::default() });
    }
    vec![Group::of(elements)]
}
