//! The user 0 is root, whatever `runAsNonRoot` checks once the container starts.
//!
//! | | |
//! |---|---|
//! | Level | restricted, since v1.23 |
//! | Pod fields | `securityContext.runAsUser` of pod and containers |
//! | Accepts | unset or not 0; since v1.35 anything in a user namespace |
//! | Source | Pod Security Standards, Restricted, "Running as Non-root user"; KEP-127 |

use super::{Check, Level, Objection, Subject, Variant, doc_only};

pub(super) const CHECK: Check = Check {
    id: "runAsUser",
    level: Level::Restricted,
    purpose: doc_only("Root may not be asked for."),
    pod_fields: doc_only("`securityContext.runAsUser` of pod and containers; `hostUsers`"),
    variants: &[
        Variant { since: 23, judge },
        Variant {
            since: 35,
            judge: |subject| if subject.pod.has_user_namespace() { None } else { judge(subject) },
        },
    ],
};

fn judge(subject: &Subject<'_>) -> Option<Objection> {
    let pod = subject.security_context().run_as_user == Some(0);
    let setters = subject.setters(pod, &mut |own| own.run_as_user == Some(0))?;
    Some(Objection { reason: "runAsUser=0", detail: setters + " must not set runAsUser=0" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::standards::testing::{NOT_YET, NOTHING, both, says, secured, spec};
    use rstest::rstest;
    use serde_json::{Value, json};

    const ROOT: &str = r#"runAsUser=0 (container "a" must not set runAsUser=0)"#;

    fn users(pod: Value, container: Value) -> Value {
        both(json!({"runAsUser": pod}), json!({"runAsUser": container}))
    }

    #[rstest]
    #[case::unset(users(json!(null), json!(null)), NOTHING)]
    #[case::others(users(json!(1000), json!(-1)), NOTHING)]
    #[case::root_of_the_container(users(json!(1000), json!(0)), ROOT)]
    #[case::root_of_the_pod_though_overridden(users(json!(0), json!(1000)), "runAsUser=0 (pod must not set runAsUser=0)")]
    #[case::root_of_both(users(json!(0), json!(0)),
        r#"runAsUser=0 (pod and container "a" must not set runAsUser=0)"#)]
    #[case::groups_do_not_count(both(json!({"runAsGroup": 0, "fsGroup": 0, "supplementalGroups": [0]}), json!({"runAsGroup": 0})), NOTHING)]
    fn judges_since_v1_23(#[case] pod: Value, #[case] expected: &str) {
        for (version, expected) in
            [("v1.22", NOT_YET), ("v1.23", expected), ("v1.35", expected), ("latest", expected)]
        {
            assert_eq!(says(&CHECK, version, &pod), expected, "{version}");
        }
    }

    #[rstest]
    #[case::own_users(json!(false), NOTHING)]
    #[case::users_of_the_node(json!(true), ROOT)]
    #[case::unset(json!(null), ROOT)]
    fn user_namespaces_are_free_since_v1_35(#[case] host_users: Value, #[case] expected: &str) {
        let containers = [secured("a", json!({"runAsUser": 0}))];
        let pod = spec(json!({"hostUsers": host_users, "containers": containers}));
        for (version, expected) in [("v1.34", ROOT), ("v1.35", expected), ("latest", expected)] {
            assert_eq!(says(&CHECK, version, &pod), expected, "{version}");
        }
    }
}
