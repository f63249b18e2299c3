use rstest::rstest;
use serde_json::{Value, json};

use super::*;
use crate::rules;
use crate::schema::names::subdomain_problem;

fn spec() -> Value {
    let any = json!({"rule": "RunAsAny"});
    json!({"runAsUser": any, "seLinux": any, "supplementalGroups": any, "fsGroup": any})
}

fn named(name: &str) -> Value {
    json!({"metadata": {"name": name}, "spec": spec()})
}

fn with(mut base: Value, over: Value) -> Value {
    for (key, value) in over.as_object().unwrap() {
        base[key] = value.clone();
    }
    base
}

fn problems(settings: &Value) -> String {
    problems_of(&settings.to_string())
}

fn problems_of(settings: &str) -> String {
    Settings::parse(settings).map(|_| ()).unwrap_err().to_string()
}

#[test]
fn a_bare_spec_is_the_policy_default() {
    let text = spec().to_string();
    let settings = Settings::parse(&text).unwrap();
    let names: Vec<_> = settings.policies.iter().map(|policy| &*policy.name).collect();
    assert_eq!((names, settings.listed), (vec!["default"], false));
    assert_eq!(
        (settings.authorization, settings.mutate, settings.workloads, settings.pod_templates),
        (Authorization::None, true, Action::Deny, vec![])
    );
}

#[test]
fn a_policy_prints_the_names_of_its_rules() {
    let settings = with(
        spec(),
        json!({"hostPID": true, "volumes": ["*"], "hostIPC": true, "readOnlyRootFilesystem": true}),
    )
    .to_string();
    let printed = format!("{:?}", Settings::parse(&settings).unwrap().policies[0]);
    let names = r#""hostNetwork", "allowedUnsafeSysctls", "volumes", "allowedHostPaths", "seccomp", "privileged", "allowedProcMountTypes", "allowedCapabilities", "hostPorts", "readOnlyRootFilesystem""#;
    assert_eq!(printed, format!("Policy {{ name: \"default\", rules: [{names}] }}"));
}

/// A key that stands twice is found by numbers, which must differ.
#[test]
fn all_keys_may_stand_together() {
    let rules = rules::all().filter(|(_, entry)| entry.shape.is_some()).map(|(_, entry)| entry.id);
    let options = OPTIONS.iter().map(|option| option.name);
    let keys: Vec<_> = rules.chain(options).chain(["annotations"]).collect();
    let mut settings = spec();
    for key in &keys {
        settings.as_object_mut().unwrap().entry(*key).or_insert(json!(null));
    }
    assert_eq!(settings.as_object().unwrap().len(), keys.len());
    assert_eq!(Settings::parse(&settings.to_string()).map(|settings| settings.policies.len()).ok(), Some(1));
}

#[test]
fn what_kubectl_printed_is_settings() {
    let managed = json!([{"manager": "kubectl", "fieldsV1": {"f:spec": {"f:privileged": {}}}, "fieldsType": "FieldsV1"}]);
    let metadata = json!({
        "name": "restricted",
        "annotations": {"seccomp.security.alpha.kubernetes.io/allowedProfileNames": "*", "kubectl.kubernetes.io/last-applied-configuration": "{}"},
        "creationTimestamp": "2021-01-01T00:00:00Z",
        "generation": 3,
        "labels": {"a": "b"},
        "managedFields": managed,
        "resourceVersion": "12",
        "selfLink": "/apis/policy/v1beta1/podsecuritypolicies/restricted",
        "uid": "3b3a",
    });
    let text = json!({"apiVersion": "policy/v1beta1", "kind": "PodSecurityPolicy", "metadata": metadata, "spec": spec(), "mutate": false}).to_string();
    let settings = Settings::parse(&text).unwrap();
    let names: Vec<_> = settings.policies.iter().map(|policy| &*policy.name).collect();
    assert_eq!((names, settings.listed, settings.mutate), (vec!["restricted"], false, false));
}

