//! Updates that change nothing governed pass, whatever the policies say of the pod.

use serde_json::{Value, json};

use super::{Held, equal};
use crate::case::Case;
use crate::generate::Rng;
use crate::ours::{self, Answer};

pub(super) fn holds(case: &Case, _: &Answer, rng: &mut Rng) -> Held {
    // Neither what cannot be read nor policies that do not load pass.
    let readable = ours::natively(&Case { psps: vec![widest()], grants: None, ..created(case) }).accepted;
    if !readable || ours::problems(case).is_some() {
        return Held::Silent;
    }
    let mut update = Case { op: "UPDATE".to_owned(), old_pod: case.pod.clone(), ..created(case) };
    let (parent, key, value) = rng.pick(&[
        ("/metadata", "labels", json!({"zqz": "1"})),
        ("/metadata", "finalizers", json!(["example.com/zqz"])),
        ("/metadata", "ownerReferences", json!([])),
        ("/spec", "tolerations", json!([{"key": "zqz", "operator": "Exists"}])),
        ("/spec", "schedulingGates", json!([{"name": "example.com/zqz"}])),
        ("/spec", "activeDeadlineSeconds", json!(77)),
    ]);
    let older = rng.percent(50);
    let changed = if older { &mut update.old_pod } else { &mut update.pod };
    if let Some(parent) = changed.pointer_mut(parent).and_then(Value::as_object_mut) {
        parent.insert(key.to_owned(), value);
    }
    let passed = Answer { accepted: true, ..Answer::default() };
    equal(&ours::natively(&update), &passed, &format!("an update of {key}"))
}

fn created(case: &Case) -> Case {
    Case { op: String::new(), sub: String::new(), steps: String::new(), old_pod: Value::Null, ..case.clone() }
}

/// A policy without demands that a pod can fail.
fn widest() -> Value {
    json!({"metadata": {"name": "widest", "annotations": {"seccomp.security.alpha.kubernetes.io/allowedProfileNames": "*"}}, "spec": {
        "privileged": true, "allowedCapabilities": ["*"], "volumes": ["*"], "hostNetwork": true, "hostPID": true,
        "hostIPC": true, "hostPorts": [{"min": 0, "max": 65_536}], "allowedUnsafeSysctls": ["*"],
        "allowedProcMountTypes": ["Default", "Unmasked"], "runAsUser": {"rule": "RunAsAny"},
        "seLinux": {"rule": "RunAsAny"}, "supplementalGroups": {"rule": "RunAsAny"}, "fsGroup": {"rule": "RunAsAny"},
    }})
}
