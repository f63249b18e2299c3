//! Host process containers are processes of their Windows node: the equivalent of `privileged` on Linux.
//!
//! | | |
//! |---|---|
//! | Level | baseline |
//! | Pod fields | `securityContext.windowsOptions.hostProcess` of pod and containers, whatever `os.name` says |
//! | Accepts | unset or `false` |
//! | Source | Pod Security Standards, Baseline, "HostProcess"; KEP-1981 |

use super::{Check, Level, Objection, Subject, Variant, doc_only};

pub(super) const CHECK: Check = Check {
    id: "windowsHostProcess",
    level: Level::Baseline,
    purpose: doc_only("Windows containers may not be processes of their node."),
    pod_fields: doc_only("`securityContext.windowsOptions.hostProcess` of pod and containers"),
    variants: &[Variant { since: 0, judge }],
};

fn judge(subject: &Subject<'_>) -> Option<Objection> {
    let pod = subject.security_context().windows_options.host_process == Some(true);
    let setters = subject.setters(pod, &mut |own| own.windows_options.host_process == Some(true))?;
    let detail = setters + " must not set securityContext.windowsOptions.hostProcess=true";
    Some(Objection { reason: "hostProcess", detail })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::standards::testing::{NOTHING, both, says};
    use rstest::rstest;
    use serde_json::{Value, json};

    fn options(pod: Value, container: Value) -> Value {
        both(json!({"windowsOptions": pod}), json!({"windowsOptions": container}))
    }

    #[rstest]
    #[case::unset(options(json!(null), json!({})), NOTHING)]
    #[case::switched_off(options(json!({"hostProcess": false}), json!({"hostProcess": null})), NOTHING)]
    #[case::of_the_pod(options(json!({"hostProcess": true}), json!({"hostProcess": false})),
        "hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)")]
    #[case::of_the_container(options(json!({}), json!({"hostProcess": true})),
        r#"hostProcess (container "a" must not set securityContext.windowsOptions.hostProcess=true)"#)]
    #[case::of_both(options(json!({"hostProcess": true}), json!({"hostProcess": true})),
        r#"hostProcess (pod and container "a" must not set securityContext.windowsOptions.hostProcess=true)"#)]
    fn judges_at_every_version_and_on_every_system(#[case] mut pod: Value, #[case] expected: &str) {
        for os in [json!(null), json!({"name": "linux"}), json!({"name": "windows"})] {
            pod["spec"]["os"] = os;
            for version in ["v1.0", "v1.25", "latest"] {
                assert_eq!(says(&CHECK, version, &pod), expected, "{version}");
            }
        }
    }
}
