use rstest::rstest;
use serde_json::{Map, Value, json};

use super::*;
use crate::import::{Combined, bundles};

fn constraint(kind: &str, spec: &Value) -> Object {
    Object::of_value(&json!({"apiVersion": "constraints.gatekeeper.sh/v1beta1", "kind": kind,
        "metadata": {"name": "c"}, "spec": spec}))
}

fn found(objects: &[Object]) -> Findings {
    read(objects, &Surroundings::default())
}

/// The settings of the only registration.
fn settings(objects: &[Object]) -> Value {
    let findings = found(objects);
    let Combined { bundles, refused, .. } = bundles(findings.pieces);
    assert_eq!(texts(&findings.refused), [""; 0]);
    assert_eq!(texts(&refused), [""; 0]);
    let [bundle] = &bundles[..] else { panic!("{} registrations", bundles.len()) };
    Value::Object(bundle.settings())
}

fn texts(errors: &[Error]) -> Vec<String> {
    errors.iter().map(|error| error.reason.clone()).collect()
}

#[test]
fn a_set_of_constraints_is_one_registration() {
    let kinds = [
        ("K8sPSPPrivilegedContainer", json!({})),
        ("K8sPSPHostProcess", json!({})),
        ("K8sPSPHostNamespace", json!({})),
        ("K8sPSPHostFilesystem", json!({})),
        ("K8sPSPHostProbesLifecycle", json!({})),
        (
            "K8sPSPCapabilities",
            json!({"allowedCapabilities": ["NET_BIND_SERVICE"], "requiredDropCapabilities": ["ALL"]}),
        ),
        ("K8sPSPReadOnlyRootFilesystem", json!({})),
    ];
    let mut objects: Vec<Object> =
        kinds.iter().map(|(kind, parameters)| constraint(kind, &json!({"parameters": parameters}))).collect();
    objects
        .push(constraint("K8sPSPAllowPrivilegeEscalationContainer", &json!({"enforcementAction": "warn"})));
    assert_eq!(
        settings(&objects),
        json!({
            "podSecurityStandards": {"enforce": "baseline:v1.34"},
            "enforcement": {"rules": {
                "allowPrivilegeEscalation": "Warn",
                "pss/appArmorProfile": "Ignore", "pss/capabilities_baseline": "Ignore", "pss/hostNamespaces": "Ignore",
                "pss/hostPorts": "Ignore", "pss/privileged": "Ignore", "pss/procMount": "Ignore", "pss/seLinuxOptions": "Ignore",
                "pss/seccompProfile_baseline": "Ignore", "pss/sysctls": "Ignore", "pss/windowsHostProcess": "Ignore"}},
            "workloads": "Warn",
            "annotations": {"seccomp.security.alpha.kubernetes.io/allowedProfileNames": "*"},
            "privileged": false, "allowPrivilegeEscalation": false, "hostNetwork": true, "hostPID": false, "hostIPC": false,
            "hostPorts": [{"min": 0, "max": 65535}], "volumes": ["*"],
            "allowedCapabilities": ["NET_BIND_SERVICE"], "allowedProcMountTypes": ["Default", "Unmasked"],
            "allowedUnsafeSysctls": ["*"],
            "runAsUser": {"rule": "RunAsAny"}, "seLinux": {"rule": "RunAsAny"},
            "supplementalGroups": {"rule": "RunAsAny"}, "fsGroup": {"rule": "RunAsAny"},
            "windowsOptions": {"hostProcess": false},
            "requiredDropCapabilities": ["ALL"], "readOnlyRootFilesystem": true
        })
    );
}

#[rstest]
#[case::other_kinds(json!({"match": {"kinds": [{"apiGroups": ["apps"], "kinds": ["Deployment"]}]}}), "it selects no pods")]
#[case::cluster(json!({"match": {"scope": "Cluster"}}), "it selects what has no namespace, which pods have")]
#[case::generated(json!({"match": {"source": "Generated"}}),
    "it selects the pods of workloads' templates alone, which are judged where pods are")]
#[case::audited(json!({"enforcementAction": "scoped", "scopedEnforcementActions": [
    {"action": "deny", "enforcementPoints": [{"name": "audit.gatekeeper.sh"}]}]}), "the webhook does not enforce it")]
#[case::exempt(json!({"parameters": {"exemptImages": ["*"]}}), "it exempts every image")]
fn constraints_that_demand_nothing_are_left_alone(#[case] spec: Value, #[case] reason: &str) {
    let findings = found(&[constraint("K8sPSPReadOnlyRootFilesystem", &spec)]);
    assert!(findings.pieces.is_empty() && findings.refused.is_empty());
    assert_eq!(findings.left_alone, [("K8sPSPReadOnlyRootFilesystem c".to_owned(), reason.to_owned())]);
}

#[rstest]
#[case::no_field(
    "K8sPSPAutomountServiceAccountTokenPod",
    "it is not one of the library's kinds for fields of PodSecurityPolicy"
)]
#[case::nothing("K8sPSPFSGroup", "it allows every group")]
fn kinds_without_a_demand_are_left_alone(#[case] kind: &str, #[case] reason: &str) {
    assert_eq!(found(&[constraint(kind, &json!({}))]).left_alone, [(format!("{kind} c"), reason.to_owned())]);
}

