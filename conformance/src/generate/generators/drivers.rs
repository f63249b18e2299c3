//! `allowedFlexVolumes`, `allowedCSIDrivers`.

use serde_json::{Value, json};

use super::Facet;
use super::volumes::{allows, mount};
use crate::generate::pod::Pod;
use crate::generate::policy::Policy;
use crate::generate::rng::Rng;

/// A volume type with drivers: its type, the policy's list, the key of a list's entry, names that resemble one another.
struct Kind {
    volume: &'static str,
    list: &'static str,
    key: &'static str,
    names: [&'static str; 4],
}

const KINDS: [Kind; 2] = [
    Kind {
        volume: "flexVolume",
        list: "allowedFlexVolumes",
        key: "driver",
        names: ["acme/lvm", "acme/lvm2", "acme", "Acme/lvm"],
    },
    Kind {
        volume: "csi",
        list: "allowedCSIDrivers",
        key: "name",
        names: ["csi.acme.io", "csi.acme.io2", "acme.io", "CSI.acme.io"],
    },
];

#[derive(Debug)]
pub(super) struct Drivers;

impl Facet for Drivers {
    fn name(&self) -> &'static str {
        "drivers"
    }

    fn settle(&self, rng: &mut Rng, _settled: &Policy, policy: &mut Policy) {
        for kind in &KINDS {
            let count = rng.weighed(&[(50, None), (5, Some(0)), (25, Some(1)), (20, Some(2))]);
            if let Some(count) = count {
                let entries: Vec<Value> =
                    rng.some(&kind.names, count).into_iter().map(|name| json!({kind.key: name})).collect();
                policy.set(kind.list, entries);
            }
        }
    }

    /// Volumes are made by `volumes`, which asks [`fitting`] for a driver.
    fn fit(&self, _dice: &mut Rng, _policy: &Policy, _explicit: bool, _pod: &mut Pod) {}

    fn violate(&self, rng: &mut Rng, policy: &Policy, pod: &mut Pod) -> bool {
        let governed: Vec<usize> = (0..KINDS.len())
            .filter(|index| {
                KINDS
                    .get(*index)
                    .is_some_and(|kind| allows(policy, kind.volume) && !listed(policy, kind).is_empty())
            })
            .collect();
        let Some(kind) =
            (!governed.is_empty()).then(|| rng.pick(&governed)).and_then(|index| KINDS.get(index))
        else {
            return false;
        };
        let listed = listed(policy, kind);
        let others: Vec<&str> =
            kind.names.into_iter().chain([""]).filter(|name| !listed.iter().any(|may| may == name)).collect();
        let driver = rng.pick(&others);
        mount(rng, pod, kind.volume, &json!({"driver": driver}), false);
        true
    }
}

/// A driver that the policy takes for a volume of this type.
pub(super) fn fitting(rng: &mut Rng, policy: &Policy, volume: &str) -> String {
    let Some(kind) = KINDS.iter().find(|kind| kind.volume == volume) else { return String::new() };
    match listed(policy, kind) {
        listed if listed.is_empty() => rng.pick(&kind.names).to_owned(),
        listed => rng.pick(&listed),
    }
}

fn listed(policy: &Policy, kind: &Kind) -> Vec<String> {
    let names = policy.list(kind.list);
    names.iter().filter_map(|entry| entry.get(kind.key)?.as_str()).map(str::to_owned).collect()
}