#[test]
fn several_policies_are_sorted_by_name() {
    let text = json!({"policies": [named("b"), named("a.z"), named("a")], "authorization": "RBAC", "workloads": "Warn"}).to_string();
    let settings = Settings::parse(&text).unwrap();
    let names: Vec<_> = settings.policies.iter().map(|policy| &*policy.name).collect();
    assert_eq!((names, settings.listed), (vec!["a", "a.z", "b"], true));
    assert_eq!((settings.authorization, settings.workloads), (Authorization::Rbac, Action::Warn));
    assert_eq!(settings.names(), "\"a\", \"a.z\", \"b\"");
}

#[test]
fn a_list_of_one_needs_no_authorization() {
    let text = json!({"policies": [with(named("a"), json!({"apiVersion": "extensions/v1beta1", "kind": "PodSecurityPolicy"}))]}).to_string();
    let settings = Settings::parse(&text).unwrap();
    assert_eq!((settings.listed, settings.authorization), (true, Authorization::None));
}

#[test]
fn nulls_are_absent() {
    let nulls = json!({"authorization": null, "mutate": null, "workloads": null, "podTemplates": null, "annotations": null,
        "volumes": null, "privileged": null, "runAsGroup": null, "runtimeClass": null, "hostPorts": null, "allowPrivilegeEscalation": null});
    let text = with(spec(), nulls).to_string();
    let settings = Settings::parse(&text).unwrap();
    assert_eq!((settings.mutate, settings.workloads), (true, Action::Deny));
}

#[rstest]
#[case::empty_text("", "is not JSON: the document ends too early (byte 0)")]
#[case::not_json("{\"privileged\": yes}", "is not JSON: a value must come here (byte 15)")]
#[case::null("null", "settings must be an object, not null")]
#[case::list("[]", "settings must be an object, not a list")]
#[case::string("\"baseline\"", "settings must be an object, not the string \"baseline\"")]
#[case::empty(
    "{}",
    "settings hold no policy, no standard and no labels of namespaces; give the fields of a PodSecurityPolicy spec, a whole PodSecurityPolicy, several under `policies`, a level under `podSecurityStandards`, or `namespaceLabels`"
)]
#[case::options_alone(
    "{\"mutate\": false}",
    "settings hold no policy, no standard and no labels of namespaces; give the fields of a PodSecurityPolicy spec, a whole PodSecurityPolicy, several under `policies`, a level under `podSecurityStandards`, or `namespaceLabels`"
)]
#[case::wrong_options_alone("{\"mutate\": 1}", "mutate: must be true or false, not 1")]
fn settings_without_a_policy(#[case] text: &str, #[case] expected: &str) {
    assert_eq!(problems_of(text), expected);
}

const STRATEGIES: &str = "fsGroup.rule: Required value: supported values: \"MayRunAs\", \"MustRunAs\", \"RunAsAny\"; \
    supplementalGroups.rule: Required value: supported values: \"MayRunAs\", \"MustRunAs\", \"RunAsAny\"; \
    runAsUser.rule: Required value: supported values: \"MayRunAs\", \"MustRunAs\", \"MustRunAsNonRoot\", \"RunAsAny\"; \
    seLinux.rule: Required value: supported values: \"MustRunAs\", \"RunAsAny\"";

#[test]
fn the_four_strategies_are_required() {
    assert_eq!(problems(&json!({"privileged": true})), STRATEGIES);
}

#[test]
fn a_misspelt_key_is_named_with_the_nearest_one() {
    assert_eq!(
        problems(&json!({"privilegd": true})),
        format!("privilegd: unknown field; did you mean \"privileged\"?; {STRATEGIES}")
    );
}

#[rstest]
#[case::of_the_spec(json!({"hostnetwork": true}), "hostnetwork: unknown field; did you mean \"hostNetwork\"?")]
#[case::of_the_options(json!({"mutates": true}), "mutates: unknown field; did you mean \"mutate\"?")]
#[case::in_depth(json!({"runAsGroup": {"rule": "MayRunAs", "ranges": [{"min": 1, "max": 2, "mid": 1}]}}),
    "runAsGroup.ranges[0].mid: unknown field; did you mean \"min\"?")]
