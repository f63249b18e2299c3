//! The pair of registrations: one mutates, one validates the result.

use policy_host::{AdmissionRequest, Settings, Unanswered};
use serde_json::{Value, json};
use std::sync::Arc;

use crate::harness::{MODULE, ask, create, laid_over, listed, pod};

/// The object after the mutating registration.
fn admitted(settings: &Value, pod: &Value) -> Value {
    let request = AdmissionRequest::from_value(create(pod.clone())).unwrap();
    let settings = Settings::try_from(settings.clone()).unwrap();
    let response = MODULE.instance(Arc::new(Unanswered)).unwrap().review(&request, &settings).unwrap();
    assert!(response.allowed, "{}", response.message());
    let mut pod = pod.clone();
    json_patch::patch(&mut pod, &response.changes).unwrap();
    pod
}

fn settings() -> Value {
    listed(
        "None",
        &[(
            "restricted",
            json!({"readOnlyRootFilesystem": true, "requiredDropCapabilities": ["ALL"],
        "runAsUser": {"rule": "MustRunAsNonRoot"}}),
        )],
    )
}

fn twin() -> Value {
    laid_over(settings(), &json!({"mutate": false}))
}

#[test]
fn what_one_has_admitted_the_other_admits_as_it_is() {
    let verdict = ask(&twin(), &create(admitted(&settings(), &pod(json!({})))));
    verdict.passes();
    assert_eq!(verdict.winner(), "restricted");
}

#[test]
fn s40_a_sidecar_injected_in_between_is_refused_for_what_it_lacks() {
    let mut pod = admitted(&settings(), &pod(json!({})));
    pod["spec"]["containers"].as_array_mut().unwrap().push(json!({"name": "istio-proxy", "image": "proxy"}));
    ask(&twin(), &create(pod)).is_rejected(
        "would be filled in: spec.containers[1].securityContext.runAsNonRoot = true; \
         would be filled in: spec.containers[1].securityContext.capabilities.drop = [\"ALL\"]; \
         would be filled in: spec.containers[1].securityContext.readOnlyRootFilesystem = true",
    );
}

#[test]
fn s40_a_sidecar_that_brings_its_own_security_context_passes() {
    let mut pod = admitted(&settings(), &pod(json!({})));
    let own =
        json!({"runAsNonRoot": true, "readOnlyRootFilesystem": true, "capabilities": {"drop": ["ALL"]}});
    pod["spec"]["containers"]
        .as_array_mut()
        .unwrap()
        .push(json!({"name": "istio-proxy", "securityContext": own}));
    ask(&twin(), &create(pod)).passes();
}
