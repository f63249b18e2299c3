//! Root in a container is root on its node as soon as it gets out (CVE-2019-5736).
//!
//! | | |
//! |---|---|
//! | Level | restricted |
//! | Pod fields | `securityContext.runAsNonRoot` of pod and containers |
//! | Accepts | `true`, by every container or by the pod for those that leave it unset; since v1.35 anything in a user namespace |
//! | Source | Pod Security Standards, Restricted, "Running as Non-root"; KEP-127 |
//!
//! A user other than root is not a substitute, and a pod with `false` is refused whatever its containers set.

use super::phrases::containers;
use super::{Check, Level, Objection, Subject, Variant, doc_only};
use crate::pod::Pod;

/// The minor version from which pods in a user namespace are exempt.
const USER_NAMESPACES: u64 = 35;

pub(super) const CHECK: Check = Check {
    id: "runAsNonRoot",
    level: Level::Restricted,
    purpose: doc_only("Running as root must be ruled out."),
    pod_fields: doc_only("`securityContext.runAsNonRoot` of pod and containers; `hostUsers`"),
    variants: &[
        Variant { since: 0, judge },
        Variant {
            since: USER_NAMESPACES,
            judge: |subject| if subject.pod.has_user_namespace() { None } else { judge(subject) },
        },
    ],
};

/// Whether the pod is exempt.
pub(super) fn exempts(variant: &Variant, pod: &Pod<'_>) -> bool {
    variant.since >= USER_NAMESPACES && pod.has_user_namespace()
}

fn judge(subject: &Subject<'_>) -> Option<Objection> {
    let pod = subject.security_context().run_as_non_root;
    let setters = subject.setters(pod == Some(false), &mut |own| own.run_as_non_root == Some(false));
    let detail = match setters {
        Some(setters) => [&setters, " must not set securityContext.runAsNonRoot=false"].concat(),
        None if pod == Some(true) => return None,
        None => {
            let names =
                subject.names(&mut |container| container.security_context.run_as_non_root.is_none())?;
            ["pod or ", &containers(&names), " must set securityContext.runAsNonRoot=true"].concat()
        }
    };
    Some(Objection { reason: "runAsNonRoot != true", detail })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::standards::testing::{NOTHING, both, one, says, secured, spec};
    use rstest::rstest;
    use serde_json::{Value, json};

    const MISSING: &str =
        r#"runAsNonRoot != true (pod or container "a" must set securityContext.runAsNonRoot=true)"#;

    fn flags(pod: Value, container: Value) -> Value {
        both(json!({"runAsNonRoot": pod}), json!({"runAsNonRoot": container}))
    }

    #[rstest]
    #[case::of_neither(flags(json!(null), json!(null)), MISSING)]
    #[case::of_the_pod(flags(json!(true), json!(null)), NOTHING)]
    #[case::of_the_container(flags(json!(null), json!(true)), NOTHING)]
    #[case::denied_by_the_pod(flags(json!(false), json!(true)),
        "runAsNonRoot != true (pod must not set securityContext.runAsNonRoot=false)")]
    #[case::denied_by_the_container(flags(json!(true), json!(false)),
        r#"runAsNonRoot != true (container "a" must not set securityContext.runAsNonRoot=false)"#)]
    #[case::denied_by_both(flags(json!(false), json!(false)),
        r#"runAsNonRoot != true (pod and container "a" must not set securityContext.runAsNonRoot=false)"#)]
    #[case::a_user_is_no_substitute(one(json!({"runAsUser": 1000})), MISSING)]
    #[case::denials_hide_missing_ones(
        spec(json!({"containers": [secured("a", json!({"runAsNonRoot": false})), {"name": "b"}]})),
        r#"runAsNonRoot != true (container "a" must not set securityContext.runAsNonRoot=false)"#)]
    #[case::windows_is_not_free(spec(json!({"os": {"name": "windows"}, "containers": [{"name": "a"}]})), MISSING)]
    #[case::no_containers(spec(json!({})), NOTHING)]
    fn judges_at_every_version(#[case] pod: Value, #[case] expected: &str) {
        for version in ["v1.0", "v1.34", "v1.35", "latest"] {
            assert_eq!(says(&CHECK, version, &pod), expected, "{version}");
        }
    }

    #[rstest]
    #[case::own_users(json!(false), NOTHING)]
    #[case::users_of_the_node(json!(true), MISSING)]
    #[case::unset(json!(null), MISSING)]
    fn user_namespaces_are_free_since_v1_35(#[case] host_users: Value, #[case] expected: &str) {
        let pod = spec(json!({"hostUsers": host_users, "containers": [{"name": "a"}]}));
        for (version, expected) in [("v1.34", MISSING), ("v1.35", expected), ("latest", expected)] {
            assert_eq!(says(&CHECK, version, &pod), expected, "{version}");
        }
    }
}
