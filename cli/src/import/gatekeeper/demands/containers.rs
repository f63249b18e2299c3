//! Kinds of one field, with few parameters or none.

use serde_json::{Value, json};

use super::BASELINE;
use crate::import::gatekeeper::constraint::{Constraint, Demanded, Why};

/// The last port.
const LAST_PORT: i64 = 65535;

pub(super) fn privileged(constraint: &mut Constraint<'_>) -> Demanded {
    let mut piece = constraint.piece();
    piece.set("privileged", false);
    // HostProcess containers are another kind's business.
    piece.set("windowsOptions", json!({"hostProcess": true}));
    Ok(vec![piece])
}

pub(super) fn privilege_escalation(constraint: &mut Constraint<'_>) -> Demanded {
    constraint.restricts("allowPrivilegeEscalation", false)
}

pub(super) fn read_only_root_filesystem(constraint: &mut Constraint<'_>) -> Demanded {
    constraint.restricts("readOnlyRootFilesystem", true)
}

pub(super) fn host_namespaces(constraint: &mut Constraint<'_>) -> Demanded {
    let mut piece = constraint.piece();
    piece.set("hostPID", false);
    piece.set("hostIPC", false);
    Ok(vec![piece])
}

pub(super) fn host_process(constraint: &mut Constraint<'_>) -> Demanded {
    let mut piece = constraint.piece();
    piece.set("windowsOptions", json!({"hostProcess": false}));
    if constraint.exempts_all {
        piece.differs(
            "parameters.exemptImages",
            "`hostProcess` of containers was exempt, that of the pod was not",
            "both are judged",
            "one field decides about both",
        );
    }
    Ok(vec![piece])
}

pub(super) fn host_probes(constraint: &mut Constraint<'_>) -> Demanded {
    let mut piece = constraint.piece();
    piece.demand(BASELINE, Some(vec!["hostProbesAndHostLifecycle"]));
    Ok(vec![piece])
}

/// Of a value that is not known the template makes the default.
pub(super) fn proc_mount(constraint: &mut Constraint<'_>) -> Demanded {
    let allowed = constraint.parameters.text("procMount").unwrap_or_default();
    if allowed.eq_ignore_ascii_case("unmasked") {
        return Why::nothing("it allows every mount of /proc");
    }
    constraint.restricts("allowedProcMountTypes", json!(["Default"]))
}

pub(super) fn host_network(constraint: &mut Constraint<'_>) -> Demanded {
    let parameters = &mut constraint.parameters;
    let is_allowed = parameters.flag("hostNetwork");
    let ends = ["min", "max"].map(|end| parameters.integer(end));
    let mut piece = constraint.piece();
    if !is_allowed {
        piece.set("hostNetwork", false);
    }
    if ends.iter().any(Option::is_some) && !constraint.exempts_all {
        let [min, max] = ends;
        let (min, max) = (min.unwrap_or(0).max(0), max.unwrap_or(LAST_PORT).min(LAST_PORT));
        let ranges = if min <= max { json!([{"min": min, "max": max}]) } else { Value::Array(Vec::new()) };
        piece.set("hostPorts", ranges);
    }
    if piece.is_empty() {
        return Why::nothing("it allows the host's network and all of its ports");
    }
    Ok(vec![piece])
}
