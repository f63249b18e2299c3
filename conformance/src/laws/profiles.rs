//! An AppArmor profile is the same whether a container's field or its annotation names it: for the annotation there is
//! the original.

use serde_json::{Map, Value};

use super::Held;
use crate::case::Case;
use crate::generate::Rng;
use crate::ours::{self, Answer};

const ANNOTATION: &str = "container.apparmor.security.beta.kubernetes.io/";

pub(super) fn holds(case: &Case, answer: &Answer, _: &mut Rng) -> Held {
    if answer.message.as_deref().is_some_and(|message| message.starts_with("the object cannot be read")) {
        return Held::Silent;
    }
    // Of an added container the API server keeps no annotation.
    if !case.sub.is_empty() {
        return Held::Silent;
    }
    // What the pod says as a whole is judged by itself; what is no profile has no annotation.
    if case.pod.pointer("/spec/securityContext/appArmorProfile").is_some() {
        return Held::Silent;
    }
    let mut annotated = case.clone();
    let fields = move_fields(&mut annotated.pod);
    if !matches!((fields, move_fields(&mut annotated.old_pod)), (Some(1..), Some(_))) {
        return Held::Silent;
    }
    let found = ours::natively(&annotated);
    if (found.accepted, &found.winner) == (answer.accepted, &answer.winner) {
        return Held::Holds;
    }
    Held::Broken(format!("with annotations in the place of fields: {found:?} instead of {answer:?}"))
}

/// Makes annotations of the containers' fields, and counts them; `None` where there is no annotation that says the same, or
/// one already: to take that away is a change of its own.
fn move_fields(pod: &mut Value) -> Option<usize> {
    let mut moved = Map::new();
    let annotations = pod.pointer("/metadata/annotations").and_then(Value::as_object).into_iter().flatten();
    let annotated: Vec<String> =
        annotations.filter_map(|(key, _)| key.strip_prefix(ANNOTATION)).map(str::to_owned).collect();
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        let containers = pod.pointer_mut(&format!("/spec/{list}")).and_then(Value::as_array_mut);
        for container in containers.into_iter().flatten() {
            let name = container.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
            let context = container.get_mut("securityContext").and_then(Value::as_object_mut);
            let Some(profile) = context.and_then(|context| context.remove("appArmorProfile")) else {
                continue;
            };
            if !profile.is_null() {
                if annotated.contains(&name) {
                    return None;
                }
                moved.insert(format!("{ANNOTATION}{name}"), text(&profile)?.into());
            }
        }
    }
    let count = moved.len();
    if let Some(metadata) = pod.get_mut("metadata").and_then(Value::as_object_mut).filter(|_| count > 0) {
        let annotations = metadata.entry("annotations").or_insert(Value::Null);
        if !annotations.is_object() {
            *annotations = Value::Object(Map::new());
        }
        annotations.as_object_mut()?.extend(moved);
    }
    Some(count)
}

fn text(profile: &Value) -> Option<String> {
    let path = profile.get("localhostProfile").and_then(Value::as_str).unwrap_or_default();
    match profile.get("type")?.as_str()? {
        "RuntimeDefault" if path.is_empty() => Some("runtime/default".to_owned()),
        "Unconfined" if path.is_empty() => Some("unconfined".to_owned()),
        "Localhost" if !path.is_empty() => Some(format!("localhost/{path}")),
        _ => None,
    }
}
