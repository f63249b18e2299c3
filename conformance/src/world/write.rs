//! Policies, pods and requests of settings and values.

use serde_json::{Map, Value, json};

use super::table::{Base, Place, Write};
use crate::case::Case;

const IMAGE: &str = "registry.example.com/app:1";
/// The image of the pod before an update, so that the update changes something.
const OLD_IMAGE: &str = "registry.example.com/app:0";

/// Where the containers under test stand. Next to them is a container without a field that a rule judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Init,
    Regular,
    Ephemeral,
    Sidecar,
    /// In each of these places.
    Everywhere,
}

/// What becomes of a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// It is created, in the mutating phase.
    Create,
    /// It is created, in the validating phase.
    Validate,
    /// Its image changes.
    Update,
    /// An ephemeral container is added, by the subresource; to look into the container under test unless it is that one.
    Debug,
    /// It is the pod of a template.
    Template,
}

pub(super) const KINDS: [Kind; 5] =
    [Kind::Regular, Kind::Init, Kind::Ephemeral, Kind::Sidecar, Kind::Everywhere];
pub(super) const MOMENTS: [Moment; 5] =
    [Moment::Create, Moment::Validate, Moment::Update, Moment::Debug, Moment::Template];

impl Kind {
    /// The containers under test: list, name, restart policy.
    fn containers(self) -> &'static [(&'static str, &'static str)] {
        const ALL: [(&str, &str); 4] = [
            ("containers", "app"),
            ("initContainers", "init"),
            ("initContainers", "sidecar"),
            ("ephemeralContainers", "debug"),
        ];
        let [regular, init, sidecar, ephemeral] =
            [ALL.get(0..1), ALL.get(1..2), ALL.get(2..3), ALL.get(3..4)].map(Option::unwrap_or_default);
        match self {
            Self::Regular => regular,
            Self::Init => init,
            Self::Sidecar => sidecar,
            Self::Ephemeral => ephemeral,
            Self::Everywhere => &ALL,
        }
    }
}

/// The widest policy with settings of its own.
pub(super) fn policy(base: &Base, name: &str, settings: &[&Map<String, Value>]) -> Value {
    let mut spec = base.policy.clone();
    let mut annotations = spec.remove("annotations").unwrap_or_else(|| json!({}));
    for (field, value) in settings.iter().flat_map(|fields| fields.iter()) {
        match (field.as_str(), value, &mut annotations) {
            ("annotations", Value::Object(changes), Value::Object(annotations)) => {
                changes.iter().for_each(|(key, value)| put(annotations, key, value));
            }
            _ => put(&mut spec, field, value),
        }
    }
    json!({
        "apiVersion": "policy/v1beta1",
        "kind": "PodSecurityPolicy",
        "metadata": {"name": name, "annotations": annotations},
        "spec": spec,
    })
}

fn put(object: &mut Map<String, Value>, key: &str, value: &Value) {
    if value.is_null() {
        object.remove(key);
    } else {
        object.insert(key.to_owned(), value.clone());
    }
}