#[case::in_options(json!({"podTemplates": [{"kind": "A", "path": "a", "group": "b"}]}), "podTemplates[0].group: unknown field; did you mean \"apiGroup\"?")]
#[case::of_a_type(json!({"privileged": "true"}), "privileged: must be true or false, not the string \"true\"")]
#[case::of_an_annotation(json!({"annotations": {"seccomp.security.alpha.kubernetes.io/allowedProfileNames": ["*"]}}),
    "annotations[seccomp.security.alpha.kubernetes.io/allowedProfileNames]: must be a string, not a list")]
#[case::of_a_misspelt_annotation(json!({"annotations": {"seccomp.security.alpha.kubernetes.io/allowedProfileName": "runtime/default"}}),
    "annotations[seccomp.security.alpha.kubernetes.io/allowedProfileName]: unknown annotation; did you mean \"seccomp.security.alpha.kubernetes.io/allowedProfileNames\"?")]
#[case::of_an_annotation_in_lower_case(json!({"annotations": {"apparmor.security.beta.kubernetes.io/defaultprofilename": null}}),
    "annotations[apparmor.security.beta.kubernetes.io/defaultprofilename]: unknown annotation; did you mean \"apparmor.security.beta.kubernetes.io/defaultProfileName\"?")]
#[case::of_an_annotation_of_pods(json!({"annotations": {"seccomp.security.alpha.kubernetes.io/pod": "runtime/default"}}),
    "annotations[seccomp.security.alpha.kubernetes.io/pod]: unknown annotation; did you mean \"seccomp.security.alpha.kubernetes.io/defaultProfileName\"?")]
#[case::of_annotations(json!({"annotations": "*"}), "annotations: must be an object, not the string \"*\"")]
#[case::authorization(json!({"authorization": "rbac"}), "authorization: Unsupported value: \"rbac\": supported values: \"RBAC\", \"None\"")]
#[case::workloads(json!({"workloads": "Allow"}), "workloads: Unsupported value: \"Allow\": supported values: \"Deny\", \"Warn\", \"Ignore\"")]
#[case::all_at_once(json!({"privileged": 1, "volumes": "*", "hostPorts": [{"min": 2, "max": 1}], "workloads": false, "podTemplates": [{"path": "a[0]"}]}),
    "privileged: must be true or false, not 1; \
     volumes: must be a list, not the string \"*\"; \
     workloads: must be a string, not false; \
     hostPorts[0].min: Invalid value: 2: min cannot be greater than max; \
     podTemplates[0].kind: Required value: the kind that carries the template; \
     podTemplates[0].path: Invalid value: \"a[0]\": must be keys joined by `.`, such as `spec.template`, where `[*]` steps through a list or a map")]
#[case::a_kind_that_is_judged_already(json!({"podTemplates": [{"apiGroup": "apps", "kind": "Deployment", "path": "spec"}, {"kind": "Pod", "path": "spec"}]}),
    "podTemplates[0].kind: is judged already; podTemplates[1].kind: is judged already")]
#[case::no_path(json!({"podTemplates": [{"kind": "A"}]}),
    "podTemplates[0].path: Invalid value: \"\": must be keys joined by `.`, such as `spec.template`, where `[*]` steps through a list or a map")]
fn what_is_wrong_with_a_bare_spec(#[case] fields: Value, #[case] expected: &str) {
    assert_eq!(problems(&with(spec(), fields)), expected);
}

#[rstest]
#[case::key("{\"privileged\": true, \"privileged\": false, @}", "privileged: duplicate key")]
#[case::option("{\"mutate\": true, \"mutate\": true, @}", "mutate: duplicate key")]
#[case::annotation("{\"annotations\": {\"a\": \"b\", \"a\": \"c\"}, @}", "annotations.a: duplicate key")]
#[case::in_depth(
    "{\"hostPorts\": [{\"min\": 1, \"max\": 2, \"min\": 0}], @}",
    "hostPorts[0].min: duplicate key"
)]
fn what_stands_twice(#[case] text: &str, #[case] expected: &str) {
    let spec = spec().to_string();
    let members = spec.trim_matches(['{', '}']);
    // The braces at the end belong to the last strategy.
    assert_eq!(problems_of(&text.replace('@', &format!("{members}}}"))), expected);
}

