//! Candidate changes for an objection, the least invasive first.

use pod_security_policy::rule::ViolationKind;
use serde_json::Value;

use super::Objection;
use super::candidate::Candidate;
use super::places::{annotations, containers, root, with};
use super::standards::of_standard;
use crate::input::{Step, look, steps};

/// Candidate changes for an objection.
pub(super) fn candidates(object: &Value, objection: &Objection) -> Vec<Candidate> {
    let Objection { rule, path, .. } = objection;
    let at = steps(path);
    let is_profile = rule == "seccomp" || rule == "appArmor";
    let wanted = if is_profile { by_confinement(objection.wanted()) } else { objection.wanted() };
    let mut found = Vec::new();
    if objection.is_default || (objection.kind == Some(ViolationKind::Required) && !is_profile) {
        found.extend(wanted.iter().map(|value| Candidate::Set(at.clone(), value.clone())));
    }
    if let Some(volume) = volume_of(&at) {
        found.push(Candidate::Unmount(volume.0, volume.1));
    }
    if let Some(annotated) = of_annotation(object, &at, &wanted) {
        return annotated;
    }
    match &**rule {
        "allowedCapabilities" => {
            found.extend(objection.text().map(|name| Candidate::TakeOut(at.clone(), name)));
        }
        "requiredDropCapabilities" => {
            let names = wanted.iter().filter_map(Value::as_str);
            found.extend(names.map(|name| Candidate::PutIn(at.clone(), name.to_owned())));
        }
        // On the host network the port itself is the host's.
        "hostPorts" => {
            found.push(Candidate::Remove(at.clone()));
            found.extend(parent(&at, 1).map(Candidate::Remove));
        }
        _ => {}
    }
    if let Some(check) = rule.strip_prefix("pss/") {
        // The objection concerns a container or the pod, which must not be removed.
        return of_standard(check, &at, object);
    }
    // Options and profiles are removed as a whole.
    for whole in ["seLinuxOptions", "seccompProfile", "appArmorProfile"] {
        if let Some(end) = at.iter().position(|step| *step == Step::Key(whole.to_owned())) {
            found.extend(at.get(..=end).map(|path| Candidate::Remove(path.to_vec())));
        }
    }
    let mut places = vec![at.clone()];
    places.extend(of_pod(&at));
    if is_profile {
        // A field of the pod applies to all containers: one line is enough.
        for profile in &wanted {
            found.extend(places.iter().rev().map(|place| Candidate::Set(place.clone(), profile.clone())));
        }
    }
    for place in &places {
        found.push(Candidate::Remove(place.clone()));
    }
    if let Some(context) = parent(&at, 1).filter(|_| rule.to_lowercase().contains("privilegeescalation")) {
        found.push(Candidate::Remove(with(&context, &["privileged"])));
        found.push(Candidate::TakeOut(with(&context, &["capabilities", "add"]), "CAP_SYS_ADMIN".to_owned()));
        // Capabilities added by the policy are not added to containers that drop them.
        found.push(Candidate::PutIn(with(&context, &["capabilities", "drop"]), "CAP_SYS_ADMIN".to_owned()));
    }
    if let Some(capabilities) = parent(&at, 1).filter(|_| rule == "defaultAddCapabilities") {
        found.push(Candidate::PutIn(with(&capabilities, &["drop"]), "CAP_SYS_ADMIN".to_owned()));
    }
    for place in &places {
        for value in [Value::Bool(true), Value::Bool(false)] {
            found.push(Candidate::Set(place.clone(), value));
        }
        if !is_profile && rule != "requiredDropCapabilities" {
            found.extend(wanted.iter().map(|value| Candidate::Set(place.clone(), value.clone())));
        }
        if is_profile {
            found.push(Candidate::Set(place.clone(), serde_json::json!({"type": "RuntimeDefault"})));
            found.push(Candidate::Set(place.clone(), serde_json::json!({"type": "Unconfined"})));
        }
        if rule == "allowedProcMountTypes" {
            found.push(Candidate::Set(place.clone(), "Unmasked".into()));
        }
    }
    if rule == "seccomp" {
        // An annotation without a field is converted to the field: both have to be removed.
        let gone =
            annotations(object, &root(&at), |key| key.contains("seccomp.security.alpha.kubernetes.io/"));
        if !gone.is_empty() {
            let more = found
                .iter()
                .map(|candidate| Candidate::Each([&gone[..], std::slice::from_ref(candidate)].concat()));
            let more: Vec<Candidate> = more.collect();
            found.extend(more);
        }
    }
    found
}

/// Candidates for an annotation with a profile: the field that replaces it.
fn of_annotation(object: &Value, at: &[Step], profiles: &[Value]) -> Option<Vec<Candidate>> {
    let (Step::Key(key), before) = at.split_last()? else { return None };
    let name = key.strip_prefix("container.apparmor.security.beta.kubernetes.io/")?;
    let metadata = before.split_last().map(|(_, metadata)| metadata).filter(|path| !path.is_empty())?;
    let root = [metadata.split_last()?.1, &[Step::Key("spec".to_owned())]].concat();
    let is_meant = |container: &&Vec<Step>| {
        look(object, container).and_then(|container| container.get("name")).and_then(Value::as_str)
            == Some(name)
    };
    let gone = Candidate::Remove(at.to_vec());
    let mut found = vec![gone.clone()];
    for container in containers(object, &root).iter().filter(is_meant) {
        let field = with(container, &["securityContext", "appArmorProfile"]);
        for profile in profiles {
            found.push(Candidate::Each(vec![gone.clone(), Candidate::Set(field.clone(), profile.clone())]));
        }
    }
    Some(found)
}

fn parent(path: &[Step], up: usize) -> Option<Vec<Step>> {
    path.get(..path.len().checked_sub(up)?).map(<[Step]>::to_vec)
}

/// The field of the pod from which a container inherits its own.
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

/// Profiles, the confining ones first.
fn by_confinement(mut profiles: Vec<Value>) -> Vec<Value> {
    profiles.sort_by_key(|profile| match profile.get("type").and_then(Value::as_str) {
        Some("RuntimeDefault") => 0,
        Some("Localhost") => 1,
        _ => 2,
    });
    profiles.dedup();
    profiles
}