/// A pod whose containers under test, and which itself, have these values.
pub(super) fn pod(base: &Base, kind: Kind, writes: &[Write<'_>]) -> Value {
    let mut pod = base.pod.clone();
    let tested = kind.containers();
    let plain = !tested.iter().any(|(list, _)| *list == "containers");
    let named = |list: &str, name: &str| {
        let mut container = json!({"name": name, "image": IMAGE});
        if name == "sidecar" {
            merge(&mut container, "/restartPolicy", &"Always".into());
        }
        (format!("/spec/{list}"), container)
    };
    for (list, name) in plain.then_some(("containers", "app")).into_iter().chain(tested.iter().copied()) {
        let (list, mut container) = named(list, name);
        if tested.iter().any(|(_, tested)| *tested == name) {
            for (dimension, value) in
                writes.iter().filter(|(dimension, _)| dimension.place == Place::Container)
            {
                merge(&mut container, &dimension.at, value);
            }
        }
        merge(&mut pod, &list, &json!([container]));
    }
    for (dimension, value) in writes {
        match dimension.place {
            Place::Pod => merge(&mut pod, &dimension.at, value),
            Place::Container => {}
            Place::Annotation => {
                for (_, name) in tested {
                    let key = dimension.at.replace('/', "~1");
                    merge(&mut pod, &format!("/metadata/annotations/{key}{name}"), value);
                }
            }
        }
    }
    pod
}

/// Writes a value at a path. Lists are appended to, and objects merged, where both are.
fn merge(target: &mut Value, pointer: &str, value: &Value) {
    match pointer.strip_prefix('/') {
        None => join(target, value),
        Some(rest) => {
            let (key, rest) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
            if !target.is_object() {
                *target = json!({});
            }
            if let Some(object) = target.as_object_mut() {
                let key = key.replace("~1", "/");
                merge(object.entry(key).or_insert(Value::Null), rest, value);
            }
        }
    }
}

fn join(target: &mut Value, value: &Value) {
    match (target, value) {
        (Value::Array(target), Value::Array(more)) => {
            for element in more {
                let mut element = element.clone();
                let taken = |name: &Value| target.iter().any(|one| one.get("name") == Some(name));
                // The second volume of one name.
                if let Some(name) = element.get_mut("name").filter(|name| taken(name)) {
                    *name = format!("{}2", name.as_str().unwrap_or_default()).into();
                }
                target.push(element);
            }
        }
        (Value::Object(target), Value::Object(more)) => {
            for (key, value) in more {
                join(target.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (target, value) => *target = value.clone(),
    }
}

/// The request that brings a pod.
pub(super) fn case(name: String, policies: Vec<Value>, pod: Value, moment: Moment) -> Case {
    let mut case =
        Case { name, psps: policies, pod, user: "alice".to_owned(), loose: true, ..Case::default() };
    match moment {
        Moment::Create | Moment::Template => {}
        Moment::Validate => "validate".clone_into(&mut case.steps),
        Moment::Update => {
            "UPDATE".clone_into(&mut case.op);
            case.old_pod = case.pod.clone();
            if let Some(image) = case.old_pod.pointer_mut("/spec/containers/0/image") {
                *image = OLD_IMAGE.into();
            }
        }
        Moment::Debug => {
            "UPDATE".clone_into(&mut case.op);
            "ephemeralcontainers".clone_into(&mut case.sub);
            case.old_pod = case.pod.clone();
            let new = case.pod.pointer("/spec/ephemeralContainers").cloned();
            // A second one, where there are several kinds.
            let several = new.is_some() && case.pod.pointer("/spec/initContainers").is_some();
            if let Some(spec) = case.old_pod.get_mut("spec").and_then(Value::as_object_mut) {
                spec.remove("ephemeralContainers");
            }
            if new.is_none() {
                let target = ["/spec/initContainers/0/name", "/spec/containers/0/name"];
                let target = target.into_iter().find_map(|path| case.pod.pointer(path)).cloned();
                let added = json!([{"name": "debug", "image": IMAGE, "targetContainerName": target}]);
                merge(&mut case.pod, "/spec/ephemeralContainers", &added);
            }
            if several {
                let first = json!([{"name": "first", "image": IMAGE}]);
                merge(&mut case.pod, "/spec/ephemeralContainers", &first);
                merge(&mut case.old_pod, "/spec/ephemeralContainers", &first);
            }
        }
    }
    case
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ours;
    use crate::world::table::tables;

    #[test]
    fn every_setting_loads() {
        let base = Base::load().unwrap();
        for table in tables().unwrap() {
            for (name, fields) in &table.settings {
                let case = Case { psps: vec![policy(&base, "p", &[fields])], ..Case::default() };
                assert_eq!(ours::problems(&case), None, "{}: {name}", table.rule);
            }
        }
    }
}