fn manifest(over: Value) -> Value {
    with(with(named("a"), json!({"apiVersion": "policy/v1beta1", "kind": "PodSecurityPolicy"})), over)
}

#[rstest]
#[case::version(json!({"apiVersion": "v1"}), "apiVersion: Unsupported value: \"v1\": supported values: \"policy/v1beta1\", \"extensions/v1beta1\"")]
#[case::kind(json!({"kind": "Pod"}), "kind: Unsupported value: \"Pod\": supported values: \"PodSecurityPolicy\"")]
#[case::no_version(json!({"apiVersion": null}), "apiVersion: Required value: a whole PodSecurityPolicy is one with `apiVersion` and `kind`")]
#[case::no_name(json!({"metadata": {}}), "metadata.name: Required value: a policy is known by its name")]
#[case::no_metadata(json!({"metadata": null}), "metadata.name: Required value: a policy is known by its name")]
#[case::name_is_a_number(json!({"metadata": {"name": 5}}), "metadata.name: must be a string, not 5; metadata.name: Required value: a policy is known by its name")]
#[case::annotations_are_a_list(json!({"metadata": {"name": "a", "annotations": []}}), "metadata.annotations: must be an object, not a list")]
#[case::no_spec(json!({"spec": null}), "spec: Required value: the policy itself")]
#[case::status(json!({"status": {}}), "status: unknown field; known are: \"apiVersion\", \"kind\", \"metadata\", \"spec\", \"authorization\", \"mutate\", \"workloads\", \"podTemplates\", \"podSecurityStandards\", \"enforcement\", \"exemptions\", \"namespaceLabels\", \"persistentVolumes\", \"resourceClaims\", \"unknownFields\", \"kubernetesVersion\"")]
#[case::a_field_beside_the_spec(json!({"specs": {}}), "specs: unknown field; did you mean \"spec\"?")]
#[case::a_misspelt_field(json!({"spec": with(spec(), json!({"privilegd": true}))}), "spec.privilegd: unknown field; did you mean \"privileged\"?")]
#[case::an_option_in_the_spec(json!({"spec": with(spec(), json!({"hostPorts": [{"min": -1, "max": 1}]}))}),
    "spec.hostPorts[0].min: Invalid value: -1: must be between 0 and 65535")]
#[case::a_misspelt_annotation(json!({"metadata": {"name": "a", "annotations": {"seccomp.security.alpha.kubernetes.io/alowedProfileNames": "*", "example.org/alowedProfileNames": "*"}}}),
    "metadata.annotations[seccomp.security.alpha.kubernetes.io/alowedProfileNames]: unknown annotation; did you mean \"seccomp.security.alpha.kubernetes.io/allowedProfileNames\"?")]
#[case::an_annotation(json!({"metadata": {"name": "a", "annotations": {"seccomp.security.alpha.kubernetes.io/defaultProfileName": "x"}}}),
    "metadata.annotations[seccomp.security.alpha.kubernetes.io/defaultProfileName]: Invalid value: \"x\": must be a valid seccomp profile; \
     metadata.annotations[seccomp.security.alpha.kubernetes.io/defaultProfileName]: Invalid value: \"x\": the allowed profiles leave it out, so that no pod that relies on it could be admitted")]
fn what_is_wrong_with_a_manifest(#[case] over: Value, #[case] expected: &str) {
    assert_eq!(problems(&manifest(over)), expected);
}

#[test]
fn a_name_stands_twice_in_a_manifest() {
    let text = manifest(json!({})).to_string().replace("\"name\":\"a\"", "\"name\":\"a\",\"name\":\"b\"");
    assert_eq!(problems_of(&text), "metadata.name: duplicate key");
}

#[rstest]
#[case::empty(json!({"policies": []}), "policies: must list at least one policy")]
#[case::null(json!({"policies": null}), "policies: must list at least one policy")]
#[case::no_list(json!({"policies": {}}), "policies: must be a list, not an object; policies: must list at least one policy")]
#[case::no_authorization(json!({"policies": [named("a"), named("b")]}),
    "authorization: Required value: with several policies, say whether `RBAC` decides who may use which, or `None` lets any pod use any")]
