//! Inline CSI volumes hand their attributes, which the author of the pod writes, to a driver on the node.

use crate::json::{Quoted, Text};
use crate::pod::volume_type::VolumeTypes;
use crate::pod::{Pod, VolumeDetail, VolumeSource};
use crate::rule::{Entry, Findings, Rule, Spec};
use crate::rules;
use crate::schema::names::subdomain_problem;
use crate::schema::{Field, Shape};

pub(crate) const ENTRIES: &[Entry] = &[Entry {
    id: "allowedCSIDrivers",
    purpose: "The drivers that inline `csi` volumes may name.",
    shape: Some(Shape::List(&Shape::Object(&[Field::new(
        "name",
        Shape::Text,
        "The driver, spelt as in the volume.",
    )]))),
    reads: &["volumes"],
    pod_fields: "`volumes[*].csi.driver`",
    default: "empty: every driver is allowed, if `volumes` lists `csi`",
    ..Entry::USUAL
}];

/// Refuses drivers that are not listed.
pub(crate) struct CsiDrivers<'s> {
    types: VolumeTypes,
    drivers: Vec<Text<'s>>,
}

pub(super) fn load<'s>(spec: &mut Spec<'_, 's>) -> Option<CsiDrivers<'s>> {
    let drivers = spec.texts_under("allowedCSIDrivers", "name");
    for (index, driver) in drivers.iter().enumerate() {
        let path = format_args!("allowedCSIDrivers[{index}].name");
        if driver.is_empty() {
            spec.required(path, "must specify a driver");
        } else if driver.len() > 63 {
            spec.problem(path, "Too long: must have at most 63 bytes");
        } else if let Some(problem) = subdomain_problem(&driver.to_ascii_lowercase()) {
            spec.problem(path, format_args!("Invalid value: {}: {problem}", Quoted(driver)));
        }
    }
    if drivers.is_empty() { None } else { Some(CsiDrivers { types: spec.volume_types(), drivers }) }
}

impl Rule for CsiDrivers<'_> {
    fn validate(&self, pod: &Pod<'_>, found: &mut Findings<'_>) {
        for (index, volume) in pod.judged_volumes() {
            let Some(VolumeSource { detail: VolumeDetail::Csi(driver), .. }) = &volume.source else {
                continue;
            };
            let refused_by_type =
                found.denies(const { rules::number("volumes") }) && !self.types.allow(volume);
            if !refused_by_type && !self.drivers.contains(driver) {
                found.invalid(
                    format_args!("spec.volumes[{index}].csi.driver"),
                    Quoted(driver),
                    "Inline CSI driver is not allowed to be used",
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use crate::testing::Outcome::{self, Admitted, Rejected};
    use crate::testing::{judge_pod, problems, review_added};

    #[rstest]
    #[case::any_driver_by_default(json!({"volumes": ["csi"]}), json!({"driver": "x"}), Admitted)]
    #[case::listed(json!({"volumes": ["csi"], "allowedCSIDrivers": [{"name": "a"}]}), json!({"driver": "a"}), Admitted)]
    #[case::not_listed_even_where_every_type_is(json!({"volumes": ["*"], "allowedCSIDrivers": [{"name": "a"}]}), json!({"driver": "x"}),
        Rejected("spec.volumes[0].csi.driver: Invalid value: \"x\": Inline CSI driver is not allowed to be used"))]
    #[case::unnamed(json!({"volumes": ["csi"], "allowedCSIDrivers": [{"name": "a"}]}), json!({}),
        Rejected("spec.volumes[0].csi.driver: Invalid value: \"\": Inline CSI driver is not allowed to be used"))]
    #[case::refused_for_its_type_alone(json!({"allowedCSIDrivers": [{"name": "a"}]}), json!({"driver": "x"}),
        Rejected("spec.volumes[0]: Invalid value: \"csi\": csi volumes are not allowed to be used"))]
    fn judges(#[case] policy: Value, #[case] source: Value, #[case] expected: Outcome) {
        judge_pod(policy, json!({"spec": {"volumes": [{"name": "v", "csi": source}]}}), expected);
    }

    #[rstest]
    #[case::that_mounts_it(json!([{"name": "v"}]),
        Some("spec.volumes[0].csi.driver: Invalid value: \"x\": Inline CSI driver is not allowed to be used"))]
    #[case::that_does_not(json!([]), None)]
    fn judges_what_is_there_for_an_added_container(#[case] mounts: Value, #[case] expected: Option<&str>) {
        let policy = json!({"volumes": ["csi"], "allowedCSIDrivers": [{"name": "a"}]});
        let pod = json!({"spec": {"volumes": [{"name": "v", "csi": {"driver": "x"}}]}});
        let response = review_added(policy, pod, json!({"volumeMounts": mounts}));
        assert_eq!(response.rejection.as_deref(), expected);
    }

    #[rstest]
    #[case::empty("", "Required value: must specify a driver")]
    #[case::long(&"a".repeat(64), "Too long: must have at most 63 bytes")]
    #[case::no_name(
        "a_b",
        "Invalid value: \"a_b\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
    )]
    fn refuses_settings(#[case] name: &str, #[case] expected: &str) {
        let longest = "a".repeat(63);
        let policy =
            json!({"allowedCSIDrivers": [{"name": "Capitals.Are-Fine"}, {"name": name}, {"name": longest}]});
        assert_eq!(problems(&policy), format!("allowedCSIDrivers[1].name: {expected}"));
    }
}
