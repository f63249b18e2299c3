//! Lists whose entries are validated one by one.

use serde_json::{Value, json};

use super::names::subdomain;
use crate::generate::generators::{TYPES, fs_type};
use crate::generate::policy::Policy;
use crate::generate::rng::Rng;

pub(super) fn volumes(rng: &mut Rng, policy: &mut Policy) {
    let count = rng.count(0, 3);
    let mut types: Vec<&str> = rng.some(&TYPES, count).into_iter().map(fs_type).collect();
    for _ in 0..rng.count(1, 2) {
        types.push(rng.pick(&[
            "*",
            "cephfs",
            "hostpath",
            "",
            "image",
            "emptyDir ",
            "PersistentVolumeClaim",
            "**",
        ]));
    }
    policy.set("volumes", types);
}

pub(super) fn escalation(rng: &mut Rng, policy: &mut Policy) {
    policy.set("defaultAllowPrivilegeEscalation", rng.percent(80));
    match rng.count(0, 3) {
        0 => drop(policy.spec.remove("allowPrivilegeEscalation")),
        1 => policy.set("allowPrivilegeEscalation", true),
        _ => policy.set("allowPrivilegeEscalation", false),
    }
}

pub(super) fn proc_mounts(rng: &mut Rng, policy: &mut Policy) {
    let count = rng.count(1, 3);
    policy.set(
        "allowedProcMountTypes",
        rng.some(&["Default", "Unmasked", "default", "", "*", "Masked"], count),
    );
}

pub(super) fn host_paths(rng: &mut Rng, policy: &mut Policy) {
    let paths =
        ["/", "/a", "/a/..", "/a/../b", "..", "/..", "/a..b", "/..a", "/a/...", "", "", "/a//b", "/a/./b"];
    let count = rng.count(1, 4);
    let entries: Vec<Value> = rng
        .some(&paths, count)
        .into_iter()
        .map(|path| {
            if rng.percent(20) {
                json!({"pathPrefix": path, "readOnly": true})
            } else {
                json!({"pathPrefix": path})
            }
        })
        .collect();
    policy.set("allowedHostPaths", entries);
}

pub(super) fn flex_drivers(rng: &mut Rng, policy: &mut Policy) {
    let entries = [json!({"driver": "acme/lvm"}), json!({"driver": ""}), json!({"driver": " "}), json!({})];
    let count = rng.count(1, 3);
    policy.set("allowedFlexVolumes", rng.some(&entries, count));
}

pub(super) fn csi_drivers(rng: &mut Rng, policy: &mut Policy) {
    let entries: Vec<Value> = (0..rng.count(1, 3)).map(|_| json!({"name": subdomain(rng, 63)})).collect();
    policy.set("allowedCSIDrivers", entries);
}
