//! Unmasked `/proc` stays out of the restricted level when user namespaces let it into baseline.
//!
//! | | |
//! |---|---|
//! | Level | restricted, since v1.35, in place of `procMount` |
//! | Pod fields | containers' `securityContext.procMount` |
//! | Accepts | unset or `Default` |
//! | Source | Pod Security Standards, Restricted; KEP-4265 |

use super::{Check, Level, Variant, doc_only, proc_mount};

pub(super) const CHECK: Check = Check {
    id: "procMount_restricted",
    level: Level::Restricted,
    purpose: doc_only("`/proc` must be masked, in user namespaces too."),
    pod_fields: doc_only("containers' `securityContext.procMount`"),
    variants: &[Variant { since: 35, judge: proc_mount::demand_default }],
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::standards::testing::{NOT_YET, NOTHING, says, secured, spec};
    use rstest::rstest;
    use serde_json::{Value, json};

    #[rstest]
    #[case::unset(json!({}), NOTHING)]
    #[case::default(json!({"procMount": "Default"}), NOTHING)]
    #[case::unmasked(json!({"procMount": "Unmasked"}),
        r#"procMount (container "a" must not set securityContext.procMount to "Unmasked")"#)]
    fn judges_user_namespaces_too_since_v1_35(#[case] security_context: Value, #[case] expected: &str) {
        for host_users in [json!(null), json!(true), json!(false)] {
            let containers = [secured("a", security_context.clone())];
            let pod = spec(json!({"hostUsers": host_users, "containers": containers}));
            for (version, expected) in [("v1.34", NOT_YET), ("v1.35", expected), ("latest", expected)] {
                assert_eq!(says(&CHECK, version, &pod), expected, "{version}");
            }
        }
    }
}