#[rstest]
#[case::list("K8sPSPCapabilities", json!({"parameters": {"allowedCapabilities": "CHOWN"}}),
    "spec.parameters.allowedCapabilities: must be a list")]
#[case::text("K8sPSPCapabilities", json!({"parameters": {"allowedCapabilities": [1]}}),
    "spec.parameters.allowedCapabilities[0]: must be a text")]
#[case::integer("K8sPSPHostNetworkingPorts", json!({"parameters": {"min": "80"}}), "spec.parameters.min: must be an integer")]
#[case::range("K8sPSPFSGroup", json!({"parameters": {"rule": "MustRunAs", "ranges": [{"min": "1", "max": 2}]}}),
    "spec.parameters.ranges[0]: must have integers as `min` and `max`")]
#[case::rule("K8sPSPFSGroup", json!({"parameters": {"rule": "Should"}}),
    "cannot be converted: fsGroup: the template knows no rule `Should`")]
#[case::parameters("K8sPSPFSGroup", json!({"parameters": []}), "spec.parameters: must be an object")]
#[case::selection("K8sPSPFSGroup", json!({"match": {"labels": {}}}), "spec.match.labels: what it selects is not known")]
#[case::namespace("K8sPSPFSGroup", json!({"match": {"namespaces": ["a*b"]}}),
    "spec.match.namespaces[0]: must be the name of a namespace, with `*` at its ends at most")]
#[case::scope("K8sPSPFSGroup", json!({"match": {"scope": "All"}}),
    "spec.match.scope: must be `*`, `Cluster` or `Namespaced`")]
#[case::no_profile("K8sPSPSeccompV2", json!({}), "cannot be converted: it rejects every pod")]
#[case::no_armor("K8sPSPAppArmor", json!({}), "cannot be converted: it rejects every pod")]
#[case::any_file_without_the_default("K8sPSPSeccompV2",
    json!({"parameters": {"allowedProfiles": ["Localhost"], "allowedLocalhostFiles": ["*"]}}),
    "cannot be converted: settings allow every file of the node only where the runtime's default is allowed, as the Pod Security Standards do")]
#[case::armor_without_a_check("K8sPSPAppArmor", json!({"parameters": {"allowedProfiles": ["runtime/default", "unconfined"]}}),
    "cannot be converted: settings admit containers without a profile only together with every profile but `unconfined`, which this list allows")]
#[case::contexts("K8sPSPSELinuxV2", json!({"parameters": {"allowedSELinuxOptions": [{"level": "s0:c1,c2", "type": "svirt_t"}]}}),
    "cannot be converted: settings demand one SELinux context of every pod, or the types that the Pod Security Standards allow to those that set one, not a list of contexts of which a pod may set any or none; the nearest is the check pss/seLinuxOptions")]
fn what_cannot_be_said_is_refused(#[case] kind: &str, #[case] spec: Value, #[case] reason: &str) {
    let findings = found(&[constraint(kind, &spec)]);
    assert!(findings.pieces.is_empty() && findings.left_alone.is_empty());
    assert_eq!(texts(&findings.refused), [format!("{kind} c: {reason}")]);
}

