//! A container that needs no capability should have none: an attacker who takes it over has its capabilities.
//!
//! | | |
//! |---|---|
//! | Level | restricted, since v1.22, in place of `capabilities_baseline` |
//! | Pod fields | containers' `securityContext.capabilities` |
//! | Accepts | `drop` that holds `ALL`, `add` of `NET_BIND_SERVICE` alone; since v1.25 anything on Windows |
//! | Source | Pod Security Standards, Restricted, "Capabilities" |

use super::capabilities_baseline::additions;
use super::phrases::containers;
use super::{Check, Level, Objection, Subject, Variant, doc_only};

pub(super) const CHECK: Check = Check {
    id: "capabilities_restricted",
    level: Level::Restricted,
    purpose: doc_only("All capabilities must be dropped; only `NET_BIND_SERVICE` may be added."),
    pod_fields: doc_only("containers' `securityContext.capabilities`; `os.name`"),
    variants: &[
        Variant { since: 22, judge },
        Variant { since: 25, judge: |subject| if subject.pod.is_windows() { None } else { judge(subject) } },
    ],
};

fn judge(subject: &Subject<'_>) -> Option<Objection> {
    let keeping = subject.names(&mut |container| {
        !container.security_context.capabilities.drop.iter().any(|capability| capability == "ALL")
    });
    let keeping = keeping
        .map(|names| [&containers(&names), " must set securityContext.capabilities.drop=[\"ALL\"]"].concat());
    let detail = match (keeping, additions(subject, &["NET_BIND_SERVICE"])) {
        (Some(keeping), Some(adding)) => keeping + "; " + &adding,
        (keeping, adding) => keeping.or(adding)?,
    };
    Some(Objection { reason: "unrestricted capabilities", detail })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::standards::testing::{NOT_YET, NOTHING, containers, one, says, secured, spec};
    use rstest::rstest;
    use serde_json::{Value, json};

    const KEPT: &str =
        r#"unrestricted capabilities (container "a" must set securityContext.capabilities.drop=["ALL"])"#;

    fn capabilities(capabilities: Value) -> Value {
        one(json!({"capabilities": capabilities}))
    }

    #[rstest]
    #[case::dropped(capabilities(json!({"drop": ["ALL"]})), NOTHING)]
    #[case::dropped_among_others(capabilities(json!({"drop": ["KILL", "ALL"], "add": []})), NOTHING)]
    #[case::binding_ports(capabilities(json!({"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]})), NOTHING)]
    #[case::unset(one(json!({})), KEPT)]
    #[case::no_security_context(spec(json!({"containers": [{"name": "a"}]})), KEPT)]
    #[case::lower_case(capabilities(json!({"drop": ["all"]})), KEPT)]
    #[case::by_name(capabilities(json!({"drop": ["CHOWN", "NET_RAW"]})), KEPT)]
    #[case::no_containers(spec(json!({})), NOTHING)]
    #[case::added(capabilities(json!({"drop": ["ALL"], "add": ["NET_BIND_SERVICE", "CHOWN"]})),
        r#"unrestricted capabilities (container "a" must not include "CHOWN" in securityContext.capabilities.add)"#)]
    #[case::all_added(capabilities(json!({"drop": ["ALL"], "add": ["ALL"]})),
        r#"unrestricted capabilities (container "a" must not include "ALL" in securityContext.capabilities.add)"#)]
    #[case::prefixed(capabilities(json!({"drop": ["ALL"], "add": ["CAP_NET_BIND_SERVICE"]})),
        r#"unrestricted capabilities (container "a" must not include "CAP_NET_BIND_SERVICE" in securityContext.capabilities.add)"#)]
    #[case::both_sentences(
        containers(vec![
            secured("z", json!({"capabilities": {"add": ["B"]}})),
            secured("y", json!({"capabilities": {"drop": ["ALL"], "add": ["A", "B"]}})),
            json!({"name": "a"}),
        ]),
        r#"unrestricted capabilities (containers "z", "a" must set securityContext.capabilities.drop=["ALL"]; containers "z", "y" must not include "A", "B" in securityContext.capabilities.add)"#)]
    fn judges_since_v1_22(#[case] pod: Value, #[case] expected: &str) {
        for (version, expected) in
            [("v1.21", NOT_YET), ("v1.22", expected), ("v1.25", expected), ("latest", expected)]
        {
            assert_eq!(says(&CHECK, version, &pod), expected, "{version}");
        }
    }

    #[rstest]
    #[case::windows("windows", NOTHING)]
    #[case::linux("linux", KEPT)]
    #[case::other_case("Windows", KEPT)]
    fn windows_is_free_since_v1_25(#[case] os: &str, #[case] expected: &str) {
        let pod = spec(json!({"os": {"name": os}, "containers": [{"name": "a"}]}));
        for (version, expected) in [("v1.24", KEPT), ("v1.25", expected), ("latest", expected)] {
            assert_eq!(says(&CHECK, version, &pod), expected, "{version}");
        }
    }
}
