//! What may help against an objection, the gentlest first.

use pod_security_policy::standards::RESTRICTED_VOLUMES;
use serde_json::Value;

use super::Objection;
use super::candidate::Candidate;
use crate::input::{Step, look, steps};

/// What may help against an objection.
pub(super) fn candidates(object: &Value, objection: &Objection) -> Vec<Candidate> {
    let Objection { rule, path, problem } = objection;
    let at = steps(path);
    let mut found = Vec::new();
    if let Some(wanted) =
        problem.strip_prefix("Required value: must be ").and_then(|text| serde_json::from_str(text).ok())
    {
        found.push(Candidate::Set(at.clone(), wanted));
    }
    if let Some(volume) = volume_of(&at) {
        found.push(Candidate::Unmount(volume.0, volume.1));
    }
    match &**rule {
        "allowedCapabilities" => found.push(Candidate::TakeOut(at.clone(), quoted(problem))),
        "requiredDropCapabilities" => {
            let name =
                problem.split(" is required to be dropped").next().and_then(|text| text.rsplit(": ").next());
            found.push(Candidate::PutIn(at.clone(), name.unwrap_or_default().to_owned()));
        }
        // On the host network the port itself is the host's.
        "hostPorts" => {
            found.push(Candidate::Remove(at.clone()));
            found.extend(parent(&at, 1).map(Candidate::Remove));
        }
        _ => {}
    }
    if let Some(check) = rule.strip_prefix("pss/") {
        // What is blamed is a container or the pod, which are to stay.
        return of_standard(check, &at, object);
    }
    // Options and profiles are left out as a whole.
    for whole in ["seLinuxOptions", "seccompProfile", "appArmorProfile"] {
        if let Some(end) = at.iter().position(|step| *step == Step::Key(whole.to_owned())) {
            found.extend(at.get(..=end).map(|path| Candidate::Remove(path.to_vec())));
        }
    }
    let mut places = vec![at.clone()];
    places.extend(of_pod(&at));
    for place in &places {
        found.push(Candidate::Remove(place.clone()));
    }
    if let Some(context) = parent(&at, 1).filter(|_| rule.to_lowercase().contains("privilegeescalation")) {
        found.push(Candidate::Remove(with(&context, &["privileged"])));
        found.push(Candidate::TakeOut(with(&context, &["capabilities", "add"]), "CAP_SYS_ADMIN".to_owned()));
    }
    for place in &places {
        for value in [Value::Bool(true), Value::Bool(false)] {
            found.push(Candidate::Set(place.clone(), value));
        }
        if let Some(id) = first_id(problem) {
            let value = if rule == "supplementalGroups" { Value::from(vec![id]) } else { Value::from(id) };
            found.push(Candidate::Set(place.clone(), value));
        }
        if rule == "seccomp" || rule == "appArmor" {
            found.push(Candidate::Set(place.clone(), serde_json::json!({"type": "RuntimeDefault"})));
            found.push(Candidate::Set(place.clone(), serde_json::json!({"type": "Unconfined"})));
        }
        if rule == "allowedProcMountTypes" {
            found.push(Candidate::Set(place.clone(), "Unmasked".into()));
        }
    }
    found
}

/// What satisfies a check of the Pod Security Standards at a container, or at the pod.
fn of_standard(check: &str, at: &[Step], object: &Value) -> Vec<Candidate> {
    let root: Vec<Step> = {
        let end = at.iter().rposition(|step| *step == Step::Key("spec".to_owned())).map_or(0, |end| end + 1);
        at.get(..end).unwrap_or_default().to_vec()
    };
    let own = |names: &[&str]| with(at, &[&["securityContext"], names].concat());
    let pod = |names: &[&str]| with(&root, &[&["securityContext"], names].concat());
    let everywhere = |names: &[&str]| vec![Candidate::Remove(own(names)), Candidate::Remove(pod(names))];
    match check {
        "privileged" => everywhere(&["privileged"]),
        "procMount" | "procMount_restricted" => everywhere(&["procMount"]),
        "windowsHostProcess" => everywhere(&["windowsOptions", "hostProcess"]),
        "seLinuxOptions" => everywhere(&["seLinuxOptions"]),
        "appArmorProfile" => everywhere(&["appArmorProfile"]),
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
            found
        }
        "seccompProfile_baseline" => everywhere(&["seccompProfile"]),
        "seccompProfile_restricted" => {
            let set = |path| Candidate::Set(path, serde_json::json!({"type": "RuntimeDefault"}));
            let mut found = vec![set(pod(&["seccompProfile"]))];
            found.extend(everywhere(&["seccompProfile"]));
            found.push(set(own(&["seccompProfile"])));
            found
        }
        _ => Vec::new(),
    }
}

/// How many elements a list has.
fn count(object: &Value, list: &[Step]) -> usize {
    look(object, list).and_then(Value::as_array).map_or(0, Vec::len)
}

fn with(path: &[Step], names: &[&str]) -> Vec<Step> {
    path.iter().cloned().chain(names.iter().map(|name| Step::Key((*name).to_owned()))).collect()
}

fn parent(path: &[Step], up: usize) -> Option<Vec<Step>> {
    path.get(..path.len().checked_sub(up)?).map(<[Step]>::to_vec)
}

/// The field of the pod that a container inherits, for a field of a container.
fn of_pod(path: &[Step]) -> Option<Vec<Step>> {
    let context = path.iter().position(|step| *step == Step::Key("securityContext".to_owned()))?;
    let spec = path.iter().take(context).rposition(|step| *step == Step::Key("spec".to_owned()))?;
    if context == spec + 1 {
        return None;
    }
    let (before, after) = (path.get(..=spec)?, path.get(context..)?);
    Some([before, after].concat())
}

/// The pod's spec and the volume's index, for a path that leads into a volume.
fn volume_of(path: &[Step]) -> Option<(Vec<Step>, usize)> {
    let at = path.iter().position(|step| *step == Step::Key("volumes".to_owned()))?;
    match path.get(at + 1)? {
        Step::Index(index) => Some((path.get(..at)?.to_vec(), *index)),
        Step::Key(_) => None,
    }
}

fn quoted(problem: &str) -> String {
    problem.split('"').nth(1).unwrap_or_default().to_owned()
}

/// The first id of the ranges that a problem tells.
fn first_id(problem: &str) -> Option<i64> {
    let (_, ranges) = problem.split_once("in the ranges: ")?;
    let digits: String =
        ranges.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}
