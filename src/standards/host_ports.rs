//! A port of the node bypasses network policies, and can shadow a service of the node.
//!
//! | | |
//! |---|---|
//! | Level | baseline |
//! | Pod fields | containers' `ports[*].hostPort` |
//! | Accepts | unset or 0 |
//! | Source | Pod Security Standards, Baseline, "Host Ports"; CVE-2019-9946 |
//!
//! On the host network the API server gives a pod a host port for each port, and such a pod fails here as well. It
//! leaves templates alone, and their future host ports do not count against them.

use super::phrases::{containers, plain, plural, set};
use super::{Check, Level, Objection, Subject, Variant, doc_only};

pub(super) const CHECK: Check = Check {
    id: "hostPorts",
    level: Level::Baseline,
    purpose: doc_only("Containers may not take ports of their node."),
    pod_fields: doc_only("containers' `ports[*].hostPort`"),
    variants: &[Variant { since: 0, judge }],
};

fn judge(subject: &Subject<'_>) -> Option<Objection> {
    let mut taken = Vec::new();
    let names = subject.names(&mut |container| {
        let before = taken.len();
        let ports = container.ports.iter().filter(|port| port.host_port != 0 && !port.defaulted);
        taken.extend(ports.map(|port| port.host_port.to_string()));
        taken.len() > before
    })?;
    let ports = set(taken.iter().map(String::as_str).collect());
    let verb = plural(names.len(), " uses ", " use ");
    let noun = plural(ports.len(), "hostPort ", "hostPorts ");
    Some(Objection { reason: "hostPort", detail: [&containers(&names), verb, noun, &plain(&ports)].concat() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::standards::testing::{NOTHING, says, spec};
    use rstest::rstest;
    use serde_json::{Value, json};

    fn ports(name: &str, host_ports: &[i64]) -> Value {
        let ports: Vec<_> = host_ports.iter().map(|port| json!({"hostPort": port})).collect();
        json!({"name": name, "ports": ports})
    }

    #[rstest]
    #[case::none(vec![ports("a", &[])], NOTHING)]
    #[case::only_of_the_container(vec![json!({"name": "a", "ports": [{"containerPort": 80}]})], NOTHING)]
    #[case::zero(vec![ports("a", &[0])], NOTHING)]
    #[case::one(vec![ports("a", &[0, 80])], r#"hostPort (container "a" uses hostPort 80)"#)]
    #[case::one_twice(vec![ports("a", &[80, 80])], r#"hostPort (container "a" uses hostPort 80)"#)]
    #[case::no_port_at_all(vec![ports("a", &[-1])], r#"hostPort (container "a" uses hostPort -1)"#)]
    #[case::sorted_as_text(vec![ports("a", &[80, 443, 10080])],
        r#"hostPort (container "a" uses hostPorts 10080, 443, 80)"#)]
    #[case::one_of_several_containers(vec![ports("b", &[80]), ports("a", &[80])],
        r#"hostPort (containers "b", "a" use hostPort 80)"#)]
    #[case::several_of_several(vec![ports("b", &[80]), ports("c", &[]), ports("a", &[8080])],
        r#"hostPort (containers "b", "a" use hostPorts 80, 8080)"#)]
    fn judges_at_every_version(#[case] containers: Vec<Value>, #[case] expected: &str) {
        for version in ["v1.0", "latest"] {
            let pod = spec(json!({"containers": containers}));
            assert_eq!(says(&CHECK, version, &pod), expected, "{version}");
        }
    }
}
