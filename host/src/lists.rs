//! Lists of policies to measure with.

use serde_json::{Value, json};

use crate::{Error, Settings};

/// What a list does with the typical sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Only the last policy accepts it unchanged: of the others, every second rejects it and the rest would have to
    /// change it.
    AcceptedByTheLast,
    /// Each policy rejects it, for a volume and for what a container lacks.
    RejectedByAll,
}

/// A list of so many policies like this bare one, which accepts the typical sample as it is.
///
/// # Errors
///
/// When the settings cannot be written.
pub fn list_of_policies(bare: &Value, count: usize, outcome: Outcome) -> Result<Settings, Error> {
    let policies: Vec<Value> = (1..=count)
        .map(|number| {
            let mut spec = bare.clone();
            let annotations = spec.as_object_mut().and_then(|spec| spec.remove("annotations"));
            match (outcome, number.is_multiple_of(2)) {
                (Outcome::AcceptedByTheLast, _) if number == count => {}
                (Outcome::AcceptedByTheLast, true) => put(&mut spec, "readOnlyRootFilesystem", json!(true)),
                (Outcome::AcceptedByTheLast, false) => {
                    put(&mut spec, "fsGroup", json!({"rule": "MustRunAs", "ranges": [{"min": 1, "max": 1}]}));
                }
                (Outcome::RejectedByAll, even) => {
                    put(&mut spec, "volumes", json!([if even { "secret" } else { "configMap" }]));
                    put(&mut spec, "requiredDropCapabilities", json!(["CHOWN"]));
                }
            }
            json!({"metadata": {"name": format!("policy-{number:03}"), "annotations": annotations}, "spec": spec})
        })
        .collect();
    Settings::try_from(json!({"policies": policies, "authorization": "None"}))
}

fn put(object: &mut Value, key: &str, value: Value) {
    if let Some(members) = object.as_object_mut() {
        members.insert(key.to_owned(), value);
    }
}
