//! A probe or a lifecycle hook with a host of its own makes the kubelet call that host: a request forged by the pod
//! and sent from the node.
//!
//! | | |
//! |---|---|
//! | Level | baseline, since v1.34 |
//! | Pod fields | `host` of `httpGet` and `tcpSocket` in containers' probes and lifecycle hooks |
//! | Accepts | unset or empty; not even the node's own `localhost` |
//! | Source | Pod Security Standards, Baseline, "Host Probes / Lifecycle Hooks"; KEP-4940 |

use super::phrases::{containers, plural, quoted, set};
use super::{Check, Level, Objection, Subject, Variant, doc_only};
use crate::pod::Container;

pub(super) const CHECK: Check = Check {
    id: "hostProbesAndHostLifecycle",
    level: Level::Baseline,
    purpose: doc_only("Probes and lifecycle hooks may not name hosts."),
    pod_fields: doc_only("`host` of `httpGet` and `tcpSocket` in containers' probes and `lifecycle`"),
    variants: &[Variant { since: 34, judge }],
};

fn judge(subject: &Subject<'_>) -> Option<Objection> {
    let (names, hosts) = subject.search(&mut |container, hosts| {
        let Container { liveness_probe, readiness_probe, startup_probe, lifecycle, .. } = container;
        for called in [&liveness_probe.hosts, &readiness_probe.hosts, &startup_probe.hosts, &lifecycle.hosts]
        {
            hosts.extend(called.iter().map(|host| &**host).filter(|host| !host.is_empty()));
        }
    })?;
    // The only check that sorts the names of containers.
    let (names, hosts) = (set(names), set(hosts));
    let verb = plural(names.len(), " uses ", " use ");
    let noun = plural(hosts.len(), "probe or lifecycle host ", "probe or lifecycle hosts ");
    let detail = [&containers(&names), verb, noun, &quoted(&hosts)].concat();
    Some(Objection { reason: "probe or lifecycle host", detail })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Reader;
    use crate::pod::Pod;
    use crate::standards::testing::{NOT_YET, NOTHING, containers, says, spec};
    use rstest::rstest;
    use serde_json::{Value, json};

    fn with(fields: Value) -> Value {
        let mut container = json!({"name": "a"});
        container.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        spec(json!({"containers": [container]}))
    }

    #[rstest]
    #[case::none(with(json!({"livenessProbe": {"httpGet": {"port": 80}}})), NOTHING)]
    #[case::empty(with(json!({"livenessProbe": {"tcpSocket": {"host": "", "port": 80}}})), NOTHING)]
    #[case::null(with(json!({"livenessProbe": null, "lifecycle": {"preStop": {"httpGet": {"host": null}}}})), NOTHING)]
    #[case::other_handlers(
        with(json!({"livenessProbe": {"grpc": {"port": 1}, "exec": {"command": ["a"]}}, "lifecycle": {"preStop": {"sleep": {"seconds": 1}}}})),
        NOTHING)]
    #[case::header(with(json!({"livenessProbe": {"httpGet": {"httpHeaders": [{"name": "Host", "value": "a"}]}}})), NOTHING)]
    #[case::elsewhere(with(json!({"host": "a", "livenessProbe": {"host": "a", "postStart": {"httpGet": {"host": "a"}}}, "lifecycle": {"httpGet": {"host": "a"}}})), NOTHING)]
    #[case::liveness(with(json!({"livenessProbe": {"httpGet": {"host": "h"}}})),
        r#"probe or lifecycle host (container "a" uses probe or lifecycle host "h")"#)]
    #[case::readiness(with(json!({"readinessProbe": {"tcpSocket": {"host": "h"}}})),
        r#"probe or lifecycle host (container "a" uses probe or lifecycle host "h")"#)]
    #[case::startup(with(json!({"startupProbe": {"tcpSocket": {"host": "h"}, "httpGet": {"host": "h"}}})),
        r#"probe or lifecycle host (container "a" uses probe or lifecycle host "h")"#)]
    #[case::hooks(with(json!({"lifecycle": {"postStart": {"httpGet": {"host": "h"}}, "preStop": {"tcpSocket": {"host": "g"}}}})),
        r#"probe or lifecycle host (container "a" uses probe or lifecycle hosts "g", "h")"#)]
    #[case::of_the_node_itself(
        with(json!({"livenessProbe": {"httpGet": {"host": "localhost"}}, "readinessProbe": {"httpGet": {"host": "::1"}}, "startupProbe": {"httpGet": {"host": "127.0.0.1"}}})),
        r#"probe or lifecycle host (container "a" uses probe or lifecycle hosts "127.0.0.1", "::1", "localhost")"#)]
    #[case::containers_are_a_sorted_set(
        containers(vec![
            json!({"name": "z", "livenessProbe": {"httpGet": {"host": "h"}}}),
            json!({"name": "b", "livenessProbe": {"httpGet": {"host": "h"}}}),
            json!({"name": "z", "livenessProbe": {"httpGet": {"host": "h"}}}),
            json!({"name": "a", "livenessProbe": {"httpGet": {"host": "h"}}}),
        ]),
        r#"probe or lifecycle host (containers "a", "b", "z" use probe or lifecycle host "h")"#)]
    fn judges_since_v1_34(#[case] pod: Value, #[case] expected: &str) {
        for (version, expected) in [("v1.33", NOT_YET), ("v1.34", expected), ("latest", expected)] {
            assert_eq!(says(&CHECK, version, &pod), expected, "{version}");
        }
    }

    #[rstest]
    #[case::host(json!({"livenessProbe": {"httpGet": {"host": 1}}}),
        "spec.containers[0].livenessProbe.httpGet.host: must be a string, not 1")]
    #[case::handler(json!({"startupProbe": {"tcpSocket": "h"}}),
        r#"spec.containers[0].startupProbe.tcpSocket: must be an object, not the string "h""#)]
    #[case::hook(json!({"lifecycle": {"preStop": []}}),
        "spec.containers[0].lifecycle.preStop: must be an object, not a list")]
    fn a_host_that_cannot_be_read_is_a_fault(#[case] container: Value, #[case] expected: &str) {
        let text = spec(json!({"containers": [container]})).to_string();
        let error = Reader::document::<Pod<'_>>(&text).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn a_handler_that_stands_twice_is_a_fault() {
        let text = r#"{"spec": {"containers": [{"readinessProbe": {"httpGet": {"host": ""}, "httpGet": {"host": "h"}}}]}}"#;
        let error = Reader::document::<Pod<'_>>(text).unwrap_err();
        assert_eq!(error.to_string(), "spec.containers[0].readinessProbe.httpGet: duplicate key");
    }
}
