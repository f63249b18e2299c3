//! Sysctls: names are alike if they match the same patterns and are equally safe.

use std::collections::BTreeSet;

use pod_security_policy::pod::safe_sysctls;
use pod_security_policy::rule::dotted;
use serde_json::json;

use crate::prove::component::{Element, Group, World};
use crate::prove::context::Context;

pub(in crate::prove) fn groups(world: &World, context: Context) -> Vec<Group> {
    let vocabulary = &world.vocabulary;
    let listed = ["forbiddenSysctls", "allowedUnsafeSysctls"].map(|key| vocabulary.texts(key));
    let listed: BTreeSet<String> = listed.iter().flatten().map(|name| dotted(name).into_owned()).collect();
    let prefixes: Vec<&str> = listed.iter().filter_map(|name| name.strip_suffix('*')).collect();
    let mut names: BTreeSet<String> = listed.iter().filter(|name| !name.ends_with('*')).cloned().collect();
    names.extend(safe_sysctls(u64::MAX).map(str::to_owned));
    if world.standards {
        // Policies read a slash as a dot; the standards do not.
        names.extend(names.clone().iter().map(|name| name.replace('.', "/")));
    }
    for prefix in std::iter::once("").chain(prefixes.iter().copied()) {
        names.extend(vocabulary.beyond(prefix, prefixes.iter().copied(), ""));
    }
    let sysctl = |name: &String| {
        Element::of_pod(json!({"spec": {"securityContext": {"sysctls": [{"name": name, "value": "1"}]}}}))
    };
    let on_linux = names.iter().filter(|_| !context.windows);
    vec![Group::list(on_linux.map(sysctl).collect())]
}