#[case::same_name(json!({"policies": [named("a"), named("b"), named("a")], "authorization": "None"}), "policies[2].metadata.name: Duplicate value: \"a\"")]
#[case::no_name(json!({"policies": [{"spec": spec()}]}), "policies[0].metadata.name: Required value: a policy is known by its name")]
#[case::no_spec(json!({"policies": [{"metadata": {"name": "a"}}]}), "policies[0].spec: Required value: the policy itself")]
#[case::beside_a_spec(json!({"policies": [named("a")], "privileged": true}),
    "privileged: unknown field; known are: \"authorization\", \"mutate\", \"workloads\", \"podTemplates\", \"podSecurityStandards\", \"enforcement\", \"exemptions\", \"namespaceLabels\", \"persistentVolumes\", \"resourceClaims\", \"unknownFields\", \"kubernetesVersion\", \"policies\"")]
#[case::options_within_a_policy(json!({"policies": [with(named("a"), json!({"mutate": false}))]}), "policies[0].mutate: unknown field; did you mean \"metadata\"?")]
#[case::a_misspelt_annotation(json!({"policies": [named("a"), {"metadata": {"name": "b", "annotations": {"apparmor.security.beta.kubernetes.io/allowedProfile": "*"}}, "spec": spec()}], "authorization": "None"}),
    "policies[1].metadata.annotations[apparmor.security.beta.kubernetes.io/allowedProfile]: unknown annotation; did you mean \"apparmor.security.beta.kubernetes.io/allowedProfileNames\"?")]
#[case::a_range_with_one_end(json!({"policies": [{"metadata": {"name": "b"}, "spec": with(spec(), json!({"fsGroup": {"rule": "MayRunAs", "ranges": [{"min": 1, "max": 2}, {"max": 65535}]}}))}]}),
    "policies[0].spec.fsGroup.ranges[1].min: Required value: both ends of a range must be set")]
#[case::of_the_second(json!({"policies": [named("a"), {"metadata": {"name": "b"}, "spec": with(spec(), json!({"runAsUser": {"rule": "MustRunAs", "ranges": [{"min": 2, "max": 1}]}}))}], "authorization": "None"}),
    "policies[1].spec.runAsUser.ranges[0].min: Invalid value: 2: min cannot be greater than max")]
#[case::of_all(json!({"policies": [with(named("a"), json!({"kind": "Pod"})), {"metadata": {"name": "b"}, "spec": {"privilegd": 1}}], "authorization": 5}),
    "authorization: must be a string, not 5; \
     policies[0].kind: Unsupported value: \"Pod\": supported values: \"PodSecurityPolicy\"; \
     policies[1].spec.privilegd: unknown field; did you mean \"privileged\"?; \
     policies[1].spec.fsGroup.rule: Required value: supported values: \"MayRunAs\", \"MustRunAs\", \"RunAsAny\"; \
     policies[1].spec.supplementalGroups.rule: Required value: supported values: \"MayRunAs\", \"MustRunAs\", \"RunAsAny\"; \
     policies[1].spec.runAsUser.rule: Required value: supported values: \"MayRunAs\", \"MustRunAs\", \"MustRunAsNonRoot\", \"RunAsAny\"; \
     policies[1].spec.seLinux.rule: Required value: supported values: \"MustRunAs\", \"RunAsAny\"")]
fn what_is_wrong_with_several(#[case] settings: Value, #[case] expected: &str) {
    assert_eq!(problems(&settings), expected);
}

#[rstest]
#[case::upper_case("A")]
#[case::underscore("a_b")]
fn names_are_subdomains(#[case] name: &str) {
    let expected = format!("metadata.name: Invalid value: \"{name}\": {}", subdomain_problem(name).unwrap());
    assert_eq!(problems(&manifest(json!({"metadata": {"name": name}}))), expected);
}

