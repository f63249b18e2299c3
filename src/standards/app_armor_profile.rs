//! An AppArmor profile further confines a container, and `Unconfined` removes the default profile of the container
//! runtime.
//!
//! | | |
//! |---|---|
//! | Level | baseline |
//! | Pod fields | `securityContext.appArmorProfile.type` of pod and containers; annotations `container.apparmor.security.beta.kubernetes.io/*` |
//! | Accepts | no profile, `RuntimeDefault`, `Localhost`; annotations that are empty, `runtime/default` or `localhost/…` |
//! | Source | Pod Security Standards, Baseline, "AppArmor"; KEP-24, which made fields of the annotations in Kubernetes 1.30 |
//!
//! Fields and annotations count at every version. So does an annotation for a container that the pod does not have.

use super::phrases::{annotation, plural, quoted, set};
use super::{Check, Level, Objection, Subject, Variant, doc_only};
use crate::pod::APP_ARMOR_CONTAINER;

pub(super) const CHECK: Check = Check {
    id: "appArmorProfile",
    level: Level::Baseline,
    purpose: doc_only("AppArmor profiles may not be switched off."),
    pod_fields: doc_only(
        "`securityContext.appArmorProfile` of pod and containers, the containers' annotations",
    ),
    variants: &[Variant { since: 0, judge }],
};

fn judge(subject: &Subject<'_>) -> Option<Objection> {
    let pod = subject.security_context().app_armor_profile.as_ref();
    let (setters, kinds) = subject.unaccepted_profiles(pod, |own| own.app_armor_profile.as_ref());
    let forbidden = subject
        .pod
        .annotations
        .iter()
        .filter_map(|(key, value)| Some((key, key.strip_prefix(APP_ARMOR_CONTAINER)?, value)))
        .filter(|(_, _, value)| !is_allowed(value));
    let mut names = None;
    let mut annotations = Vec::new();
    for (key, name, value) in forbidden {
        let (exempt, judged) =
            names.get_or_insert_with(|| (subject.sorted_names(true), subject.sorted_names(false)));
        // If exempt containers and others share a name, it counts.
        if exempt.binary_search(&name).is_err() || judged.binary_search(&name).is_ok() {
            annotations.push(annotation(key, value));
        }
    }
    let noun = plural(annotations.len(), "annotation", "annotations");
    let culprits = match setters {
        None if annotations.is_empty() => return None,
        None => noun.to_owned(),
        Some(setters) if annotations.is_empty() => setters,
        Some(setters) => setters + " and " + noun,
    };
    let mut values = set(kinds);
    values.extend(set(annotations.iter().map(String::as_str).collect()));
    Some(Objection {
        reason: plural(values.len(), "forbidden AppArmor profile", "forbidden AppArmor profiles"),
        detail: [&culprits, " must not set AppArmor profile type to ", &quoted(&values)].concat(),
    })
}

/// Whether the value of an annotation names a profile that is allowed.
fn is_allowed(value: &str) -> bool {
    matches!(value, "" | "runtime/default") || value.starts_with("localhost/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::standards::testing::{NOTHING, both, one, says, secured};
    use rstest::rstest;
    use serde_json::{Value, json};

    const ANNOTATION: &str = "container.apparmor.security.beta.kubernetes.io/";

    fn annotated(annotations: &[(&str, &str)], security_context: Value) -> Value {
        let annotations: serde_json::Map<String, Value> = annotations
            .iter()
            .map(|(container, value)| (format!("{ANNOTATION}{container}"), json!(value)))
            .collect();
        json!({
            "metadata": {"annotations": annotations},
            "spec": {"containers": [secured("a", security_context)]},
        })
    }

    #[rstest]
    #[case::unset(one(json!({})), NOTHING)]
    #[case::null(one(json!({"appArmorProfile": null})), NOTHING)]
    #[case::runtime_default(one(json!({"appArmorProfile": {"type": "RuntimeDefault"}})), NOTHING)]
    #[case::localhost(one(json!({"appArmorProfile": {"type": "Localhost"}})), NOTHING)]
    #[case::unconfined(one(json!({"appArmorProfile": {"type": "Unconfined"}})),
        r#"forbidden AppArmor profile (container "a" must not set AppArmor profile type to "Unconfined")"#)]
    #[case::no_type(one(json!({"appArmorProfile": {}})),
        r#"forbidden AppArmor profile (container "a" must not set AppArmor profile type to "")"#)]
    #[case::other_case(one(json!({"appArmorProfile": {"type": "runtimeDefault"}})),
        r#"forbidden AppArmor profile (container "a" must not set AppArmor profile type to "runtimeDefault")"#)]
    #[case::of_the_pod_though_overridden(
        both(json!({"appArmorProfile": {"type": "x"}}), json!({"appArmorProfile": {"type": "RuntimeDefault"}})),
        r#"forbidden AppArmor profile (pod must not set AppArmor profile type to "x")"#)]
    #[case::several_of_one_type(
        both(json!({"appArmorProfile": {"type": "x"}}), json!({"appArmorProfile": {"type": "x"}})),
        r#"forbidden AppArmor profile (pod and container "a" must not set AppArmor profile type to "x")"#)]
    #[case::several_types(
        both(json!({"appArmorProfile": {"type": "y"}}), json!({"appArmorProfile": {"type": "x"}})),
        r#"forbidden AppArmor profiles (pod and container "a" must not set AppArmor profile type to "x", "y")"#)]
    #[case::annotation_empty(annotated(&[("a", "")], json!({})), NOTHING)]
    #[case::annotation_default(annotated(&[("a", "runtime/default")], json!({})), NOTHING)]
    #[case::annotation_localhost(annotated(&[("a", "localhost/")], json!({})), NOTHING)]
    #[case::annotation_bare_localhost(annotated(&[("a", "localhost")], json!({})),
        r#"forbidden AppArmor profile (annotation must not set AppArmor profile type to "container.apparmor.security.beta.kubernetes.io/a="localhost"")"#)]
    #[case::annotation_without_a_name(annotated(&[("", "unconfined")], json!({})),
        r#"forbidden AppArmor profile (annotation must not set AppArmor profile type to "container.apparmor.security.beta.kubernetes.io/="unconfined"")"#)]
    #[case::annotations_sorted_behind_types(
        annotated(&[("b", "docker/default"), ("a", "a\"\n")], json!({"appArmorProfile": {"type": "x"}})),
        r#"forbidden AppArmor profiles (container "a" and annotations must not set AppArmor profile type to "x", "container.apparmor.security.beta.kubernetes.io/a="a\"\n"", "container.apparmor.security.beta.kubernetes.io/b="docker/default"")"#)]
    fn judges_at_every_version(#[case] pod: Value, #[case] expected: &str) {
        for version in ["v1.0", "v1.29", "v1.30", "latest"] {
            assert_eq!(says(&CHECK, version, &pod), expected, "{version}");
        }
    }
}
