//! Capabilities: Gatekeeper ignores their letter case, settings do not.

use serde_json::Value;

use crate::import::gatekeeper::constraint::{Constraint, Demanded, Why};

/// The capabilities of Linux, and the name for all, as pods spell them.
const NAMES: &[&str] = &[
    "ALL",
    "AUDIT_CONTROL",
    "AUDIT_READ",
    "AUDIT_WRITE",
    "BLOCK_SUSPEND",
    "BPF",
    "CHECKPOINT_RESTORE",
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "IPC_LOCK",
    "IPC_OWNER",
    "KILL",
    "LEASE",
    "LINUX_IMMUTABLE",
    "MAC_ADMIN",
    "MAC_OVERRIDE",
    "MKNOD",
    "NET_ADMIN",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_RAW",
    "PERFMON",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYSLOG",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_CHROOT",
    "SYS_MODULE",
    "SYS_NICE",
    "SYS_PACCT",
    "SYS_PTRACE",
    "SYS_RAWIO",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "WAKE_ALARM",
];

const ALLOWED: &str = "parameters.allowedCapabilities";
const DROPPED: &str = "parameters.requiredDropCapabilities";

/// The spelling of pods for a name of Linux; any other name stays as it is.
fn usual(name: &str) -> &str {
    NAMES.iter().find(|known| known.eq_ignore_ascii_case(name)).copied().unwrap_or(name)
}

fn listed(names: Vec<String>) -> Value {
    let mut list: Vec<Value> = Vec::new();
    for name in names.into_iter().map(Value::String) {
        if !list.contains(&name) {
            list.push(name);
        }
    }
    Value::Array(list)
}

/// What may be added and what must be dropped are two pieces: settings do not accept a name in both lists.
pub(super) fn read(constraint: &mut Constraint<'_>) -> Demanded {
    let allowed = constraint.parameters.texts("allowedCapabilities");
    let dropped = constraint.parameters.texts("requiredDropCapabilities");
    let mut pieces = Vec::new();
    if !allowed.iter().any(|name| name == "*") {
        let mut piece = constraint.piece();
        let spellings = allowed.iter().flat_map(|name| [name.clone(), usual(name).to_owned()]);
        piece.set("allowedCapabilities", listed(spellings.collect()));
        if !allowed.is_empty() {
            piece.differs(
                ALLOWED,
                "the letter case of names did not count",
                "they are compared as they are written, here and in capitals",
                "PodSecurityPolicy compares texts",
            );
        }
        pieces.push(piece);
    }
    if !dropped.is_empty() {
        let mut piece = constraint.piece();
        let names = dropped.iter().map(|name| usual(name).to_owned());
        piece.set("requiredDropCapabilities", listed(names.collect()));
        piece.differs(
            DROPPED,
            "the letter case of names did not count, that of `ALL` included",
            "they are compared in capitals",
            "PodSecurityPolicy compares texts",
        );
        piece.repaired.push("the template was satisfied by `drop: [ALL]` even where the container adds a capability again that it must drop");
        if dropped.iter().any(|name| name.to_ascii_uppercase().starts_with("CAP_")) {
            piece.differs(
                DROPPED,
                "`CAP_X` demanded that name",
                "it demands `X`",
                "runtimes drop nothing for `CAP_X`",
            );
        }
        pieces.push(piece);
    }
    if pieces.is_empty() {
        Why::nothing("it allows every capability and demands no drop")
    } else {
        Ok(pieces)
    }
}
