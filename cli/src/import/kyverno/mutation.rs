//! Rules that change pods, where that is a default of PodSecurityPolicy.

use serde_json::{Map, Value, json};

use super::fact::Unread;
use crate::import::piece::Piece;
use crate::input::yaml_value;

const APP_ARMOR_DEFAULT: &str = "apparmor.security.beta.kubernetes.io/defaultProfileName";
const SECCOMP_DEFAULT: &str = "seccomp.security.alpha.kubernetes.io/defaultProfileName";
const APP_ARMOR_OF_ELEMENT: &str = "container.apparmor.security.beta.kubernetes.io/{{element.name}}";

/// Adds what a rule fills in.
pub(super) fn add(mutate: &Value, piece: &mut Piece, at: &str) -> Result<(), Unread> {
    piece.writes = true;
    let found = match (mutate.get("patchStrategicMerge"), mutate.get("foreach").and_then(Value::as_array)) {
        (Some(patch), None) => merge(patch, piece),
        (None, Some(each)) => profiles(each, piece).or_else(|| capabilities(each, piece)),
        _ => None,
    };
    found.ok_or_else(|| Unread::new(at, BEYOND))
}

/// Why a mutation cannot be converted.
pub(super) const BEYOND: &str = "fills in what settings do not: they have defaults for runtime class, profiles, privilege escalation and added capabilities, and for what they demand";

/// A default for the runtime class.
pub(super) fn runtime_class(name: &str, always: bool, piece: &mut Piece) {
    piece.writes = true;
    piece.set("runtimeClass", json!({"allowedRuntimeClassNames": ["*"], "defaultRuntimeClassName": name}));
    if always {
        piece.differs(
            "runtimeClassName",
            "written over what the pod says",
            "filled in where the pod names none",
            "settings override nothing that an author wrote",
        );
    }
}

/// A default for AppArmor profiles.
pub(super) fn app_armor(profile: &str, piece: &mut Piece) {
    piece.writes = true;
    piece.annotate(APP_ARMOR_DEFAULT, profile);
    piece.differs(
        "metadata.annotations",
        "written as annotations, over those of the pod",
        "filled in as fields, where a container has no profile",
        "since Kubernetes 1.30 profiles are fields, and settings override nothing",
    );
}

/// Added capabilities.
pub(super) fn added(names: &[String], piece: &mut Piece) {
    piece.writes = true;
    piece.set("defaultAddCapabilities", names.to_vec());
    piece.differs(
        "capabilities.add",
        "added to some containers, by their place among all",
        "to each container that does not drop the capability",
        "the places of the list of all containers are not those of `spec.containers`",
    );
}

fn merge(patch: &Value, piece: &mut Piece) -> Option<()> {
    let (_, spec) = only(patch).filter(|(key, _)| *key == "spec")?;
    let (key, value) = only(spec)?;
    match key {
        "runtimeClassName" | "+(runtimeClassName)" => {
            runtime_class(value.as_str()?, key == "runtimeClassName", piece);
        }
        "securityContext" => {
            let (key, profile) = only(value)?;
            let always = key == "seccompProfile";
            (always || key == "+(seccompProfile)").then_some(())?;
            let (_, kind) = only(profile).filter(|(key, _)| ["type", "+(type)"].contains(key))?;
            (kind == "RuntimeDefault").then_some(())?;
            piece.annotate(SECCOMP_DEFAULT, "runtime/default");
            if always {
                piece.differs(
                    "seccompProfile",
                    "written over the profile of the pod",
                    "filled in where there is none",
                    "settings override nothing that an author wrote",
                );
            }
        }
        "containers" => {
            let [container] = value.as_array()?.as_slice() else { return None };
            let keys: Vec<&str> = container.as_object()?.keys().map(String::as_str).collect();
            let is_every = |name: &Value| name == "*" || name == "?*";
            let ["(name)", "securityContext"] = keys.as_slice() else { return None };
            container.get("(name)").filter(|name| is_every(name))?;
            let (key, value) = only(container.get("securityContext")?)?;
            (key == "+(allowPrivilegeEscalation)" && value == false).then_some(())?;
            piece.set("defaultAllowPrivilegeEscalation", false);
            piece.differs(
                "allowPrivilegeEscalation",
                "filled in for `containers`",
                "for all containers that may have it",
                "settings make no difference between lists of containers",
            );
        }
        _ => return None,
    }
    Some(())
}

/// An annotation for the profile of each container.
fn profiles(each: &[Value], piece: &mut Piece) -> Option<()> {
    let [one] = each else { return None };
    let (_, metadata) = only(one.get("patchStrategicMerge")?).filter(|(key, _)| *key == "metadata")?;
    let (_, annotations) = only(metadata).filter(|(key, _)| *key == "annotations")?;
    let (key, profile) = only(annotations)?;
    let key: String = key.chars().filter(|c| !c.is_whitespace()).collect();
    (key == APP_ARMOR_OF_ELEMENT).then_some(())?;
    app_armor(profile.as_str()?, piece);
    Some(())
}

/// A capability that is added to each container which does not drop it.
fn capabilities(each: &[Value], piece: &mut Piece) -> Option<()> {
    let mut names = Vec::new();
    for one in each {
        let conditions = one.pointer("/preconditions/all").and_then(Value::as_array).map(Vec::as_slice);
        let [condition] = conditions? else { return None };
        let name = condition.get("key")?.as_str()?;
        let drops = condition.get("value")?.as_str()?;
        (condition.get("operator")? == "AnyNotIn"
            && drops.contains("element.securityContext.capabilities.drop[]"))
        .then_some(())?;
        let patch: Value = yaml_value(one.get("patchesJson6902")?.as_str()?)?;
        let [patch] = patch.as_array()?.as_slice() else { return None };
        let path = patch.get("path")?.as_str()?;
        (path == "/spec/containers/{{elementIndex}}/securityContext/capabilities/add/-").then_some(())?;
        (patch.get("op")? == "add" && patch.get("value")? == name).then_some(())?;
        names.push(name.to_owned());
    }
    added(&names, piece);
    Some(())
}

/// The only member of an object.
fn only(value: &Value) -> Option<(&str, &Value)> {
    let members: &Map<String, Value> = value.as_object()?;
    let mut members = members.iter();
    let (key, value) = members.next()?;
    members.next().is_none().then_some((key.as_str(), value))
}
