//! FlexVolume drivers run as root on the node.

use crate::json::{Quoted, Text};
use crate::pod::volume_type::VolumeTypes;
use crate::pod::{Pod, VolumeDetail, VolumeSource};
use crate::rule::{Entry, Findings, Rule, Spec};
use crate::rules;
use crate::schema::{Field, Shape};

pub(crate) const ENTRIES: &[Entry] = &[Entry {
    id: "allowedFlexVolumes",
    purpose: "The drivers that `flexVolume` volumes may name.",
    shape: Some(Shape::List(&Shape::Object(&[Field::new(
        "driver",
        Shape::Text,
        "The driver, spelt as in the volume.",
    )]))),
    reads: &["volumes"],
    pod_fields: "`volumes[*].flexVolume.driver`",
    default: "empty: every driver is allowed, if `volumes` lists `flexVolume`",
    ..Entry::USUAL
}];

/// Refuses drivers that are not listed.
pub(crate) struct FlexVolumes<'s> {
    types: VolumeTypes,
    drivers: Vec<Text<'s>>,
}

pub(super) fn load<'s>(spec: &mut Spec<'_, 's>) -> Option<FlexVolumes<'s>> {
    let drivers = spec.texts_under("allowedFlexVolumes", "driver");
    for index in drivers.iter().enumerate().filter(|(_, driver)| driver.is_empty()).map(|(index, _)| index) {
        spec.required(format_args!("allowedFlexVolumes[{index}].driver"), "must specify a driver");
    }
    if drivers.is_empty() { None } else { Some(FlexVolumes { types: spec.volume_types(), drivers }) }
}

impl Rule for FlexVolumes<'_> {
    fn validate(&self, pod: &Pod<'_>, found: &mut Findings<'_>) {
        for (index, volume) in pod.judged_volumes() {
            let Some(VolumeSource { detail: VolumeDetail::FlexVolume(driver), .. }) = &volume.source else {
                continue;
            };
            let refused_by_type =
                found.denies(const { rules::number("volumes") }) && !self.types.allow(volume);
            if !refused_by_type && !self.drivers.contains(driver) {
                found.invalid(
                    format_args!("spec.volumes[{index}].flexVolume.driver"),
                    Quoted(driver),
                    "Flexvolume driver is not allowed to be used",
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
    fn judges_what_is_there_for_an_added_container(#[case] mounts: Value, #[case] expected: Option<&str>) {
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
