//! Container runtimes mask the node's part of `/proc`: unmasked, it can be read and partly written.
//!
//! | | |
//! |---|---|
//! | Level | baseline; restricted has its own check since v1.35 |
//! | Pod fields | containers' `securityContext.procMount` |
//! | Accepts | unset or `Default`; since v1.35 anything in a user namespace, for which unmasking is made |
//! | Source | Pod Security Standards, Baseline, "/proc Mount Type"; KEP-4265 |

use super::phrases::{containers, quoted, set};
use super::{Check, Level, Objection, Subject, Variant, doc_only};

pub(super) const CHECK: Check = Check {
    id: "procMount",
    level: Level::Baseline,
    purpose: doc_only("`/proc` must be masked."),
    pod_fields: doc_only("containers' `securityContext.procMount`; `hostUsers`"),
    variants: &[
        Variant { since: 0, judge: demand_default },
        Variant {
            since: 35,
            judge: |subject| if subject.pod.has_user_namespace() { None } else { demand_default(subject) },
        },
    ],
};

/// Refuses any other mount, in a user namespace too.
pub(super) fn demand_default(subject: &Subject<'_>) -> Option<Objection> {
    let (names, mounts) = subject.search(&mut |container, mounts| {
        mounts.extend(container.security_context.proc_mount.as_deref().filter(|mount| *mount != "Default"));
    })?;
    let (names, mounts) = (containers(&names), quoted(&set(mounts)));
    let detail = [&names, " must not set securityContext.procMount to ", &mounts].concat();
    Some(Objection { reason: "procMount", detail })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::standards::testing::{NOTHING, one, says, secured, spec};
    use rstest::rstest;
    use serde_json::{Value, json};

    #[rstest]
    #[case::unset(json!({}), NOTHING)]
    #[case::null(json!({"procMount": null}), NOTHING)]
    #[case::default(json!({"procMount": "Default"}), NOTHING)]
    #[case::unmasked(json!({"procMount": "Unmasked"}),
        r#"procMount (container "a" must not set securityContext.procMount to "Unmasked")"#)]
    #[case::empty(json!({"procMount": ""}),
        r#"procMount (container "a" must not set securityContext.procMount to "")"#)]
    #[case::other_case(json!({"procMount": "default"}),
        r#"procMount (container "a" must not set securityContext.procMount to "default")"#)]
    fn judges_at_every_version(#[case] security_context: Value, #[case] expected: &str) {
        for version in ["v1.0", "v1.34", "v1.35", "latest"] {
            assert_eq!(says(&CHECK, version, &one(security_context.clone())), expected, "{version}");
        }
    }

    #[rstest]
    #[case::own_users(json!(false), NOTHING)]
    #[case::users_of_the_node(json!(true), UNMASKED)]
    #[case::unset(json!(null), UNMASKED)]
    fn user_namespaces_are_free_since_v1_35(#[case] host_users: Value, #[case] expected: &str) {
        let containers = [secured("a", json!({"procMount": "Unmasked"}))];
        let pod = spec(json!({"hostUsers": host_users, "containers": containers}));
        for (version, expected) in [("v1.34", UNMASKED), ("v1.35", expected), ("latest", expected)] {
            assert_eq!(says(&CHECK, version, &pod), expected, "{version}");
        }
    }

    const UNMASKED: &str =
        r#"procMount (container "a" must not set securityContext.procMount to "Unmasked")"#;
}
