//! `volumes`.

use serde_json::{Value, json};

use super::sources::{TYPES, fs_type, source, token};
use super::{Facet, drivers, host_paths};
use crate::generate::dice::Dice;
use crate::generate::pod::Pod;
use crate::generate::policy::Policy;

const FIELD: &str = "volumes";

#[derive(Debug)]
pub(super) struct Volumes;

impl Facet for Volumes {
    fn name(&self) -> &'static str {
        FIELD
    }

    fn settle(&self, dice: &mut Dice, settled: &Policy, policy: &mut Policy) {
        let mut types: Vec<&str> = match dice.count(0, 19) {
            0 => return,
            1 => Vec::new(),
            2..=5 => vec!["*"],
            _ => {
                let count = dice.count(1, 12);
                dice.some(&TYPES, count).into_iter().map(fs_type).collect()
            }
        };
        if !types.is_empty() {
            // Paths and drivers are only judged on volumes whose type is allowed.
            for (list, volume) in [
                ("allowedHostPaths", "hostPath"),
                ("allowedFlexVolumes", "flexVolume"),
                ("allowedCSIDrivers", "csi"),
            ] {
                if !settled.list(list).is_empty() && dice.percent(80) {
                    types.push(volume);
                }
            }
            if dice.percent(25) {
                types.push("secret");
            }
        }
        policy.set(FIELD, types);
    }

    fn fit(&self, dice: &mut Dice, policy: &Policy, _explicit: bool, pod: &mut Pod) {
        let fitting: Vec<&str> = TYPES.into_iter().filter(|volume| allows(policy, volume)).collect();
        for _ in 0..dice.weighed(&[(40, 0), (30, 1), (20, 2), (10, 3)]) {
            // Where secrets are allowed, so is the token every pod gets.
            if allows(policy, "secret") && dice.percent(20) {
                let source = token(dice);
                mount(dice, pod, "projected", &source, true);
                continue;
            }
            match dice.pick(&fitting) {
                "" => {}
                "hostPath" => {
                    if let Some((path, read_only)) = host_paths::fitting(dice, policy) {
                        mount(dice, pod, "hostPath", &json!({"path": path}), read_only);
                    }
                }
                volume @ ("flexVolume" | "csi") => {
                    let driver = drivers::fitting(dice, policy, volume);
                    mount(dice, pod, volume, &json!({"driver": driver}), false);
                }
                volume => {
                    let source = source(dice, volume);
                    mount(dice, pod, volume, &source, false);
                }
            }
        }
    }

    fn depart(&self, dice: &mut Dice, policy: &Policy, pod: &mut Pod) -> bool {
        let refused: Vec<&str> = TYPES.into_iter().filter(|volume| !allows(policy, volume)).collect();
        if refused.is_empty() {
            return false;
        }
        let volume = if refused.contains(&"projected") && dice.percent(15) {
            "projected"
        } else {
            dice.pick(&refused)
        };
        let source = source(dice, volume);
        mount(dice, pod, volume, &source, false);
        true
    }
}

/// Whether the policy's list has a type, given by its key in a pod.
pub(super) fn allows(policy: &Policy, volume: &str) -> bool {
    let types = policy.strings(FIELD);
    types.iter().any(|one| one == "*" || one == fs_type(volume))
}

/// Adds a volume, and mounts it in some containers.
pub(crate) fn mount(dice: &mut Dice, pod: &mut Pod, volume: &str, source: &Value, read_only: bool) {
    let name = format!("v{}", pod.spec.get(FIELD).and_then(Value::as_array).map_or(0, Vec::len));
    pod.append(FIELD, json!({"name": name, volume: source}));
    for container in &mut pod.containers {
        if !dice.percent(40) {
            continue;
        }
        let mut mounted = json!({"name": name, "mountPath": format!("/mnt/{name}")});
        if (read_only || dice.percent(20))
            && let Some(mounted) = mounted.as_object_mut()
        {
            mounted.insert("readOnly".to_owned(), Value::Bool(read_only || dice.percent(50)));
        }
        container.append("volumeMounts", mounted);
    }
}
