//! A seccomp profile blocks system calls for a container, and `Unconfined` allows them all: `unshare`, used in
//! CVE-2022-0185, among them.
//!
//! | | |
//! |---|---|
//! | Level | baseline; restricted has its own check since v1.19 |
//! | Pod fields | up to v1.18 annotations `seccomp.security.alpha.kubernetes.io/pod` and `container.seccomp.security.alpha.kubernetes.io/*`; since v1.19 `securityContext.seccompProfile.type` of pod and containers |
//! | Accepts | none, `RuntimeDefault`, `Localhost`; annotations `runtime/default`, `docker/default`, `localhost/…` |
//! | Source | Pod Security Standards, Baseline, "Seccomp"; KEP-135, which made fields of the annotations in Kubernetes 1.19 |
//!
//! Neither variant reads the fields or annotations of the other, and an empty annotation is not accepted.

use super::phrases::{annotation, plain, plural, quoted, set};
use super::{Check, Level, Objection, Subject, Variant, doc_only};
use crate::pod::{SECCOMP_CONTAINER, SECCOMP_POD};

pub(super) const CHECK: Check = Check {
    id: "seccompProfile_baseline",
    level: Level::Baseline,
    purpose: doc_only("Seccomp profiles may not be switched off."),
    pod_fields: doc_only(
        "`securityContext.seccompProfile` of pod and containers; up to v1.18 their annotations instead",
    ),
    variants: &[Variant { since: 0, judge: judge_annotations }, Variant { since: 19, judge: judge_fields }],
};

fn judge_annotations(subject: &Subject<'_>) -> Option<Objection> {
    let mut forbidden = Vec::new();
    let mut judged = None;
    for (key, value) in subject.pod.annotations.iter() {
        let counts = match key.strip_prefix(SECCOMP_CONTAINER) {
            Some(name) => {
                judged.get_or_insert_with(|| subject.sorted_names(false)).binary_search(&name).is_ok()
            }
            None => key == SECCOMP_POD,
        };
        let is_accepted =
            matches!(&**value, "runtime/default" | "docker/default") || value.starts_with("localhost/");
        if counts && !is_accepted {
            forbidden.push(annotation(key, value));
        }
    }
    if forbidden.is_empty() {
        return None;
    }
    let forbidden = set(forbidden.iter().map(String::as_str).collect());
    let noun = plural(forbidden.len(), "forbidden annotation ", "forbidden annotations ");
    Some(Objection { reason: "seccompProfile", detail: [noun, &plain(&forbidden)].concat() })
}

/// Refuses profiles that are declared and not accepted, whether or not they are effective.
pub(super) fn judge_fields(subject: &Subject<'_>) -> Option<Objection> {
    let pod = subject.security_context().seccomp_profile.as_ref();
    let (setters, kinds) = subject.unaccepted_profiles(pod, |own| own.seccomp_profile.as_ref());
    let (setters, kinds) = (setters?, quoted(&set(kinds)));
    let detail = [&setters, " must not set securityContext.seccompProfile.type to ", &kinds].concat();
    Some(Objection { reason: "seccompProfile", detail })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::standards::testing::{NOTHING, both, says, secured};
    use rstest::rstest;
    use serde_json::{Value, json};

    fn annotated(annotations: Value) -> Value {
        let containers =
            [secured("a", json!({"seccompProfile": {"type": "Unconfined"}})), json!({"name": "b"})];
        json!({"metadata": {"annotations": annotations}, "spec": {"containers": containers}})
    }

    #[rstest]
    #[case::none(json!({}), NOTHING)]
    #[case::runtime_default(json!({SECCOMP_POD: "runtime/default"}), NOTHING)]
    #[case::docker_default(json!({SECCOMP_POD: "docker/default"}), NOTHING)]
    #[case::localhost(json!({SECCOMP_POD: "localhost/"}), NOTHING)]
    #[case::empty(json!({SECCOMP_POD: ""}),
        r#"seccompProfile (forbidden annotation seccomp.security.alpha.kubernetes.io/pod="")"#)]
    #[case::bare_localhost(json!({SECCOMP_POD: "localhost"}),
        r#"seccompProfile (forbidden annotation seccomp.security.alpha.kubernetes.io/pod="localhost")"#)]
    #[case::escaped(json!({SECCOMP_POD: "a\"b\\\u{7f}\u{ad}"}),
        r#"seccompProfile (forbidden annotation seccomp.security.alpha.kubernetes.io/pod="a\"b\\\x7f\u00ad")"#)]
    #[case::of_a_container(json!({format!("{SECCOMP_CONTAINER}a"): "unconfined"}),
        r#"seccompProfile (forbidden annotation container.seccomp.security.alpha.kubernetes.io/a="unconfined")"#)]
    #[case::of_no_container(json!({format!("{SECCOMP_CONTAINER}c"): "unconfined"}), NOTHING)]
    #[case::sorted(
        json!({SECCOMP_POD: "x", format!("{SECCOMP_CONTAINER}b"): "y", format!("{SECCOMP_CONTAINER}a"): "z"}),
        r#"seccompProfile (forbidden annotations container.seccomp.security.alpha.kubernetes.io/a="z", container.seccomp.security.alpha.kubernetes.io/b="y", seccomp.security.alpha.kubernetes.io/pod="x")"#)]
    fn judges_annotations_alone_until_v1_18(#[case] annotations: Value, #[case] expected: &str) {
        for version in ["v1.0", "v1.18"] {
            assert_eq!(says(&CHECK, version, &annotated(annotations.clone())), expected, "{version}");
        }
    }

    fn profiles(pod: Value, container: Value) -> Value {
        let mut pod = both(json!({"seccompProfile": pod}), json!({"seccompProfile": container}));
        pod["metadata"] = json!({"annotations": {SECCOMP_POD: "unconfined"}});
        pod
    }

    #[rstest]
    #[case::unset(profiles(json!(null), json!(null)), NOTHING)]
    #[case::accepted(profiles(json!({"type": "RuntimeDefault"}), json!({"type": "Localhost"})), NOTHING)]
    #[case::unconfined(profiles(json!(null), json!({"type": "Unconfined"})),
        r#"seccompProfile (container "a" must not set securityContext.seccompProfile.type to "Unconfined")"#)]
    #[case::no_type(profiles(json!({}), json!(null)),
        r#"seccompProfile (pod must not set securityContext.seccompProfile.type to "")"#)]
    #[case::of_the_pod_though_overridden(profiles(json!({"type": "Unconfined"}), json!({"type": "RuntimeDefault"})),
        r#"seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")"#)]
    #[case::several(profiles(json!({"type": "y"}), json!({"type": "x"})),
        r#"seccompProfile (pod and container "a" must not set securityContext.seccompProfile.type to "x", "y")"#)]
    fn judges_fields_alone_since_v1_19(#[case] pod: Value, #[case] expected: &str) {
        for version in ["v1.19", "latest"] {
            assert_eq!(says(&CHECK, version, &pod), expected, "{version}");
        }
    }
}
