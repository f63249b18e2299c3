//! Privileged containers share every device and capability of their node.
//!
//! | | |
//! |---|---|
//! | Level | baseline |
//! | Pod fields | containers' `securityContext.privileged` |
//! | Accepts | unset or `false` |
//! | Source | Pod Security Standards, Baseline, "Privileged Containers" |

use super::phrases::containers;
use super::{Check, Level, Objection, Subject, Variant, doc_only};

pub(super) const CHECK: Check = Check {
    id: "privileged",
    level: Level::Baseline,
    purpose: doc_only("Containers may not be privileged."),
    pod_fields: doc_only("containers' `securityContext.privileged`"),
    variants: &[Variant { since: 0, judge }],
};

fn judge(subject: &Subject<'_>) -> Option<Objection> {
    let names = subject.names(&mut |container| container.security_context.privileged == Some(true))?;
    let detail = [&containers(&names), " must not set securityContext.privileged=true"].concat();
    Some(Objection { reason: "privileged", detail })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::standards::testing::{NOTHING, containers, one, says, secured};
    use rstest::rstest;
    use serde_json::{Value, json};

    #[rstest]
    #[case::unset(one(json!({})), NOTHING)]
    #[case::switched_off(one(json!({"privileged": false})), NOTHING)]
    #[case::switched_on(one(json!({"privileged": true})),
        r#"privileged (container "a" must not set securityContext.privileged=true)"#)]
    #[case::all_lists_in_visiting_order(
        containers(vec![
            secured("z", json!({"privileged": true})),
            secured("a", json!({"privileged": false})),
            secured("z", json!({"privileged": true})),
            secured("b", json!({"privileged": true})),
        ]),
        r#"privileged (containers "z", "z", "b" must not set securityContext.privileged=true)"#)]
    fn judges_at_every_version(#[case] pod: Value, #[case] expected: &str) {
        for version in ["v1.0", "latest"] {
            assert_eq!(says(&CHECK, version, &pod), expected, "{version}");
        }
    }
}
