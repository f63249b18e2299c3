//! Advice about legal but unwise settings: PodSecurityPolicy accepted them, and their effect is not what it seems.

mod spec;

use std::fmt::{self, Display};

use pod_security_policy::settings::Form;
use serde_json::{Map, Value};

use super::{Judge, Registration};
use crate::error::Place;
use crate::input::{CLUSTER, Object};
use crate::rbac::{Rbac, mistakes};

/// Advice about one field of one policy.
#[derive(Clone, Debug)]
pub(crate) struct Advice {
    /// The name of the policy; empty for settings that have none.
    pub(crate) policy: String,
    /// The position of the field.
    pub(crate) place: Place,
    /// The path of the field in the object.
    pub(crate) field: String,
    pub(crate) about: About,
}

/// Advice about a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct About {
    /// The path of the field in the spec, or an annotation.
    pub(crate) field: String,
    /// The entry of a list; empty for the field as a whole.
    pub(crate) entry: String,
    /// Its effect, and what to write instead; the same for all policies.
    pub(crate) text: &'static str,
    /// Whether the policy cannot do what its author must have meant.
    pub(crate) is_serious: bool,
}

/// `psp.yaml:3:5: spec.volumes: …`; for standard input, which cannot be opened again, the policy is named.
impl Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&*self.place.file, &*self.policy) {
            ("stdin" | CLUSTER, name) if !name.is_empty() => write!(f, "policy {name}: ")?,
            _ => write!(f, "{}: ", self.place)?,
        }
        write!(f, "{}: ", self.field)?;
        if !self.about.entry.is_empty() {
            write!(f, "`{}` ", self.about.entry)?;
        }
        f.write_str(self.about.text)
    }
}

/// Advice about a policy, settings or a registration, with its position.
pub(crate) fn of_object(object: &Object) -> Vec<Advice> {
    let value = object.value();
    let mut reported = Vec::new();
    for Found { path, policy, spec, annotations_at, annotations } in policies_in(&value) {
        let in_path = |prefix: &str, field: &str| match prefix {
            "" => field.to_owned(),
            prefix => format!("{prefix}.{field}"),
        };
        for about in spec::about(spec, annotations) {
            let is_annotation = about.field.contains('/');
            let field = match is_annotation {
                true => format!("{annotations_at}[{}]", about.field),
                false => in_path(&path, &about.field),
            };
            reported.push(Advice { policy: policy.clone(), place: object.place(&field), field, about });
        }
    }
    reported
}

/// One policy in a document.
struct Found<'v> {
    path: String,
    policy: String,
    spec: &'v Value,
    annotations_at: String,
    annotations: &'v Value,
}

/// The policies in a document, with their paths.
fn policies_in<'v>(document: &'v Value) -> Vec<Found<'v>> {
    let kind = document.get("kind").and_then(Value::as_str).unwrap_or_default();
    if kind.ends_with("AdmissionPolicy") {
        let mut inside = document.pointer("/spec/settings").map(policies_in).unwrap_or_default();
        for Found { path, annotations_at, .. } in &mut inside {
            for path in [path, annotations_at] {
                *path = if path.is_empty() {
                    "spec.settings".to_owned()
                } else {
                    format!("spec.settings.{path}")
                };
            }
        }
        return inside;
    }
    let manifest = |policy: &'v Value, before: &str| {
        Some(Found {
            path: format!("{before}spec"),
            policy: policy.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default().to_owned(),
            spec: policy.get("spec")?,
            annotations_at: format!("{before}metadata.annotations"),
            annotations: policy.pointer("/metadata/annotations").unwrap_or(&Value::Null),
        })
    };
    let keys = document.as_object().into_iter().flat_map(Map::keys);
    match Form::of(keys) {
        Form::List => {
            let policies = document.get("policies").and_then(Value::as_array).into_iter().flatten();
            let listed = policies.enumerate();
            listed.filter_map(|(index, policy)| manifest(policy, &format!("policies[{index}]."))).collect()
        }
        Form::Manifest => manifest(document, "").into_iter().collect(),
        Form::Bare => vec![Found {
            path: String::new(),
            policy: String::new(),
            spec: document,
            annotations_at: "annotations".to_owned(),
            annotations: document.get("annotations").unwrap_or(&Value::Null),
        }],
        Form::Options => Vec::new(),
    }
}

/// Whether settings or a registration hold policies.
pub(crate) fn holds_policies(document: &Value) -> bool {
    !policies_in(document).is_empty()
}

/// Demands that a policy fills in, and that an API server without the field drops again, behind the mutating half.
const DROPPED: [(&str, &str); 2] =
    [("userNamespaceLevel", "RequirePodLevel"), ("supplementalGroupsPolicy", "Strict")];

/// The paths of demands that a mutating registration fills in, and that none of the others judges: an API server
/// without the field drops them.
pub(crate) fn dropped(mutating: &Value, judging: &[&Value]) -> Vec<String> {
    let demands = |spec: &Value, field: &str, demand: &str| {
        spec.get(field).and_then(Value::as_str).is_some_and(|own| own == demand)
    };
    let is_judged = |policy: &str, field: &str, demand: &str| {
        judging.iter().any(|value| {
            let mut policies = policies_in(value).into_iter().filter(|found| found.policy == policy);
            policies.any(|found| demands(found.spec, field, demand))
        })
    };
    let mut paths = Vec::new();
    for found in policies_in(mutating) {
        for (field, demand) in DROPPED {
            if demands(found.spec, field, demand) && !is_judged(&found.policy, field, demand) {
                paths.push(format!("{}.{field}", found.path));
            }
        }
    }
    paths
}

/// What is wrong with such a demand.
pub(crate) const IS_DROPPED: &str = "needs a second registration with mutating: false: an API server without the field drops what this one fills in";

