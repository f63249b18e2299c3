//! A folder of the node gives access to files that its programs trust: sockets, credentials, binaries.
//!
//! | | |
//! |---|---|
//! | Level | baseline; restricted has `restrictedVolumes` |
//! | Pod fields | `spec.volumes[*].hostPath` |
//! | Accepts | volumes without it |
//! | Source | Pod Security Standards, Baseline, "HostPath Volumes"; CVE-2021-25741 led out of the permitted folder |

use super::phrases::{plural, quoted};
use super::{Check, Level, Objection, Subject, Variant, doc_only};

pub(super) const CHECK: Check = Check {
    id: "hostPathVolumes",
    level: Level::Baseline,
    purpose: doc_only("Pods may not mount folders of their node."),
    pod_fields: doc_only("`volumes[*].hostPath`"),
    variants: &[Variant { since: 0, judge }],
};

fn judge(subject: &Subject<'_>) -> Option<Objection> {
    let names = subject.volumes(&mut |volume| volume.has_source("hostPath"))?;
    let detail = [plural(names.len(), "volume ", "volumes "), &quoted(&names)].concat();
    Some(Objection { reason: "hostPath volumes", detail })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::standards::testing::{NOTHING, says, spec};
    use rstest::rstest;
    use serde_json::{Value, json};

    #[rstest]
    #[case::none(json!([]), NOTHING)]
    #[case::others(json!([{"name": "v", "emptyDir": {}}, {"name": "w", "nfs": {}}, {"name": "x"}]), NOTHING)]
    #[case::null(json!([{"name": "v", "hostPath": null}]), NOTHING)]
    #[case::empty(json!([{"name": "v", "hostPath": {}}]), r#"hostPath volumes (volume "v")"#)]
    #[case::several_in_list_order(
        json!([{"name": "w", "hostPath": {}}, {"name": "x", "nfs": {}}, {"name": "v", "hostPath": {}}]),
        r#"hostPath volumes (volumes "w", "v")"#)]
    fn judges_at_every_version(#[case] volumes: Value, #[case] expected: &str) {
        for version in ["v1.0", "latest"] {
            assert_eq!(says(&CHECK, version, &spec(json!({"volumes": volumes}))), expected, "{version}");
        }
    }
}
