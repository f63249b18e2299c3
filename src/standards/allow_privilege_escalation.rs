//! A process that may gain privileges gets a root shell from one faulty set-user-ID binary (CVE-2021-4034).
//!
//! | | |
//! |---|---|
//! | Level | restricted, since v1.8 |
//! | Pod fields | containers' `securityContext.allowPrivilegeEscalation` |
//! | Accepts | `false`, stated; since v1.25 anything on Windows |
//! | Source | Pod Security Standards, Restricted, "Privilege Escalation" |

use super::phrases::containers;
use super::{Check, Level, Objection, Subject, Variant, doc_only};

pub(super) const CHECK: Check = Check {
    id: "allowPrivilegeEscalation",
    level: Level::Restricted,
    purpose: doc_only("Privilege escalation must be ruled out."),
    pod_fields: doc_only("containers' `securityContext.allowPrivilegeEscalation`; `os.name`"),
    variants: &[
        Variant { since: 8, judge },
        Variant { since: 25, judge: |subject| if subject.pod.is_windows() { None } else { judge(subject) } },
    ],
};

fn judge(subject: &Subject<'_>) -> Option<Objection> {
    let names = subject
        .names(&mut |container| container.security_context.allow_privilege_escalation != Some(false))?;
    let detail = [&containers(&names), " must set securityContext.allowPrivilegeEscalation=false"].concat();
    Some(Objection { reason: "allowPrivilegeEscalation != false", detail })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::standards::testing::{NOT_YET, NOTHING, containers, one, says, secured, spec};
    use rstest::rstest;
    use serde_json::{Value, json};

    const OPEN: &str = r#"allowPrivilegeEscalation != false (container "a" must set securityContext.allowPrivilegeEscalation=false)"#;

    #[rstest]
    #[case::ruled_out(one(json!({"allowPrivilegeEscalation": false})), NOTHING)]
    #[case::unset(one(json!({})), OPEN)]
    #[case::no_security_context(spec(json!({"containers": [{"name": "a"}]})), OPEN)]
    #[case::allowed(one(json!({"allowPrivilegeEscalation": true})), OPEN)]
    #[case::no_containers(spec(json!({})), NOTHING)]
    #[case::all_lists_in_visiting_order(
        containers(vec![
            secured("z", json!({"allowPrivilegeEscalation": true})),
            secured("y", json!({"allowPrivilegeEscalation": false})),
            secured("x", json!({})),
            json!({"name": "a"}),
        ]),
        r#"allowPrivilegeEscalation != false (containers "z", "x", "a" must set securityContext.allowPrivilegeEscalation=false)"#)]
    fn judges_since_v1_8(#[case] pod: Value, #[case] expected: &str) {
        for (version, expected) in
            [("v1.7", NOT_YET), ("v1.8", expected), ("v1.25", expected), ("latest", expected)]
        {
            assert_eq!(says(&CHECK, version, &pod), expected, "{version}");
        }
    }

    #[rstest]
    #[case::windows("windows", NOTHING)]
    #[case::linux("linux", OPEN)]
    #[case::other_case("Windows", OPEN)]
    fn windows_is_free_since_v1_25(#[case] os: &str, #[case] expected: &str) {
        let pod = spec(json!({"os": {"name": os}, "containers": [{"name": "a"}]}));
        for (version, expected) in [("v1.24", OPEN), ("v1.25", expected), ("latest", expected)] {
            assert_eq!(says(&CHECK, version, &pod), expected, "{version}");
        }
    }
}
