//! `hostPorts`.

use serde_json::{Value, json};

use super::Generator;
use crate::generate::ids::{self, Range};
use crate::generate::pod::{List, Pod};
use crate::generate::policy::Policy;
use crate::generate::rng::Rng;

const LANDMARKS: [i64; 8] = [0, 1, 80, 443, 1024, 8080, 30_000, 65_535];
const WIDTHS: [i64; 6] = [0, 0, 1, 1, 100, 2767];
/// Numbers that PodSecurityPolicy's API accepted as ports, although no such port exists.
const MOST: i64 = 65_536;

#[derive(Debug)]
pub(super) struct HostPorts;

impl Generator for HostPorts {
    fn name(&self) -> &'static str {
        "hostPorts"
    }

    fn settle(&self, rng: &mut Rng, _settled: &Policy, policy: &mut Policy) {
        let count = rng.weighed(&[(40, None), (5, Some(0)), (30, Some(1)), (20, Some(2)), (5, Some(3))]);
        let Some(count) = count else { return };
        let mut ranges: Vec<Range> = Vec::new();
        for _ in 0..count {
            let min = match ranges.last() {
                Some(last) if rng.percent(30) => (last.max + 1).min(MOST),
                _ => rng.pick(&LANDMARKS),
            };
            ranges.push(Range { min, max: (min + rng.pick(&WIDTHS)).min(MOST) });
        }
        policy.set("hostPorts", ids::write(&ranges));
    }

    fn fit(&self, rng: &mut Rng, policy: &Policy, _explicit: bool, pod: &mut Pod) {
        let ranges = ranges(policy);
        let shared = pod.host_network();
        for container in &mut pod.containers {
            for _ in 0..rng.weighed(&[(60, 0), (30, 1), (10, 2)]) {
                // The API sets the host port of every port of a host network pod to its own number.
                let defaulted = shared && container.list != List::Ephemeral;
                let port = match (defaulted, ranges.is_empty()) {
                    (true, true) => continue,
                    (true, false) => {
                        let port = ids::inside(rng, &ranges).clamp(1, 65_535);
                        if !ranges.iter().any(|range| range.contains(port)) {
                            continue;
                        }
                        with_host_port(rng, port, port)
                    }
                    (false, true) => with_host_port(rng, 8080, 0),
                    (false, false) => {
                        let host = ids::inside(rng, &ranges).min(65_535);
                        if !ranges.iter().any(|range| range.contains(host)) {
                            continue;
                        }
                        with_host_port(rng, 8080, host)
                    }
                };
                container.append("ports", port);
            }
        }
    }

    fn violate(&self, rng: &mut Rng, policy: &Policy, pod: &mut Pod) -> bool {
        let ranges = ranges(policy);
        let Some(port) = ids::outside(rng, &ranges).filter(|port| (1..=65_535).contains(port)) else {
            return false;
        };
        let inside = if pod.host_network() { port } else { 8080 };
        let declared = json!({"containerPort": inside, "hostPort": port});
        pod.any(rng).map(|container| container.append("ports", declared)).is_some()
    }
}

fn ranges(policy: &Policy) -> Vec<Range> {
    policy.list("hostPorts").iter().filter_map(Range::read).collect()
}

/// A port; its host port may be left out, which is the same as 0.
fn with_host_port(rng: &mut Rng, inside: i64, host: i64) -> Value {
    let mut port = json!({"containerPort": inside});
    if rng.percent(70)
        && let Some(port) = port.as_object_mut()
    {
        port.insert("hostPort".to_owned(), host.into());
        if rng.percent(20) {
            port.insert("protocol".to_owned(), rng.pick(&["TCP", "UDP"]).into());
            port.insert("hostIP".to_owned(), "127.0.0.1".into());
        }
    }
    port
}
