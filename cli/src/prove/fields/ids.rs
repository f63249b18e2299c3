//! Numbers: users, groups, ports. Those that lie in the same ranges are alike, so one of each class stands for all.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::prove::component::{Element, Group, World};
use crate::prove::context::Context;
use crate::prove::vocabulary::Vocabulary;

/// The highest id that the API server accepts.
const LAST_ID: i64 = 2_147_483_647;

fn ids(world: &World, field: &str) -> BTreeSet<i64> {
    let strategies = world.vocabulary.under(field).into_iter();
    let ranges = strategies.filter_map(|strategy| strategy.get("ranges")?.as_array()).flatten();
    let mut ids = Vocabulary::classes(ranges, 0, LAST_ID);
    // Root, and the first user that is not.
    ids.insert(1);
    ids
}

/// A user that a container inherits is as good as one of its own, and so is `runAsNonRoot: true`, since rules read the
/// effective value. The standards alone look at a pod's root and `false` that no container inherits.
pub(in crate::prove) fn users(world: &World, context: Context) -> Vec<Group> {
    let non_root = [None, Some(false), Some(true)];
    let mut users: Vec<Option<i64>> = vec![None];
    if !context.windows {
        users.extend(ids(world, "runAsUser").into_iter().map(Some));
    }
    let elements = || {
        let pairs = users.iter().flat_map(|user| non_root.iter().map(move |non_root| (user, non_root)));
        pairs
            .map(|(user, non_root)| match (user, non_root) {
                (None, None) => Element::default(),
                _ => Element::secured(&set(*user, *non_root)),
            })
            .collect()
    };
    let mut groups = vec![Group::of(elements())];
    if world.standards {
        let root = if context.windows { None } else { Some(Some(0)) };
        for user in [None].into_iter().chain(root) {
            for non_root in [None, Some(false)].into_iter().filter(|no| user.is_some() || no.is_some()) {
                let base = json!({"spec": {"securityContext": set(user, non_root)}});
                groups.push(Group { base, ..Group::of(elements()) });
            }
        }
    }
    groups
}

fn set(user: Option<i64>, non_root: Option<bool>) -> Value {
    let mut context = serde_json::Map::new();
    context.extend(user.map(|user| ("runAsUser".to_owned(), json!(user))));
    context.extend(non_root.map(|non_root| ("runAsNonRoot".to_owned(), json!(non_root))));
    Value::Object(context)
}

/// An inherited group is as good as one of the container's own.
pub(in crate::prove) fn primary_groups(world: &World, context: Context) -> Vec<Group> {
    let mut elements = vec![Element::default()];
    if !context.windows {
        elements
            .extend(ids(world, "runAsGroup").iter().map(|id| Element::secured(&json!({"runAsGroup": id}))));
    }
    vec![Group::of(elements)]
}

pub(in crate::prove) fn volume_groups(world: &World, context: Context) -> Vec<Group> {
    let mut groups = vec![Group::only(Value::Null)];
    if !context.windows {
        let ids = ids(world, "fsGroup");
        groups
            .extend(ids.iter().map(|id| Group::only(json!({"spec": {"securityContext": {"fsGroup": id}}}))));
    }
    groups
}

/// None, an empty list, and a list of groups that are each judged alone.
pub(in crate::prove) fn supplemental_groups(world: &World, context: Context) -> Vec<Group> {
    let mut groups = vec![Group::only(Value::Null)];
    if !context.windows {
        let list = |ids: &[i64]| json!({"spec": {"securityContext": {"supplementalGroups": ids}}});
        groups.push(Group::only(list(&[])));
        let ids = ids(world, "supplementalGroups");
        groups.push(Group::of(ids.into_iter().map(|id| Element::of_pod(list(&[id]))).collect()));
    }
    groups
}

/// On the host network a port is a host port: so each of them is both.
pub(in crate::prove) fn host_ports(world: &World, _: Context) -> Vec<Group> {
    let lists = world.vocabulary.under("hostPorts").into_iter();
    let ports = Vocabulary::classes(lists.filter_map(Value::as_array).flatten(), 1, 65_535);
    let element = |port: i64| Element {
        container: json!({"ports": [{"containerPort": port, "hostPort": port}]}),
        ..Element::default()
    };
    vec![Group::list(ports.into_iter().map(element).collect())]
}
