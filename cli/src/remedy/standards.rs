//! Changes that satisfy a check of the Pod Security Standards.

use pod_security_policy::standards::RESTRICTED_VOLUMES;
use serde_json::Value;

use super::candidate::Candidate;
use super::places::{annotations, containers, count, root, with};
use crate::input::{Step, look};

/// Changes that satisfy a check of the Pod Security Standards at a container, or at the pod.
pub(super) fn of_standard(check: &str, at: &[Step], object: &Value) -> Vec<Candidate> {
    let root = root(at);
    let own = |names: &[&str]| with(at, &[&["securityContext"], names].concat());
    let pod = |names: &[&str]| with(&root, &[&["securityContext"], names].concat());
    let all = |names: &[&str]| -> Vec<Candidate> {
        let containers = containers(object, &root);
        let inside =
            containers.iter().map(|container| with(container, &[&["securityContext"], names].concat()));
        std::iter::once(pod(names)).chain(inside).map(Candidate::Remove).collect()
    };
    // Where the pod fails without its containers, it is unknown which of them would fail as well.
    let everywhere = |names: &[&str]| {
        vec![Candidate::Remove(own(names)), Candidate::Remove(pod(names)), Candidate::Each(all(names))]
    };
    match check {
        "privileged" => everywhere(&["privileged"]),
        "procMount" | "procMount_restricted" => everywhere(&["procMount"]),
        "windowsHostProcess" => everywhere(&["windowsOptions", "hostProcess"]),
        "seLinuxOptions" => everywhere(&["seLinuxOptions"]),
        "appArmorProfile" => {
            let prefix = "container.apparmor.security.beta.kubernetes.io/";
            let name = look(object, at).and_then(|container| container.get("name")).and_then(Value::as_str);
            let own = annotations(object, &root, |key| {
                key.strip_prefix(prefix).is_some_and(|key| Some(key) == name)
            });
            let annotated = annotations(object, &root, |key| key.starts_with(prefix));
            let mut found = everywhere(&["appArmorProfile"]);
            found.extend([own, annotated.clone()].map(Candidate::Each));
            found.push(Candidate::Each([annotated, all(&["appArmorProfile"])].concat()));
            found
        }
        "runAsUser" => everywhere(&["runAsUser"]),
        "sysctls" => everywhere(&["sysctls"]),
        "hostNamespaces" => {
            let names = ["hostIPC", "hostPID", "hostNetwork"];
            vec![Candidate::Each(names.map(|name| Candidate::Remove(with(&root, &[name]))).into())]
        }
        "hostPorts" => {
            let path = |index| [with(at, &["ports"]), vec![Step::Index(index)]].concat();
            let ports = (0..count(object, &with(at, &["ports"]))).rev();
            vec![
                Candidate::Each(
                    ports.clone().map(|index| Candidate::Remove(with(&path(index), &["hostPort"]))).collect(),
                ),
                // On the host network the port itself is the host's.
                Candidate::Each(ports.map(|index| Candidate::Remove(path(index))).collect()),
            ]
        }
        "hostPathVolumes" | "restrictedVolumes" => {
            let volumes = with(&root, &["volumes"]);
            let is_refused = |index: &usize| {
                let volume = look(object, &[&volumes[..], &[Step::Index(*index)]].concat());
                let mut keys = volume.and_then(Value::as_object).into_iter().flatten().map(|(key, _)| &**key);
                match check {
                    "hostPathVolumes" => keys.any(|key| key == "hostPath"),
                    _ => !keys.any(|key| RESTRICTED_VOLUMES.contains(&key)),
                }
            };
            let refused = (0..count(object, &volumes)).rev().filter(is_refused);
            vec![Candidate::Each(refused.map(|index| Candidate::Unmount(root.clone(), index)).collect())]
        }
        "allowPrivilegeEscalation" => vec![Candidate::Set(own(&["allowPrivilegeEscalation"]), false.into())],
        "capabilities_baseline" => everywhere(&["capabilities", "add"]),
        "capabilities_restricted" => vec![
            Candidate::Set(own(&["capabilities", "drop"]), serde_json::json!(["ALL"])),
            Candidate::Set(own(&["capabilities"]), serde_json::json!({"drop": ["ALL"]})),
        ],
        "runAsNonRoot" => {
            let set = |path| Candidate::Set(path, true.into());
            let mut found = vec![set(pod(&["runAsNonRoot"]))];
            found.extend(everywhere(&["runAsNonRoot"]));
            found.push(set(own(&["runAsNonRoot"])));
            found.push(Candidate::Each([all(&["runAsNonRoot"]), vec![set(pod(&["runAsNonRoot"]))]].concat()));
            found
        }
        "seccompProfile_baseline" => {
            let annotated =
                annotations(object, &root, |key| key.contains("seccomp.security.alpha.kubernetes.io/"));
            let mut found = everywhere(&["seccompProfile"]);
            found.push(Candidate::Each(annotated.clone()));
            found.push(Candidate::Each([annotated, all(&["seccompProfile"])].concat()));
            found
        }
        "seccompProfile_restricted" => {
            let set = |path| Candidate::Set(path, serde_json::json!({"type": "RuntimeDefault"}));
            let mut found = vec![set(pod(&["seccompProfile"]))];
            found.extend(everywhere(&["seccompProfile"]));
            found.push(set(own(&["seccompProfile"])));
            found.push(Candidate::Each(
                [all(&["seccompProfile"]), vec![set(pod(&["seccompProfile"]))]].concat(),
            ));
            found
        }
        _ => Vec::new(),
    }
}
