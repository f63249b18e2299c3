//! Lists whose entries are checked one by one.

use serde_json::{Value, json};

use super::names::subdomain;
use crate::generate::dice::Dice;
use crate::generate::facets::{TYPES, fs_type};
use crate::generate::policy::Policy;

pub(super) fn volumes(dice: &mut Dice, policy: &mut Policy) {
    let count = dice.count(0, 3);
    let mut types: Vec<&str> = dice.some(&TYPES, count).into_iter().map(fs_type).collect();
    for _ in 0..dice.count(1, 2) {
        types.push(dice.pick(&[
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

pub(super) fn escalation(dice: &mut Dice, policy: &mut Policy) {
    policy.set("defaultAllowPrivilegeEscalation", dice.percent(80));
    match dice.count(0, 3) {
        0 => drop(policy.spec.remove("allowPrivilegeEscalation")),
        1 => policy.set("allowPrivilegeEscalation", true),
        _ => policy.set("allowPrivilegeEscalation", false),
    }
}

pub(super) fn proc_mounts(dice: &mut Dice, policy: &mut Policy) {
    let count = dice.count(1, 3);
    policy.set(
        "allowedProcMountTypes",
        dice.some(&["Default", "Unmasked", "default", "", "*", "Masked"], count),
    );
}

pub(super) fn host_paths(dice: &mut Dice, policy: &mut Policy) {
    let paths =
        ["/", "/a", "/a/..", "/a/../b", "..", "/..", "/a..b", "/..a", "/a/...", "", "", "/a//b", "/a/./b"];
    let count = dice.count(1, 4);
    let entries: Vec<Value> = dice
        .some(&paths, count)
        .into_iter()
        .map(|path| {
            if dice.percent(20) {
                json!({"pathPrefix": path, "readOnly": true})
            } else {
                json!({"pathPrefix": path})
            }
        })
        .collect();
    policy.set("allowedHostPaths", entries);
}

pub(super) fn flex_drivers(dice: &mut Dice, policy: &mut Policy) {
    let entries = [json!({"driver": "acme/lvm"}), json!({"driver": ""}), json!({"driver": " "}), json!({})];
    let count = dice.count(1, 3);
    policy.set("allowedFlexVolumes", dice.some(&entries, count));
}

pub(super) fn csi_drivers(dice: &mut Dice, policy: &mut Policy) {
    let entries: Vec<Value> = (0..dice.count(1, 3)).map(|_| json!({"name": subdomain(dice, 63)})).collect();
    policy.set("allowedCSIDrivers", entries);
}
