//! `defaultAddCapabilities`, `requiredDropCapabilities`, `allowedCapabilities`.

use serde_json::{Value, json};

use super::Generator;
use crate::generate::pod::{Container, Pod};
use crate::generate::policy::Policy;
use crate::generate::rng::Rng;

/// Names of one capability to a human reader, and unrelated words to PodSecurityPolicy.
const NAMES: [&str; 17] = [
    "ALL",
    "all",
    "NET_ADMIN",
    "net_admin",
    "CAP_NET_ADMIN",
    "NET_ADMIN2",
    "NET_RAW",
    "CHOWN",
    "KILL",
    "SYS_ADMIN",
    "CAP_SYS_ADMIN",
    "CAP_NET_RAW",
    "CAP_ALL",
    "cap_chown",
    "SYS_TIME",
    "NET_BIND_SERVICE",
    "",
];
const LISTS: [&str; 3] = ["defaultAddCapabilities", "requiredDropCapabilities", "allowedCapabilities"];

#[derive(Debug)]
pub(super) struct Capabilities;

impl Generator for Capabilities {
    fn name(&self) -> &'static str {
        "capabilities"
    }

    fn settle(&self, rng: &mut Rng, _settled: &Policy, policy: &mut Policy) {
        let [mut add, mut dropped, mut allowed] = [const { Vec::new() }; 3];
        // INVARIANT: what must be dropped is neither added nor allowed, and nothing is dropped together with a
        // wildcard.
        let wildcard = rng.percent(12);
        let used = rng.count(0, 6);
        for name in rng.some(&NAMES, used) {
            match rng.count(0, 5) {
                0 => add.push(name),
                1 => {
                    add.push(name);
                    allowed.push(name);
                }
                2 | 3 if !wildcard => dropped.push(name),
                _ => allowed.push(name),
            }
        }
        if wildcard {
            allowed.insert(rng.count(0, u32::from(!allowed.is_empty())), "*");
        }
        for (field, mut list) in LISTS.into_iter().zip([add, dropped, allowed]) {
            if rng.percent(5)
                && let Some(first) = list.first().copied()
            {
                list.push(first);
            }
            if !list.is_empty() || rng.percent(10) {
                policy.set(field, list);
            }
        }
    }

    fn fit(&self, rng: &mut Rng, policy: &Policy, explicit: bool, pod: &mut Pod) {
        let [add, dropped, allowed] = LISTS.map(|field| policy.strings(field));
        let wildcard = allowed.iter().any(|name| name == "*");
        let mut may: Vec<String> = add.iter().chain(&allowed).filter(|name| *name != "*").cloned().collect();
        if wildcard {
            may.extend(NAMES.map(str::to_owned));
        }
        for container in &mut pod.containers {
            let count = rng.weighed(&[(70, 0), (20, 1), (10, 3)]);
            let mut own_add = rng.some(&may, count);
            let count = rng.weighed(&[(70, 0), (20, 1), (10, 3)]);
            let mut own_drop: Vec<String> = rng.some(&NAMES, count).into_iter().map(str::to_owned).collect();
            if explicit {
                own_drop.extend(
                    dropped.iter().filter(|name| !own_drop.contains(name)).cloned().collect::<Vec<_>>(),
                );
                own_add.extend(
                    add.iter()
                        .filter(|name| !own_add.contains(name) && !own_drop.contains(name))
                        .cloned()
                        .collect::<Vec<_>>(),
                );
            }
            if rng.percent(15) {
                own_drop = vec![rng.pick(&["ALL", "ALL", "ALL", "all"]).to_owned()];
                if rng.percent(20) {
                    own_drop.extend(dropped.first().cloned());
                }
            }
            if rng.percent(5)
                && let Some(first) = own_add.first().cloned()
            {
                own_add.push(first);
            }
            write(rng, container, own_add, own_drop);
        }
    }

    fn violate(&self, rng: &mut Rng, policy: &Policy, pod: &mut Pod) -> bool {
        let [add, dropped, allowed] = LISTS.map(|field| policy.strings(field));
        if allowed.iter().any(|name| name == "*") {
            return false;
        }
        let near = add.iter().chain(&allowed).map(|name| format!("CAP_{name}"));
        let strangers: Vec<String> = NAMES
            .map(str::to_owned)
            .into_iter()
            .chain(near)
            .chain(dropped.iter().cloned())
            .chain(["*".to_owned()])
            .filter(|name| !add.contains(name) && !allowed.contains(name))
            .collect();
        let stranger = rng.pick(&strangers);
        let Some(container) = pod.any(rng) else { return false };
        let own = container.context.entry("capabilities").or_insert_with(|| json!({}));
        let Some(list) = own.as_object_mut().map(|own| own.entry("add").or_insert_with(|| json!([]))) else {
            return false;
        };
        list.as_array_mut().map(|list| list.push(stranger.into())).is_some()
    }
}

fn write(rng: &mut Rng, container: &mut Container, add: Vec<String>, dropped: Vec<String>) {
    let mut own = json!({});
    for (field, list) in [("add", add), ("drop", dropped)] {
        if (!list.is_empty() || rng.percent(3))
            && let Some(own) = own.as_object_mut()
        {
            own.insert(field.to_owned(), list.into());
        }
    }
    if own != json!({}) || rng.percent(5) {
        container.secure("capabilities", Value::take(&mut own));
    }
}