/// Advice about registrations that mutate where none judges what is stored.
pub(crate) fn of_halves(objects: &[Object]) -> Vec<String> {
    let registrations = objects.iter().filter(|object| object.kind.ends_with("AdmissionPolicy"));
    let (mutating, judging): (Vec<_>, Vec<_>) = registrations
        .map(|object| (object, object.value()))
        .partition(|(_, value)| value.pointer("/spec/mutating") == Some(&Value::Bool(true)));
    let judging: Vec<&Value> = judging.iter().map(|(_, value)| value).collect();
    let mut reported = Vec::new();
    for (object, value) in &mutating {
        let paths = dropped(value, &judging);
        reported.extend(paths.iter().map(|path| format!("{}: {path}: {IS_DROPPED}", object.place(path))));
    }
    reported
}

/// Advice about how policies are granted.
pub(crate) fn of_grants(registrations: &[Registration], rbac: &Rbac) -> Vec<String> {
    let mut reported = Vec::new();
    for registration in registrations {
        let Judge::Settings(settings) = &registration.judge else { continue };
        for policy in &settings.policies {
            for mistake in mistakes(rbac, &policy.name) {
                let advice = format!("{}: {mistake}", policy.name);
                // Both halves of a pair have the same policies.
                if !reported.contains(&advice) {
                    reported.push(advice);
                }
            }
        }
    }
    reported
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn paths(document: Value) -> Vec<String> {
        let reported = of_object(&Object::of_value(&document));
        reported.iter().map(|advice| advice.field.clone()).collect()
    }

    #[test]
    fn what_is_unwise_is_reported_in_every_shape() {
        let spec = json!({"volumes": ["*"], "allowedCapabilities": ["NET_RAW", "CAP_CHOWN"],
            "allowedHostPaths": [{"pathPrefix": "/var/log", "readOnly": true}, {"pathPrefix": "/tmp"}]});
        let annotation = "seccomp.security.alpha.kubernetes.io/defaultProfileName";
        let annotations = json!({annotation: "unconfined"});
        let fields = ["allowedHostPaths[1]", "volumes", "allowedCapabilities[1]"];
        let all = |path: &str, annotations: &str| -> Vec<String> {
            let fields = fields.iter().map(|field| format!("{path}{field}"));
            fields.chain([format!("{annotations}annotations[{annotation}]")]).collect()
        };
        let mut bare = spec.clone();
        bare["annotations"] = annotations.clone();
        assert_eq!(paths(bare), all("", ""));
        let metadata = json!({"name": "p", "annotations": annotations});
        let manifest = json!({"kind": "PodSecurityPolicy", "metadata": metadata, "spec": spec});
        assert_eq!(paths(manifest.clone()), all("spec.", "metadata."));
        let settings = json!({"policies": [{"spec": {"volumes": ["gitRepo"]}}, manifest]});
        let mut listed = vec!["policies[0].spec.volumes".to_owned()];
        listed.extend(all("policies[1].spec.", "policies[1].metadata."));
        assert_eq!(paths(settings.clone()), listed);
        let registration = json!({"kind": "ClusterAdmissionPolicy", "spec": {"settings": settings}});
        let registered: Vec<String> = listed.iter().map(|path| format!("spec.settings.{path}")).collect();
        assert_eq!(paths(registration), registered);
    }

    #[test]
    fn a_privileged_policy_allows_volumes_and_host_paths_on_purpose() {
        let spec = json!({"volumes": ["*"], "allowedCapabilities": ["CAP_CHOWN"]});
        let mut privileged = spec.clone();
        privileged["privileged"] = true.into();
        assert_eq!(paths(spec), ["allowedHostPaths", "volumes", "allowedCapabilities[0]"]);
        assert_eq!(paths(privileged), ["allowedCapabilities[0]"]);
    }

    #[test]
    fn what_is_filled_in_needs_a_registration_that_judges_it() {
        let registration = |mutating: bool, level: &str| {
            let settings = json!({"userNamespaceLevel": level, "runAsUser": {"rule": "RunAsAny"}});
            Object::of_value(
                &json!({"kind": "ClusterAdmissionPolicy", "spec": {"mutating": mutating, "settings": settings}}),
            )
        };
        let advice = |objects: &[Object]| of_halves(objects).len();
        let (filling, judging) =
            (registration(true, "RequirePodLevel"), registration(false, "RequirePodLevel"));
        let other = registration(false, "AllowHostLevel");
        assert_eq!(
            of_halves(std::slice::from_ref(&filling)),
            [format!(
                "{}: spec.settings.userNamespaceLevel: needs a second registration with mutating: false: an API server without the field drops what this one fills in",
                filling.place("spec.settings.userNamespaceLevel")
            )]
        );
        assert_eq!(advice(&[filling, judging]), 0);
        assert_eq!(advice(&[registration(true, "RequirePodLevel"), other]), 1);
        assert_eq!(advice(&[registration(true, "AllowHostLevel")]), 0);
    }

    #[test]
    fn advice_names_its_place_or_the_policy_whose_text_is_gone() {
        let manifest = "kind: PodSecurityPolicy\nmetadata: {name: agent}\nspec:\n  volumes: [gitRepo]\n";
        let object = Object::of_text(manifest);
        let text = "runs git as root on the node; an init container clones as well";
        let [advice] = &*of_object(&object) else { panic!("one piece of advice") };
        assert_eq!(
            advice.to_string(),
            format!("{}: spec.volumes: `gitRepo` {text}", object.place("spec.volumes"))
        );
        let piped =
            Advice { place: Place { file: "stdin".into(), ..advice.place.clone() }, ..advice.clone() };
        assert_eq!(piped.to_string(), format!("policy agent: spec.volumes: `gitRepo` {text}"));
    }
}