/// A policy that sets every field, and for each of them another value.
const EVERY_FIELD: &[(&str, &str, &str)] = &[
    ("privileged", "true", "false"),
    ("defaultAddCapabilities", r#"["CHOWN"]"#, r#"["KILL"]"#),
    ("requiredDropCapabilities", r#"["ALL"]"#, r#"["NET_RAW"]"#),
    ("allowedCapabilities", r#"["SETUID"]"#, "[]"),
    ("volumes", r#"["hostPath", "csi", "flexVolume"]"#, r#"["emptyDir"]"#),
    ("hostNetwork", "true", "false"),
    ("hostPID", "true", "false"),
    ("hostIPC", "true", "false"),
    ("hostPorts", r#"[{"min": 1, "max": 2}]"#, r#"[{"min": 1, "max": 3}]"#),
    ("seLinux", r#"{"rule": "MustRunAs", "seLinuxOptions": {"type": "a"}}"#, r#"{"rule": "RunAsAny"}"#),
    ("runAsUser", r#"{"rule": "MustRunAsNonRoot"}"#, r#"{"rule": "RunAsAny"}"#),
    ("runAsGroup", r#"{"rule": "MustRunAs", "ranges": [{"min": 1, "max": 2}]}"#, r#"{"rule": "RunAsAny"}"#),
    (
        "supplementalGroups",
        r#"{"rule": "MayRunAs", "ranges": [{"min": 1, "max": 2}]}"#,
        r#"{"rule": "RunAsAny"}"#,
    ),
    ("fsGroup", r#"{"rule": "MustRunAs", "ranges": [{"min": 1, "max": 2}]}"#, r#"{"rule": "RunAsAny"}"#),
    ("readOnlyRootFilesystem", "true", "false"),
    ("defaultAllowPrivilegeEscalation", "false", "null"),
    ("allowPrivilegeEscalation", "true", "false"),
    ("allowedHostPaths", r#"[{"pathPrefix": "/a"}]"#, r#"[{"pathPrefix": "/a", "readOnly": true}]"#),
    ("allowedFlexVolumes", r#"[{"driver": "a/b"}]"#, r#"[{"driver": "a/c"}]"#),
    ("allowedCSIDrivers", r#"[{"name": "a"}]"#, r#"[{"name": "b"}]"#),
    ("allowedUnsafeSysctls", r#"["net.*"]"#, r#"["kernel.msg*"]"#),
    ("forbiddenSysctls", r#"["vm.swappiness"]"#, r#"["vm.*"]"#),
    ("allowedProcMountTypes", r#"["Default", "Unmasked"]"#, r#"["Unmasked"]"#),
    ("runtimeClass", r#"{"allowedRuntimeClassNames": ["a"]}"#, r#"{"allowedRuntimeClassNames": ["b"]}"#),
    ("userNamespaceLevel", r#""RequirePodLevel""#, r#""AllowHostLevel""#),
    ("supplementalGroupsPolicy", r#""Strict""#, r#""Merge""#),
    ("allowedPodCertificateSigners", r#"["a.b/c"]"#, "[]"),
    ("allowedClusterTrustBundleSigners", r#"["a.b/c"]"#, "[]"),
    ("windowsOptions", r#"{"runAsUserNames": ["ContainerUser"]}"#, r#"{"hostProcess": false}"#),
];

/// The policy with the other value, or with none, of one field; of none if that is not one of them.
fn varied(name: &str, field: &str, leave_out: bool) -> String {
    let members: Vec<String> = EVERY_FIELD
        .iter()
        .filter(|(known, ..)| !(leave_out && *known == field))
        .map(|(known, value, other)| format!("{known:?}: {}", if *known == field { other } else { value }))
        .collect();
    let profile = if field == "annotations" { "unconfined" } else { "*" };
    format!(
        r#"{{"metadata": {{"name": {name:?}, "annotations": {{"seccomp.security.alpha.kubernetes.io/allowedProfileNames": {profile:?}}}}}, "spec": {{{}}}}}"#,
        members.join(", ")
    )
}

fn list(policies: &[String]) -> String {
    format!(r#"{{"authorization": "None", "policies": [{}]}}"#, policies.join(", "))
}

/// A rule is shared with the previous policy if, and only if, all that it reads is written in the same way.
#[test]
fn a_policy_shares_the_rules_that_read_what_it_repeats() {
    let required = ["seLinux", "runAsUser", "supplementalGroups", "fsGroup"];
    for (field, ..) in EVERY_FIELD.iter().copied().chain([("annotations", "", "")]) {
        for leave_out in [false, true] {
            if leave_out && required.contains(&field) {
                continue;
            }
            for (first, second) in [("", field), (field, "")] {
                let settings = list(&[varied("a", first, leave_out), varied("b", second, leave_out)]);
                let settings = Settings::parse(&settings).unwrap();
                let [first, second] = &settings.policies[..] else { panic!("two policies") };
                let reads_it = |entry: &crate::rule::Entry| {
                    entry.id == field
                        || entry.reads.contains(&field)
                        || (field == "annotations" && !entry.annotations.is_empty())
                };
                let ids = |policy: &Policy<'_>| policy.shared_with(policy);
                let expected: Vec<_> = rules::all()
                    .map(|(_, entry)| entry)
                    .filter(|entry| !reads_it(entry) && ids(first).contains(&entry.id))
                    .map(|entry| entry.id)
                    .collect();
                assert_eq!(second.shared_with(first), expected, "{field}");
                assert_eq!(
                    ids(second)
                        .iter()
                        .filter(|id| !ids(first).contains(id))
                        .filter(|id| { rules::all().any(|(_, entry)| entry.id == **id && !reads_it(entry)) })
                        .count(),
                    0,
                    "{field}"
                );
            }
        }
    }
    assert_eq!(EVERY_FIELD.len(), rules::all().filter(|(_, entry)| entry.shape.is_some()).count());
}

#[test]
fn what_is_wrong_in_two_policies_is_reported_of_both() {
    let wrong = |name: &str| varied(name, "", false).replace(r#""min": 1"#, r#""min": -1"#);
    let problems = problems_of(&list(&[wrong("a"), wrong("b")]));
    for index in [0, 1] {
        for field in ["runAsGroup", "supplementalGroups", "fsGroup"] {
            let reported = format!(
                "policies[{index}].spec.{field}.ranges[0].min: Invalid value: -1: min cannot be negative"
            );
            assert!(problems.contains(&reported), "{reported}: {problems}");
        }
    }
}

#[rstest]
#[case::not_given(json!(null), 37)]
#[case::given(json!("1.30"), 30)]
#[case::as_a_tag(json!("v1.30"), 30)]
fn versions_of_kubernetes(#[case] version: Value, #[case] expected: u64) {
    let text = with(spec(), json!({"kubernetesVersion": version})).to_string();
    assert_eq!(Settings::parse(&text).unwrap().minor, expected);
}

#[rstest]
#[case::too_new(json!("1.38"), "kubernetesVersion: Invalid value: \"1.38\": must be a version from \"1.24\" to \"1.37\"")]
#[case::too_old(json!("1.23"), "kubernetesVersion: Invalid value: \"1.23\": must be a version from \"1.24\" to \"1.37\"")]
#[case::latest(json!("latest"), "kubernetesVersion: Invalid value: \"latest\": must be a version from \"1.24\" to \"1.37\"")]
#[case::a_number(json!(1.3), "kubernetesVersion: write the version in quotes: as a number, 1.30 is 1.3; kubernetesVersion: must be a string, not 1.3")]
fn unknown_versions_of_kubernetes(#[case] version: Value, #[case] expected: &str) {
    assert_eq!(problems(&with(spec(), json!({"kubernetesVersion": version}))), expected);
}

/// The option is read before the policies, wherever it stands, and `latest` of every standard follows it.
#[test]
fn latest_is_that_of_the_version() {
    let text = r#"{"podSecurityStandards": {"enforce": "restricted", "audit": "baseline:v1.36"},
        "namespaceLabels": {"enforce": "baseline"}, "kubernetesVersion": "1.30"}"#;
    let settings = Settings::parse(text).unwrap();
    let resolved = |standard: Option<Standard>| standard.unwrap().resolved();
    assert_eq!(
        (
            resolved(settings.standards.enforce),
            resolved(settings.standards.warn),
            resolved(settings.standards.audit),
            settings.namespace_labels.modes[0].stated.resolved()
        ),
        (
            "restricted:latest (v1.30)".to_owned(),
            "restricted:latest (v1.30)".to_owned(),
            "baseline:v1.36".to_owned(),
            "baseline:latest (v1.30)".to_owned()
        )
    );
}
