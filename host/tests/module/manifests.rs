//! The shipped pair of registrations, and the metadata of the module.

use std::collections::BTreeSet;
use std::path::Path;

use policy_host::read_text;
use serde_json::{Value, json};

use crate::harness::{ask, create, laid_over, pod, problem};

pub(crate) fn read(file: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
    let options = serde_saphyr::options! { strict_booleans: true };
    serde_saphyr::from_str_with_options(&read_text(&path).unwrap(), options).unwrap()
}

fn pair() -> (Value, Value) {
    (read("manifests/mutating.yaml"), read("manifests/validating.yaml"))
}

/// `apps/deployments UPDATE`, for everything that a list of rules registers for.
pub(crate) fn registered(rules: &Value) -> BTreeSet<String> {
    let list = |value: &Value| {
        value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let mut registered = BTreeSet::new();
    for rule in rules.as_array().unwrap() {
        // Claims had versions before v1, and have the same fields in all.
        let versions = if list(&rule["apiGroups"]) == ["resource.k8s.io"] { "*" } else { "v1" };
        assert_eq!(list(&rule["apiVersions"]), [versions]);
        for group in list(&rule["apiGroups"]) {
            for resource in list(&rule["resources"]) {
                for operation in list(&rule["operations"]) {
                    registered.insert(format!("{group}/{resource} {operation}"));
                }
            }
        }
    }
    registered
}

#[test]
fn the_pair_is_one_that_mutates_and_one_that_does_not() {
    let (mutating, validating) = pair();
    for manifest in [&mutating, &validating] {
        assert_eq!(manifest["apiVersion"], "policies.kubewarden.io/v1");
        assert_eq!(manifest["kind"], "ClusterAdmissionPolicy");
        assert_eq!(manifest["spec"]["failurePolicy"], "Ignore");
        assert_eq!(manifest["spec"]["mode"], "monitor");
    }
    assert_eq!(
        (&mutating["spec"]["mutating"], &validating["spec"]["mutating"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(
        (&mutating["spec"]["backgroundAudit"], &validating["spec"]["backgroundAudit"]),
        (&json!(false), &json!(true))
    );
    for same in ["module", "policyServer", "namespaceSelector", "contextAwareResources", "timeoutSeconds"] {
        assert_eq!(mutating["spec"][same], validating["spec"][same], "{same}");
    }
}

#[test]
fn their_settings_differ_in_mutate_alone_and_are_valid() {
    let (mutating, validating) = pair();
    let (one, other) = (&mutating["spec"]["settings"], &validating["spec"]["settings"]);
    assert_eq!(laid_over(one.clone(), &json!({"mutate": false})), *other);
    assert_eq!(one.get("mutate"), None);
    assert_eq!((problem(one), problem(other)), (None, None));
    let open = laid_over(one.clone(), &json!({"authorization": "None"}));
    assert_eq!(ask(&open, &create(pod(json!({})))).winner(), "privileged");
}

#[test]
fn they_register_for_what_the_policy_judges() {
    let (mutating, validating) = pair();
    let (one, other) = (registered(&mutating["spec"]["rules"]), registered(&validating["spec"]["rules"]));
    assert_eq!(one, BTreeSet::from(["/pods CREATE", "/pods/ephemeralcontainers UPDATE"].map(str::to_owned)));
    let workloads = [
        "/replicationcontrollers",
        "/podtemplates",
        "apps/deployments",
        "apps/replicasets",
        "apps/statefulsets",
        "apps/daemonsets",
        "batch/jobs",
        "batch/cronjobs",
    ];
    let mut expected = BTreeSet::from(["/pods/ephemeralcontainers UPDATE".to_owned()]);
    for resource in workloads.into_iter().chain(["/pods"]) {
        expected.extend(["CREATE", "UPDATE"].map(|operation| format!("{resource} {operation}")));
    }
    assert_eq!(other, expected);
    assert_eq!(registered(&read("metadata.yml")["rules"]), expected);
}

/// Else the audit scanner drops the whole policy.
#[test]
fn ephemeral_containers_stand_in_a_rule_of_their_own() {
    let (mutating, validating) = pair();
    let metadata = read("metadata.yml");
    for rules in [&mutating["spec"]["rules"], &validating["spec"]["rules"], &metadata["rules"]] {
        let with: Vec<_> = rules
            .as_array()
            .unwrap()
            .iter()
            .filter(|rule| rule["resources"].to_string().contains("pods/ephemeralcontainers"))
            .collect();
        assert_eq!(with.len(), 1);
        assert_eq!(
            (&with[0]["resources"], &with[0]["operations"]),
            (&json!(["pods/ephemeralcontainers"]), &json!(["UPDATE"]))
        );
    }
}

/// The controller does not look at `matchLabels` there.
#[test]
fn namespaces_are_selected_by_expressions() {
    let (mutating, _) = pair();
    let selector = &mutating["spec"]["namespaceSelector"];
    assert_eq!(selector.as_object().unwrap().keys().collect::<Vec<_>>(), ["matchExpressions"]);
    assert_eq!(selector["matchExpressions"][0]["key"], "kubernetes.io/metadata.name");
}

#[test]
fn the_metadata_reports_what_the_module_needs() {
    let (mutating, validating) = pair();
    let metadata = read("metadata.yml");
    assert_eq!(
        (&metadata["mutating"], &metadata["backgroundAudit"]),
        (&json!(true), &mutating["spec"]["backgroundAudit"])
    );
    assert_eq!(metadata["executionMode"], "kubewarden-wapc");
    assert_eq!(metadata["hostCapabilities"], json!(["kubernetes/can_i"]));
    assert_eq!(metadata["contextAwareResources"], validating["spec"]["contextAwareResources"]);
    let annotations = &metadata["annotations"];
    for key in [
        "title",
        "version",
        "description",
        "author",
        "url",
        "source",
        "ociUrl",
        "license",
        "category",
        "severity",
    ] {
        let value = annotations[format!("io.kubewarden.policy.{key}")].as_str().unwrap_or_default();
        assert!(!value.is_empty(), "{key}");
    }
    for key in ["displayName", "resources", "keywords"] {
        assert!(annotations[format!("io.artifacthub.{key}")].is_string(), "{key}");
    }
    let version = annotations["io.kubewarden.policy.version"].as_str().unwrap();
    assert_eq!(version, env!("CARGO_PKG_VERSION"));
    let module = annotations["io.kubewarden.policy.ociUrl"].as_str().unwrap();
    assert_eq!(mutating["spec"]["module"], format!("registry://{module}:v{version}"));
}

#[test]
fn the_policy_server_of_its_own_refers_to_what_comes_with_it() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../manifests/policy-server.yaml");
    let objects: Vec<Value> = serde_saphyr::from_multiple(&read_text(&path).unwrap()).unwrap();
    let of_kind = |kind: &str| objects.iter().find(|object| object["kind"] == kind).unwrap();
    let spec = &of_kind("PolicyServer")["spec"];
    assert_eq!([&spec["replicas"], &spec["minAvailable"]], [&json!(2), &json!(1)]);
    assert_eq!(spec["priorityClassName"], of_kind("PriorityClass")["metadata"]["name"]);
    let account = &of_kind("ServiceAccount")["metadata"];
    assert_eq!(spec["serviceAccountName"], account["name"]);
    let binding = of_kind("ClusterRoleBinding");
    let subject =
        json!({"kind": "ServiceAccount", "name": account["name"], "namespace": account["namespace"]});
    assert_eq!(binding["subjects"], json!([subject]));
    let role = of_kind("ClusterRole");
    assert_eq!(binding["roleRef"]["name"], role["metadata"]["name"]);
    let reviews = json!({"apiGroups": ["authorization.k8s.io"], "resources": ["subjectaccessreviews"], "verbs": ["create"]});
    assert_eq!(role["rules"], json!([reviews]));
}
