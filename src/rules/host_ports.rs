//! Ports of the node: taking one can shadow a service of the node, and opens it to whoever reaches the node.
//!
//! On the host network every container port is a host port, whether the manifest says so or not.

use crate::pod::{Container, Pod};
use crate::ranges::{PortRange, PortRanges};
use crate::rule::{Entry, Rule};
use crate::shape::{Field, Shape};
use crate::spec::Spec;
use crate::value::Value;
use crate::violation::Findings;

pub(crate) const ENTRIES: &[Entry] = &[Entry {
    id: "hostPorts",
    purpose: "The ports of the node that containers may take.",
    shape: Some(Shape::List(&Shape::Object(&[
        Field { name: "min", shape: Shape::Integer, doc: "The first port of the range." },
        Field { name: "max", shape: Shape::Integer, doc: "The last port of the range." },
    ]))),
    annotations: &[],
    pod_fields: "containers' `ports[*].hostPort`",
    mutates: "nothing",
    default: "none: no host port is allowed",
    load,
}];

/// Refuses host ports outside of the ranges.
#[derive(Debug)]
struct HostPorts(PortRanges);

fn load<'s>(spec: &mut Spec<'_, 's>) -> Option<Box<dyn Rule + 's>> {
    let list = spec.get("hostPorts").map(Value::elements).unwrap_or_default();
    let bound = |range: &Value<'_>, key| range.get(key).and_then(Value::integer).unwrap_or_default();
    let ranges: Vec<_> =
        list.iter().map(|range| PortRange { min: bound(range, "min"), max: bound(range, "max") }).collect();
    for (index, PortRange { min, max }) in ranges.iter().enumerate() {
        for (end, port) in [("min", min), ("max", max)] {
            if !(0..=65535).contains(port) {
                let path = format_args!("hostPorts[{index}].{end}");
                spec.problem(path, format_args!("Invalid value: {port}: must be between 0 and 65535"));
            }
        }
        if min > max {
            let path = format_args!("hostPorts[{index}].min");
            spec.problem(path, format_args!("Invalid value: {min}: min cannot be greater than max"));
        }
    }
    Some(Box::new(HostPorts(PortRanges(ranges))))
}

impl Rule for HostPorts {
    fn validate_container(&self, _pod: &Pod<'_>, container: &Container<'_>, found: &mut Findings<'_>) {
        for (index, port) in container.ports.iter().map(|port| port.host_port).enumerate() {
            if port != 0 && !self.0.hold(port) {
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
