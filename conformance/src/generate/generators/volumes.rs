//! `volumes`.

use serde_json::json;

use super::mounts::{FIELD, allows, mount};
use super::sources::{TYPES, fs_type, source, token};
use super::{Generator, drivers, host_paths};
use crate::generate::pod::Pod;
use crate::generate::policy::Policy;
use crate::generate::rng::Rng;

#[derive(Debug)]
pub(super) struct Volumes;

impl Generator for Volumes {
    fn name(&self) -> &'static str {
        FIELD
    }

    fn settle(&self, rng: &mut Rng, settled: &Policy, policy: &mut Policy) {
        let mut types: Vec<&str> = match rng.count(0, 19) {
            0 => return,
            1 => Vec::new(),
            2..=5 => vec!["*"],
            _ => {
                let count = rng.count(1, 12);
                rng.some(&TYPES, count).into_iter().map(fs_type).collect()
            }
        };
        if !types.is_empty() {
            // Paths and drivers are only evaluated on volumes whose type is allowed.
            for (list, volume) in [
                ("allowedHostPaths", "hostPath"),
                ("allowedFlexVolumes", "flexVolume"),
                ("allowedCSIDrivers", "csi"),
            ] {
                if !settled.list(list).is_empty() && rng.percent(80) {
                    types.push(volume);
                }
            }
            if rng.percent(25) {
                types.push("secret");
            }
        }
        policy.set(FIELD, types);
    }

    fn fit(&self, rng: &mut Rng, policy: &Policy, _explicit: bool, pod: &mut Pod) {
        let fitting: Vec<&str> = TYPES.into_iter().filter(|volume| allows(policy, volume)).collect();
        for _ in 0..rng.weighed(&[(40, 0), (30, 1), (20, 2), (10, 3)]) {
            // Where secrets are allowed, so is the token volume of every pod.
            if allows(policy, "secret") && rng.percent(20) {
                let source = token(rng);
                mount(rng, pod, "projected", &source, true);
                continue;
            }
            match rng.pick(&fitting) {
                "" => {}
                "hostPath" => {
                    if let Some((path, read_only)) = host_paths::fitting(rng, policy) {
                        mount(rng, pod, "hostPath", &json!({"path": path}), read_only);
                    }
                }
                volume @ ("flexVolume" | "csi") => {
                    let driver = drivers::fitting(rng, policy, volume);
                    mount(rng, pod, volume, &json!({"driver": driver}), false);
                }
                volume => {
                    let source = source(rng, volume);
                    mount(rng, pod, volume, &source, false);
                }
            }
        }
    }

    fn violate(&self, rng: &mut Rng, policy: &Policy, pod: &mut Pod) -> bool {
        let refused: Vec<&str> = TYPES.into_iter().filter(|volume| !allows(policy, volume)).collect();
        if refused.is_empty() {
            return false;
        }
        let volume =
            if refused.contains(&"projected") && rng.percent(15) { "projected" } else { rng.pick(&refused) };
        let source = source(rng, volume);
        mount(rng, pod, volume, &source, false);
        true
    }
}
