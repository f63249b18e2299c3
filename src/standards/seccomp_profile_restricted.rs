//! Without a seccomp profile a container can make every system call that its kernel knows.
//!
//! | | |
//! |---|---|
//! | Level | restricted, since v1.19, in place of `seccompProfile_baseline` |
//! | Pod fields | `securityContext.seccompProfile.type` of pod and containers |
//! | Accepts | `RuntimeDefault` or `Localhost`, by every container or by the pod for those that declare none; since v1.25 anything on Windows |
//! | Source | Pod Security Standards, Restricted, "Seccomp"; KEP-135 |

use super::phrases::containers;
use super::seccomp_profile_baseline::judge_fields;
use super::{Check, Level, Objection, Subject, Variant, doc_only};

pub(super) const CHECK: Check = Check {
    id: "seccompProfile_restricted",
    level: Level::Restricted,
    purpose: doc_only("Seccomp profiles must be declared."),
    pod_fields: doc_only("`securityContext.seccompProfile` of pod and containers; `os.name`"),
    variants: &[
        Variant { since: 19, judge },
        Variant { since: 25, judge: |subject| if subject.pod.is_windows() { None } else { judge(subject) } },
    ],
};

fn judge(subject: &Subject<'_>) -> Option<Objection> {
    let objection = judge_fields(subject);
    // Without an objection, a profile of the pod is accepted, and containers that declare none inherit it.
    if objection.is_some() || subject.security_context().seccomp_profile.is_some() {
        return objection;
    }
    let names = subject.names(&mut |container| container.security_context.seccomp_profile.is_none())?;
    let demand = " must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\"";
    Some(Objection { reason: "seccompProfile", detail: ["pod or ", &containers(&names), demand].concat() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::standards::testing::{NOT_YET, NOTHING, both, says, secured, spec};
    use rstest::rstest;
    use serde_json::{Value, json};

    const MISSING: &str = r#"seccompProfile (pod or container "a" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")"#;

    fn profiles(pod: Value, container: Value) -> Value {
        both(json!({"seccompProfile": pod}), json!({"seccompProfile": container}))
    }

    #[rstest]
    #[case::of_neither(profiles(json!(null), json!(null)), MISSING)]
    #[case::of_the_pod(profiles(json!({"type": "Localhost"}), json!(null)), NOTHING)]
    #[case::of_the_container(profiles(json!(null), json!({"type": "RuntimeDefault"})), NOTHING)]
    #[case::refused_of_the_pod(profiles(json!({"type": "Unconfined"}), json!({"type": "RuntimeDefault"})),
        r#"seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")"#)]
    #[case::refused_of_the_container(profiles(json!({"type": "RuntimeDefault"}), json!({})),
        r#"seccompProfile (container "a" must not set securityContext.seccompProfile.type to "")"#)]
    #[case::refused_ones_hide_missing_ones(
        spec(json!({"containers": [secured("a", json!({"seccompProfile": {"type": "x"}})), {"name": "b"}]})),
        r#"seccompProfile (container "a" must not set securityContext.seccompProfile.type to "x")"#)]
    #[case::some_missing(
        spec(json!({"containers": [{"name": "b"}, secured("c", json!({"seccompProfile": {"type": "Localhost"}})), {"name": "a"}]})),
        r#"seccompProfile (pod or containers "b", "a" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")"#)]
    #[case::no_containers(spec(json!({})), NOTHING)]
    fn judges_since_v1_19(#[case] pod: Value, #[case] expected: &str) {
        for (version, expected) in
            [("v1.18", NOT_YET), ("v1.19", expected), ("v1.25", expected), ("latest", expected)]
        {
            assert_eq!(says(&CHECK, version, &pod), expected, "{version}");
        }
    }

    #[rstest]
    #[case::windows("windows", NOTHING)]
    #[case::linux("linux", MISSING)]
    #[case::other_case("Windows", MISSING)]
    fn windows_is_free_since_v1_25(#[case] os: &str, #[case] expected: &str) {
        let pod = spec(json!({"os": {"name": os}, "containers": [{"name": "a"}]}));
        for (version, expected) in [("v1.24", MISSING), ("v1.25", expected), ("latest", expected)] {
            assert_eq!(says(&CHECK, version, &pod), expected, "{version}");
        }
    }
}