#[test]
fn constraints_reach_what_they_select() {
    let object = constraint(
        "K8sPSPHostNamespace",
        &json!({"match": {
            "kinds": [{"apiGroups": ["*"], "kinds": ["*"]}], "scope": "Namespaced", "source": "All",
            "namespaces": ["shop", "team-*"], "excludedNamespaces": ["kube-system", "*-test"],
            "labelSelector": {"matchLabels": {"app": "x"}},
            "namespaceSelector": {"matchExpressions": [{"key": "tier", "operator": "Exists"}]}, "name": "web-*"}}),
    );
    let config = Object::of_value(&json!({"apiVersion": "config.gatekeeper.sh/v1alpha1", "kind": "Config",
        "metadata": {"name": "config", "namespace": "gatekeeper-system"},
        "spec": {"match": [{"excludedNamespaces": ["istio-*", "db"], "processes": ["webhook"]},
            {"excludedNamespaces": ["audited"], "processes": ["audit"]}]}}));
    let findings = found(&[config, object]);
    let [piece] = &findings.pieces[..] else { panic!("{findings:?}") };
    let name = "(has(object.metadata.name) && object.metadata.name.startsWith(\"web-\")) || (has(object.metadata.generateName) && object.metadata.generateName.startsWith(\"web-\"))";
    let conditions = [
        ("namespaces", "request.namespace == \"shop\" || request.namespace.startsWith(\"team-\")"),
        (
            "excluded-namespaces",
            "!(request.namespace.startsWith(\"istio-\") || request.namespace.endsWith(\"-test\"))",
        ),
        ("name", name),
    ];
    assert_eq!(
        piece.reach,
        super::super::Reach {
            namespaces: vec![
                json!({"key": "tier", "operator": "Exists"}),
                json!({"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["db", "kube-system"]}),
            ],
            objects: vec![json!({"key": "app", "operator": "In", "values": ["x"]})],
            conditions: conditions.map(|(name, text)| (name.to_owned(), text.to_owned())).to_vec(),
            ..super::super::Reach::default()
        }
    );
    assert_eq!(
        findings.left_alone,
        [(
            "Config gatekeeper-system/config".to_owned(),
            "each registration excludes the namespaces that it excludes".to_owned()
        )]
    );
}

#[test]
fn exempt_images_need_namespaces() {
    let images = json!({"exemptImages": ["safe.io/tools/*", "nginx", "safe.io/x-*"]});
    let of = |selection: Value| {
        constraint("K8sPSPPrivilegedContainer", &json!({"match": selection, "parameters": images}))
    };
    let anywhere = found(&[of(json!({}))]);
    assert_eq!(anywhere.pieces[0].exemptions, Vec::<Map<String, Value>>::new());
    assert_eq!(
        anywhere.pieces[0].inexact[0].was,
        "containers of `safe.io/tools/*`, `nginx`, `safe.io/x-*` were exempt"
    );
    assert_eq!(
        settings(&[of(json!({"namespaces": ["tools"]}))])["exemptions"],
        json!([{"name": "K8sPSPPrivilegedContainer c", "reason": "exemptImages of a Gatekeeper constraint",
            "match": {"namespaces": ["tools"], "images": ["safe.io/tools/*", "nginx:latest"]}, "rules": ["privileged"]}])
    );
    let namespaces = ["shop", "kube-system"].map(|name| {
        Object::of_value(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}))
    });
    let around = Surroundings { namespaces: namespaces.to_vec(), ..Surroundings::default() };
    let dumped = read(&[of(json!({"excludedNamespaces": ["kube-system"]}))], &around);
    assert_eq!(dumped.pieces[0].exemptions[0]["match"]["namespaces"], json!(["shop"]));
    let rows: Vec<&str> = dumped.pieces[0].inexact.iter().map(|row| &*row.is).collect();
    assert_eq!(
        rows[..3],
        [
            "they are judged",
            "the same, by whatever name a runtime reads as that image",
            "the same, but not in namespaces that are made later"
        ]
    );
}

#[test]
fn parameters_that_the_template_does_not_read_are_named() {
    let findings =
        found(&[constraint("K8sPSPHostNamespace", &json!({"parameters": {"exemptImages": ["a"]}}))]);
    let row = &findings.pieces[0].inexact[0];
    assert_eq!(
        (&*row.key, &*row.was, &*row.is),
        ("parameters.exemptImages", "not read by the library's template", "not read")
    );
}

#[test]
fn parameters_are_named_where_nothing_is_demanded() {
    let findings = found(&[constraint("K8sPSPAllowedUsers", &json!({"parameters": {"allowedUsers": []}}))]);
    let reason = "it allows every user and group; the library's template does not read `allowedUsers`";
    assert_eq!(findings.left_alone, [("K8sPSPAllowedUsers c".to_owned(), reason.to_owned())]);
}

#[test]
fn an_edited_template_refuses_its_constraints() {
    let template =
        Object::of_value(&json!({"apiVersion": "templates.gatekeeper.sh/v1", "kind": "ConstraintTemplate",
        "metadata": {"name": "k8spsphostnamespace"},
        "spec": {"crd": {"spec": {"names": {"kind": "K8sPSPHostNamespace"}}},
            "targets": [{"target": "admission.k8s.gatekeeper.sh", "rego": "package x"}]}}));
    assert!(recognizes(&template));
    let findings = found(&[
        template,
        constraint("K8sPSPHostNamespace", &json!({})),
        constraint("K8sPSPProcMount", &json!({})),
    ]);
    let edited = "the code of its template is none that gatekeeper-library has published";
    assert_eq!(
        findings.left_alone,
        [("ConstraintTemplate k8spsphostnamespace".to_owned(), edited.to_owned())]
    );
    assert_eq!(texts(&findings.refused), [format!("K8sPSPHostNamespace c: cannot be converted: {edited}")]);
    assert_eq!(findings.pieces.len(), 1);
}

#[rstest]
#[case::constraint("constraints.gatekeeper.sh/v1beta1", "K8sPSPProcMount", true)]
#[case::of_another_library("constraints.gatekeeper.sh/v1beta1", "K8sRequiredLabels", false)]
#[case::config("config.gatekeeper.sh/v1alpha1", "Config", true)]
#[case::expansion("expansion.gatekeeper.sh/v1beta1", "ExpansionTemplate", true)]
#[case::mutator("mutations.gatekeeper.sh/v1", "Assign", true)]
#[case::other_mutator("mutations.gatekeeper.sh/v1alpha1", "Else", false)]
#[case::template_of_nothing("templates.gatekeeper.sh/v1", "ConstraintTemplate", false)]
#[case::pod("v1", "Pod", false)]
fn objects_are_recognized(#[case] version: &str, #[case] kind: &str, #[case] expected: bool) {
    let object = Object::of_value(&json!({"apiVersion": version, "kind": kind, "metadata": {"name": "x"}}));
    assert_eq!(recognizes(&object), expected);
}
