//! The options of Windows containers.

use serde_json::{Value, json};

use crate::prove::component::{Element, Group, World};
use crate::prove::context::Context;

/// The names in a list of `windowsOptions`, one outside, and none.
fn names(world: &World, key: &str) -> Vec<Option<String>> {
    let vocabulary = &world.vocabulary;
    let mut names = vocabulary.within("windowsOptions", key);
    names.insert(vocabulary.fresh.clone());
    std::iter::once(None).chain(names.into_iter().map(Some)).collect()
}

fn options(members: Vec<(&str, Option<Value>)>) -> Element {
    let set: serde_json::Map<String, Value> =
        members.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect();
    if set.is_empty() { Element::default() } else { Element::secured(&json!({"windowsOptions": set})) }
}

/// `HostProcess` containers need the host network, and all containers of a pod are such or none is.
pub(in crate::prove) fn groups(world: &World, context: Context) -> Vec<Group> {
    let users = names(world, "runAsUserNames");
    let elements = || {
        users
            .iter()
            .map(|user| options(vec![("runAsUserName", user.as_ref().map(|user| json!(user)))]))
            .collect()
    };
    let mut groups = vec![Group::of(elements())];
    if context.network {
        let base = json!({"spec": {"securityContext": {"windowsOptions": {"hostProcess": true}}}});
        groups.push(Group { base, ..Group::of(elements()) });
    }
    groups
}

/// Accounts, by name or with the credentials themselves.
pub(in crate::prove) fn accounts(world: &World, _: Context) -> Vec<Group> {
    let named = names(world, "gmsaCredentialSpecNames");
    let element = |name: &Option<String>, spec: Option<Value>| {
        options(vec![
            ("gmsaCredentialSpecName", name.as_ref().map(|name| json!(name))),
            ("gmsaCredentialSpec", spec),
        ])
    };
    let specs = || [None, Some(json!("{}"))].into_iter();
    let elements = named.iter().flat_map(|name| specs().map(move |spec| element(name, spec)));
    vec![Group::of(elements.collect())]
}
