//! A suggestion admits the workloads it was made for.

use conformance::case::Case;
use conformance::generate;
use pod_security_policy::admission::review;
use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};

use super::needs::{Needs, Place};
use super::spec::Strictness;
use crate::input::Object;
use crate::judge;
use crate::rbac::Authority;

/// The suggestion for some pods, and the response to each of them under it.
fn responses(
    pods: &[Value],
    strictness: Strictness,
) -> (Needs, Value, Vec<pod_security_policy::admission::Response>) {
    let mut needs = Needs::default();
    for (nth, pod) in pods.iter().enumerate() {
        let object = Object::of_value(pod);
        for (root, pod) in judge::pods(&object, &object.json).unwrap() {
            needs.add(&pod, Place { object: &object, nth, title: "pod", root: &root });
        }
    }
    let manifest = needs.suggest(strictness).manifest("suggested");
    let responses = pods.iter().map(|pod| {
        let request = json!({"operation": "CREATE", "kind": {"group": "", "kind": "Pod"}, "namespace": "n", "object": pod});
        review(&json!({"request": request, "settings": manifest}).to_string(), &Authority::Everybody)
    });
    let responses = responses.collect();
    (needs, manifest, responses)
}

fn check(pods: &[Value]) {
    for strictness in [Strictness::Declared, Strictness::FilledIn] {
        let (needs, manifest, responses) = responses(pods, strictness);
        let rejected = responses.iter().filter(|response| !response.is_accepted()).count();
        assert_eq!(
            rejected,
            needs.unfit.len(),
            "{strictness:?}\n{manifest}\n{:?}\n{pods:#?}",
            responses.iter().filter_map(|response| response.rejection.as_ref()).collect::<Vec<_>>()
        );
        if strictness == Strictness::Declared {
            let adopted = |pod: &Value| pod.to_string().contains("seccomp.security.alpha.kubernetes.io");
            for (pod, response) in pods.iter().zip(&responses).filter(|(pod, _)| !adopted(pod)) {
                assert!(response.edits.is_empty(), "{manifest}\n{pod}\n{:?}", response.edits);
            }
        }
    }
}

/// A pod that the API could send: unreadable objects have no needs.
fn readable(pod: &Value) -> bool {
    let mut pod = pod.clone();
    pod["kind"] = "Pod".into();
    pod["apiVersion"] = "v1".into();
    pod.is_object() && {
        let text = pod.to_string();
        pod_security_policy::json::Reader::document::<pod_security_policy::pod::Pod<'_>>(&text).is_ok()
    }
}

fn pods(seed: u64, count: u64) -> Vec<Value> {
    let cases = (0..count).map(|index| -> Case { generate::case(seed, index) });
    let typed = cases.map(|case| case.pod).filter(readable).map(|mut pod| {
        pod["kind"] = "Pod".into();
        pod["apiVersion"] = "v1".into();
        pod
    });
    typed.collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_suggestion_admits_its_input(seed in any::<u64>(), count in 1_u64..6) {
        check(&pods(seed, count));
    }
}

/// A policy reads a required `CAP_KILL` as `KILL`, which a pod that only drops `CAP_KILL` does not drop.
/// HostProcess containers need no right of privileged containers of Linux.
#[rstest]
#[case::host_process(json!({"windowsOptions": {"hostProcess": true}}), json!({"hostProcess": true}), false)]
#[case::privileged_as_well(json!({"windowsOptions": {"hostProcess": true}, "privileged": true}), json!(null), true)]
#[case::neither(json!({}), json!(null), false)]
fn host_processes_are_allowed_by_their_own_key(
    #[case] context: Value,
    #[case] windows: Value,
    #[case] privileged: bool,
) {
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
        "spec": {"os": {"name": "windows"}, "hostNetwork": true, "containers": [{"name": "c", "image": "i", "securityContext": context}]}});
    let (_, manifest, responses) = responses(&[pod], Strictness::Declared);
    assert_eq!(responses[0].rejection, None);
    let spec = &manifest["spec"];
    assert_eq!((&spec["windowsOptions"], &spec["privileged"]), (&windows, &json!(privileged)));
}

/// Safe sysctls need no list; where one is used they may not be forbidden either.
#[rstest]
#[case::none(&[], json!(null), json!(["*"]))]
#[case::safe_alone(&["net.ipv4.tcp_syncookies"], json!(null), json!(null))]
#[case::unsafe_alone(&["kernel/msgmax"], json!(["kernel.msgmax"]), json!(null))]
#[case::both(&["net.ipv4.tcp_syncookies", "kernel.msgmax"], json!(["kernel.msgmax"]), json!(null))]
fn only_unsafe_sysctls_are_listed(#[case] names: &[&str], #[case] allowed: Value, #[case] forbidden: Value) {
    let sysctls: Vec<Value> = names.iter().map(|name| json!({"name": name, "value": "1"})).collect();
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
        "spec": {"securityContext": {"sysctls": sysctls}, "containers": [{"name": "c", "image": "i"}]}});
    let (_, manifest, responses) = responses(&[pod], Strictness::Declared);
    assert_eq!(responses[0].rejection, None);
    let spec = &manifest["spec"];
    assert_eq!((&spec["allowedUnsafeSysctls"], &spec["forbiddenSysctls"]), (&allowed, &forbidden));
}

#[test]
fn a_name_that_drops_nothing_is_not_required() {
    let drop = json!({"capabilities": {"drop": ["CAP_KILL", "CHOWN"]}});
    let pod = json!({"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "p", "namespace": "n"},
        "spec": {"containers": [{"name": "c", "securityContext": drop}]}});
    let (_, manifest, responses) = responses(std::slice::from_ref(&pod), Strictness::Declared);
    assert_eq!(manifest["spec"]["requiredDropCapabilities"], json!(["CHOWN"]));
    assert!(responses.iter().all(|response| response.is_accepted() && response.edits.is_empty()));
    check(&[pod]);
}
