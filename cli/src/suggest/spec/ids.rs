//! Numbers: ids of users and groups, and ports.

use serde_json::{Value, json};

use super::super::needs::{Ids, Needs, Used};
use super::{Draft, Strictness};

/// Ids outside of the range of system users.
const USUAL: (i64, i64) = (1, 65535);

impl Draft {
    pub(super) fn host_ports(&mut self, ports: &Used<i64>) {
        for (port, evidence) in ports {
            self.with_cause("hostPorts", port.to_string(), evidence);
        }
        if !ports.is_empty() {
            self.set("hostPorts", ranges(ports.keys().copied()));
        }
    }

    pub(super) fn users(&mut self, needs: &Needs) {
        let open = needs.root_open.as_ref().filter(|_| self.strictness == Strictness::Declared);
        let ids = &needs.users;
        if ids.open.is_none() && !ids.used.is_empty() && ids.used.keys().all(|id| *id >= 0) {
            if let Some(evidence) = &needs.root {
                self.with_cause("runAsUser", "root", evidence);
            }
            self.set("runAsUser", json!({"rule": "MustRunAs", "ranges": ranges(ids.used.keys().copied())}));
        } else if let Some(evidence) = needs.root.as_ref().or(open) {
            let need = if needs.root.is_some() { "root" } else { "it is left open" };
            self.with_cause("runAsUser", need, evidence);
            self.set("runAsUser", json!({"rule": "RunAsAny"}));
        } else {
            self.set("runAsUser", json!({"rule": "MustRunAsNonRoot"}));
        }
    }

    /// Group ids: required where all pods set one, else restricted to those in use.
    pub(super) fn ids(&mut self, field: &'static str, ids: &Ids) {
        if let Some((id, evidence)) = ids.used.first_key_value().filter(|(id, _)| **id <= 0) {
            self.with_cause(field, id.to_string(), evidence);
        }
        let value = if ids.used.keys().any(|id| *id < 0) {
            json!({"rule": "RunAsAny"})
        } else if ids.used.is_empty() {
            json!({"rule": "MayRunAs", "ranges": [{"min": USUAL.0, "max": USUAL.1}]})
        } else {
            let rule = if ids.open.is_some() { "MayRunAs" } else { "MustRunAs" };
            json!({"rule": rule, "ranges": ranges(ids.used.keys().copied())})
        };
        self.set(field, value);
    }
}

/// Numbers as ranges; adjacent ones are merged.
fn ranges(numbers: impl Iterator<Item = i64>) -> Value {
    let mut ranges: Vec<(i64, i64)> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some((_, max)) if max.checked_add(1) == Some(number) => *max = number,
            _ => ranges.push((number, number)),
        }
    }
    ranges.iter().map(|(min, max)| json!({"min": min, "max": max})).collect()
}
