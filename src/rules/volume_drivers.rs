//! Drivers on the node that act on what the author of a pod writes: `flexVolume` drivers run as root, and inline `csi`
//! volumes hand their attributes to a driver.

use crate::json::{Quoted, Text};
use crate::pod::volume_type::VolumeTypes;
use crate::pod::{Pod, VolumeDetail};
use crate::rule::{Entry, Findings, Rule, Spec};
use crate::rules::is_refused_by_type;
use crate::schema::names::subdomain_problem;
use crate::schema::{Field, Shape};

pub(crate) const ENTRIES: &[Entry] = &[
    Entry {
        id: "allowedFlexVolumes",
        purpose: "The drivers that `flexVolume` volumes may name.",
        shape: Some(Shape::List(&Shape::Object(&[Field::new("driver", Shape::Text, DRIVER)]))),
        reads: &["volumes"],
        pod_fields: "`volumes[*].flexVolume.driver`",
        default: "empty: every driver is allowed, if `volumes` lists `flexVolume`",
        ..Entry::USUAL
    },
    Entry {
        id: "allowedCSIDrivers",
        purpose: "The drivers that inline `csi` volumes may name.",
        shape: Some(Shape::List(&Shape::Object(&[Field::new("name", Shape::Text, DRIVER)]))),
        reads: &["volumes"],
        pod_fields: "`volumes[*].csi.driver`",
        default: "empty: every driver is allowed, if `volumes` lists `csi`",
        ..Entry::USUAL
    },
];

const DRIVER: &str = "The driver, spelt as in the volume.";
const UNNAMED: &str = "must specify a driver";

/// Refuses drivers that are not listed.
pub(crate) struct Drivers<'s> {
    /// Whether they are those of `csi` volumes, or those of `flexVolume` volumes.
    is_csi: bool,
    types: VolumeTypes,
    allowed: Vec<Text<'s>>,
}

pub(super) fn load_flex<'s>(spec: &mut Spec<'_, 's>) -> Option<Drivers<'s>> {
    let allowed = spec.texts_under("allowedFlexVolumes", "driver");
    for (index, _) in allowed.iter().enumerate().filter(|(_, driver)| driver.is_empty()) {
        spec.required(format_args!("allowedFlexVolumes[{index}].driver"), UNNAMED);
    }
    if allowed.is_empty() {
        None
    } else {
        Some(Drivers { is_csi: false, types: spec.volume_types(), allowed })
    }
}

pub(super) fn load_csi<'s>(spec: &mut Spec<'_, 's>) -> Option<Drivers<'s>> {
    let allowed = spec.texts_under("allowedCSIDrivers", "name");
    for (index, driver) in allowed.iter().enumerate() {
        let path = format_args!("allowedCSIDrivers[{index}].name");
        if driver.is_empty() {
            spec.required(path, UNNAMED);
        } else if driver.len() > 63 {
            spec.problem(path, "Too long: must have at most 63 bytes");
        } else if let Some(problem) = subdomain_problem(&driver.to_ascii_lowercase()) {
            spec.invalid(path, Quoted(driver), problem);
        }
    }
    if allowed.is_empty() {
        None
    } else {
        Some(Drivers { is_csi: true, types: spec.volume_types(), allowed })
    }
}

impl Rule for Drivers<'_> {
    fn validate(&self, pod: &Pod<'_>, found: &mut Findings<'_>) {
        for (index, volume) in pod.judged_volumes() {
            let (driver, key, what) = match volume.detail() {
                Some(VolumeDetail::Csi(driver)) if self.is_csi => (driver, "csi", "Inline CSI"),
                Some(VolumeDetail::FlexVolume(driver)) if !self.is_csi => {
                    (driver, "flexVolume", "Flexvolume")
                }
                _ => continue,
            };
            if !is_refused_by_type(volume, self.types, found) && !self.allowed.contains(driver) {
                let field = format_args!("spec.volumes[{index}].{key}.driver");
                found.invalid(field, Quoted(driver), format_args!("{what} driver is not allowed to be used"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    mod flex {
        use rstest::rstest;
        use serde_json::{Value, json};

        use crate::testing::Outcome::{self, Admitted, Rejected};
        use crate::testing::{judge_pod, problems, review_added};

        #[rstest]
        #[case::any_driver_by_default(json!({"volumes": ["flexVolume"]}), "x/y", Admitted)]
        #[case::listed(json!({"volumes": ["flexVolume"], "allowedFlexVolumes": [{"driver": "a/b"}]}), "a/b", Admitted)]
        #[case::not_listed_even_where_every_type_is(json!({"volumes": ["*"], "allowedFlexVolumes": [{"driver": "a/b"}]}), "x/y",
            Rejected("spec.volumes[0].flexVolume.driver: Invalid value: \"x/y\": Flexvolume driver is not allowed to be used"))]
        #[case::refused_for_its_type_alone(json!({"allowedFlexVolumes": [{"driver": "a/b"}]}), "x/y",
            Rejected("spec.volumes[0]: Invalid value: \"flexVolume\": flexVolume volumes are not allowed to be used"))]
        fn judges(#[case] policy: Value, #[case] driver: &str, #[case] expected: Outcome) {
            judge_pod(
                policy,
                json!({"spec": {"volumes": [{"name": "v", "flexVolume": {"driver": driver}}]}}),
                expected,
            );
        }

        #[rstest]
        #[case::that_mounts_it(json!([{"name": "v"}]),
            Some("spec.volumes[0].flexVolume.driver: Invalid value: \"x/y\": Flexvolume driver is not allowed to be used"))]
        #[case::that_does_not(json!([]), None)]
        fn judges_what_is_there_for_an_added_container(
            #[case] mounts: Value,
            #[case] expected: Option<&str>,
        ) {
            let policy = json!({"volumes": ["flexVolume"], "allowedFlexVolumes": [{"driver": "a/b"}]});
            let pod = json!({"spec": {"volumes": [{"name": "v", "flexVolume": {"driver": "x/y"}}]}});
            let response = review_added(policy, pod, json!({"volumeMounts": mounts}));
            assert_eq!(response.rejection.as_deref(), expected);
        }

        #[rstest]
        #[case::absent(json!({}), "allowedFlexVolumes[0].driver: Required value: must specify a driver")]
        #[case::empty(json!({"driver": ""}), "allowedFlexVolumes[0].driver: Required value: must specify a driver")]
        #[case::misspelt(json!({"driver": "a/b", "drivers": "c"}), "allowedFlexVolumes[0].drivers: unknown field; did you mean \"driver\"?")]
        fn refuses_settings(#[case] entry: Value, #[case] expected: &str) {
            assert_eq!(problems(&json!({"allowedFlexVolumes": [entry]})), expected);
        }
    }

    mod csi {
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
        fn judges_what_is_there_for_an_added_container(
            #[case] mounts: Value,
            #[case] expected: Option<&str>,
        ) {
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
            let policy = json!({"allowedCSIDrivers": [{"name": "Capitals.Are-Fine"}, {"name": name}, {"name": longest}]});
            assert_eq!(problems(&policy), format!("allowedCSIDrivers[1].name: {expected}"));
        }
    }
}
