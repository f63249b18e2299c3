//! Ports of the node: using one can shadow a service of the node, and opens it to all that can reach the node.
//!
//! On the host network every container port is a host port, even if the manifest does not set it.

use crate::pod::{Container, Pod};
use crate::rule::ranges::{PortRanges, Range};
use crate::rule::{Entry, Findings, Rule, Spec};
use crate::schema::{Field, Shape};

pub(crate) const ENTRIES: &[Entry] = &[Entry {
    id: "hostPorts",
    purpose: "The ports of the node that containers may take.",
    shape: Some(Shape::List(&Shape::Object(&[
        Field::new("min", Shape::Integer, "The first port of the range."),
        Field::new("max", Shape::Integer, "The last port of the range."),
    ]))),
    pod_fields: "containers' `ports[*].hostPort`",
    default: "none: no host port is allowed",
    ..Entry::USUAL
}];

/// One more than the highest port. PodSecurityPolicy took it as the end of a range, so that policies have it.
const BEHIND_ALL: i64 = 65536;

/// Refuses host ports outside of the ranges.
pub(crate) struct HostPorts(PortRanges);

pub(super) fn load(spec: &mut Spec<'_, '_>) -> Option<HostPorts> {
    let list = spec.get("hostPorts").unwrap_or_default().elements();
    let mut ranges = Vec::with_capacity(list.clone().count());
    for (index, range) in list.enumerate() {
        let at = format_args!("hostPorts[{index}]");
        let Some(Range { min, max }) = spec.ends(at, range) else { continue };
        for (end, port) in [("min", min), ("max", max)] {
            if !(0..=BEHIND_ALL).contains(&port) {
                spec.invalid(format_args!("{at}.{end}"), port, "must be between 0 and 65535");
            }
        }
        if min > max {
            spec.invalid(format_args!("{at}.min"), min, "min cannot be greater than max");
        }
        let max = max.min(BEHIND_ALL - 1);
        if min <= max {
            ranges.push(Range { min, max });
        }
    }
    Some(HostPorts(PortRanges(ranges)))
}

impl Rule for HostPorts {
    fn validate_container(&self, _pod: &Pod<'_>, container: &Container<'_>, found: &mut Findings<'_>) {
        for (index, port) in container.ports.iter().map(|port| port.host_port).enumerate() {
            if port != 0 && !self.0.allow(port) {
                let allowed = &self.0;
                found.invalid(
                    format_args!("ports[{index}].hostPort"),
                    port,
                    format_args!("Host port {port} is not allowed to be used. Allowed ports: {allowed}"),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use crate::testing::Outcome::{self, Admitted, Objected, Rejected};
    use crate::testing::{judge, judge_pod, problems};

    fn ranges() -> Value {
        json!({"hostPorts": [{"min": 8080, "max": 8080}, {"min": 9000, "max": 9100}]})
    }

    #[rstest]
    #[case::no_port(json!({}), json!(null), Admitted)]
    #[case::no_host_port(json!({}), json!([{"containerPort": 80}]), Admitted)]
    #[case::zero_is_none(json!({}), json!([{"containerPort": 80, "hostPort": 0}]), Admitted)]
    #[case::none_allowed(json!({}), json!([{"hostPort": 80}]),
        Rejected("ports[0].hostPort: Invalid value: 80: Host port 80 is not allowed to be used. Allowed ports: []"))]
    #[case::ends_of_ranges(ranges(), json!([{"hostPort": 8080}, {"hostPort": 9000}, {"hostPort": 9100}]), Admitted)]
    #[case::outside_of_ranges(ranges(), json!([{"hostPort": 8080}, {"hostPort": 8081}, {"hostPort": 9101, "hostIP": "127.0.0.1"}]), Objected(&[
        "ports[1].hostPort: Invalid value: 8081: Host port 8081 is not allowed to be used. Allowed ports: [8080,9000-9100]",
        "ports[2].hostPort: Invalid value: 9101: Host port 9101 is not allowed to be used. Allowed ports: [8080,9000-9100]",
    ]))]
    #[case::negative(ranges(), json!([{"hostPort": -1}]),
        Rejected("ports[0].hostPort: Invalid value: -1: Host port -1 is not allowed to be used. Allowed ports: [8080,9000-9100]"))]
    #[case::up_to_one_more_than_there_are(json!({"hostPorts": [{"min": 9000, "max": 65536}]}), json!([{"hostPort": 65535}, {"hostPort": 65536}, {"hostPort": 80}]), Objected(&[
        "ports[1].hostPort: Invalid value: 65536: Host port 65536 is not allowed to be used. Allowed ports: [9000-65535]",
        "ports[2].hostPort: Invalid value: 80: Host port 80 is not allowed to be used. Allowed ports: [9000-65535]",
    ]))]
    #[case::behind_all(json!({"hostPorts": [{"min": 65536, "max": 65536}]}), json!([{"hostPort": 65535}]),
        Rejected("ports[0].hostPort: Invalid value: 65535: Host port 65535 is not allowed to be used. Allowed ports: []"))]
    #[case::every(json!({"hostPorts": [{"min": 0, "max": 65535}]}), json!([{"hostPort": 65535}]), Admitted)]
    fn judges(#[case] policy: Value, #[case] ports: Value, #[case] expected: Outcome) {
        judge(policy, json!({"ports": ports}), expected);
    }

    #[rstest]
    #[case::every_container_port_is_one(
        "containers",
        Rejected(
            "ports[0].hostPort: Invalid value: 80: Host port 80 is not allowed to be used. Allowed ports: [443]"
        )
    )]
    #[case::of_init_containers_too(
        "initContainers",
        Rejected(
            "spec.initContainers[0].ports[0].hostPort: Invalid value: 80: Host port 80 is not allowed to be used. Allowed ports: [443]"
        )
    )]
    #[case::ephemeral_containers_are_not_defaulted("ephemeralContainers", Admitted)]
    fn on_the_host_network(#[case] list: &str, #[case] expected: Outcome) {
        let ports = json!([{"containerPort": 80}, {"containerPort": 1, "hostPort": 443}]);
        let pod = json!({"spec": {"hostNetwork": true, list: [{"name": "d", "ports": ports}]}});
        judge_pod(json!({"hostNetwork": true, "hostPorts": [{"min": 443, "max": 443}]}), pod, expected);
    }

    #[rstest]
    #[case::upside_down(json!([{"min": 2, "max": 1}]), "hostPorts[0].min: Invalid value: 2: min cannot be greater than max")]
    #[case::no_first_port(json!([{"max": 2}]), "hostPorts[0].min: Required value: both ends of a range must be set")]
    #[case::no_last_port(json!([{"min": 2, "max": null}]), "hostPorts[0].max: Required value: both ends of a range must be set")]
    #[case::no_port(json!([{"min": 1, "max": 2}, {}]),
        "hostPorts[1].min: Required value: both ends of a range must be set; hostPorts[1].max: Required value: both ends of a range must be set")]
    #[case::outside(json!([{"min": -1, "max": 65537}]),
        "hostPorts[0].min: Invalid value: -1: must be between 0 and 65535; hostPorts[0].max: Invalid value: 65537: must be between 0 and 65535")]
    #[case::a_single_number(json!([80]), "hostPorts[0]: must be an object, not 80")]
    fn refuses_settings(#[case] ports: Value, #[case] expected: &str) {
        assert_eq!(problems(&json!({"hostPorts": ports})), expected);
    }
}
