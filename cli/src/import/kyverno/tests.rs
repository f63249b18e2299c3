use rstest::rstest;
use serde_json::{Value, json};

use super::*;
use crate::import::piece::{Action, Piece};
use crate::import::testing::{merge, registered};

fn read_all(objects: &[Value]) -> Findings {
    let objects: Vec<Object> = objects.iter().map(Object::of_value).collect();
    assert!(objects.iter().all(recognizes));
    read(&objects, &Surroundings::default())
}

/// A policy with one rule.
fn policy(rule: Value) -> Value {
    let mut rule = rule;
    if rule.get("match").is_none() {
        rule["match"] = json!({"any": [{"resources": {"kinds": ["Pod"]}}]});
    }
    rule["name"] = "r".into();
    json!({"apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": {"name": "p"},
        "spec": {"validationFailureAction": "Enforce", "rules": [rule]}})
}

fn no_host_pid() -> Value {
    json!({"pattern": {"spec": {"=(hostPID)": "false"}}})
}

fn rows(pieces: &[Piece]) -> Vec<String> {
    let rows = pieces.iter().flat_map(|piece| &piece.inexact);
    rows.map(|row| format!("{}: was {}, is {}", row.key, row.was, row.is)).collect()
}

#[rstest]
#[case::other_flag(json!({"pattern": {"spec": {"containers": [{"=(securityContext)": {"=(privileged)": "true"}}]}}}),
    "test:1:143: ClusterPolicy p: cannot be converted: spec.rules[0].validate: `securityContext.privileged` must be `true`, or not be set in containers other than initContainers and ephemeralContainers, which settings cannot say: disallow-privileged-containers demands `false`, or not set")]
#[case::further_field(json!({"pattern": {"spec": {"=(hostPID)": "false", "hostname": "?*"}}}),
    "test:1:143: ClusterPolicy p: cannot be converted: spec.rules[0].validate: `hostname` must be `?*` in the pod, which settings cannot say")]
#[case::condition(json!({"pattern": {"spec": {"(hostPID)": true, "hostIPC": true}}}),
    "test:1:175: ClusterPolicy p: cannot be converted: spec.rules[0].validate.pattern.spec.(hostPID): a condition on other fields cannot be said in settings")]
#[case::unknown_key(json!({"pattern": {"spec": {"=(hostPID)": "false"}}, "assert": {}}),
    "test:1:195: ClusterPolicy p: cannot be converted: spec.rules[0].validate.assert: is not known")]
#[case::wildcards(json!({"pattern": {"spec": {"=(runtimeClassName)": "kata-*"}}}),
    "test:1:143: ClusterPolicy p: cannot be converted: spec.rules[0].validate: `runtimeClassName` must be `kata-*`, or not be set in the pod, which settings cannot say: restrict-runtimeclass demands a list of names")]
#[case::version(json!({"podSecurity": {"level": "baseline", "version": "1.30"}}),
    "test:1:158: ClusterPolicy p: cannot be converted: spec.rules[0].validate.podSecurity: `baseline:1.30`: must be \"latest\" or \"v1.x\"")]
#[case::control(json!({"podSecurity": {"level": "baseline", "exclude": [{"controlName": "Ports"}]}}),
    "test:1:188: ClusterPolicy p: cannot be converted: spec.rules[0].validate.podSecurity.exclude: `Ports` is not a control of the standards")]
fn what_settings_cannot_say_is_refused_with_the_difference(#[case] validate: Value, #[case] expected: &str) {
    let findings = read_all(&[policy(json!({"validate": validate}))]);
    assert!(findings.pieces.is_empty());
    let refused: Vec<String> = findings.refused.iter().map(ToString::to_string).collect();
    assert_eq!(refused, [expected]);
}

#[rstest]
#[case::labels(json!({"validate": {"pattern": {"metadata": {"labels": {"team": "?*"}}}}}), "checks no field that settings govern")]
#[case::images(json!({"verifyImages": []}), "generates objects or verifies images")]
#[case::nodes(json!({"match": {"any": [{"resources": {"kinds": ["Node"]}}]}, "validate": {"pattern": {"spec": {"hostNetwork": true}}}}), "is not about pods")]
#[case::existing_objects(json!({"mutate": {"targets": [], "patchStrategicMerge": {"spec": {"hostPID": false}}}}), "changes objects that exist")]
fn what_is_not_about_pod_security_is_left_alone(#[case] rule: Value, #[case] expected: &str) {
    let findings = read_all(&[policy(rule)]);
    assert!(findings.pieces.is_empty() && findings.refused.is_empty());
    assert_eq!(findings.left_alone, [("ClusterPolicy p".to_owned(), expected.to_owned())]);
}

/// Namespaces, objects and conditions of the reach of each piece.
#[rstest]
#[case::namespaces(json!({"match": {"any": [{"resources": {"kinds": ["Pod"], "namespaces": ["a", "b"]}}]}}),
    json!([[{"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["a", "b"]}]]), "", true)]
#[case::namespaces_with_wildcards(json!({"match": {"any": [{"resources": {"kinds": ["Pod"], "namespaces": ["a", "b-*"]}}]}}),
    json!([[]]), "request.namespace.matches('^(a|b-.*)$')", true)]
#[case::alternatives(json!({"match": {"any": [{"resources": {"kinds": ["Pod"], "namespaces": ["a"]}}, {"resources": {"kinds": ["Pod"], "namespaceSelector": {"matchLabels": {"x": "y"}}}}]}}),
    json!([[{"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["a"]}], [{"key": "x", "operator": "In", "values": ["y"]}]]), "", true)]
#[case::excluded_namespaces(json!({"exclude": {"any": [{"resources": {"namespaces": ["kube-system"]}}]}}),
    json!([[{"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["kube-system"]}]]), "", true)]
#[case::excluded_labels(json!({"exclude": {"any": [{"resources": {"namespaceSelector": {"matchLabels": {"x": "y"}}}}]}}),
    json!([[{"key": "x", "operator": "NotIn", "values": ["y"]}]]), "", true)]
#[case::excluded_users(json!({"exclude": {"any": [{"subjects": [{"kind": "User", "name": "jane"}, {"kind": "Group", "name": "system:nodes"}]}]}}),
    json!([[]]), "!(((request.userInfo.username == 'jane') || (has(request.userInfo.groups) && request.userInfo.groups.exists(group, group == 'system:nodes'))))", true)]
#[case::excluded_account_in_a_namespace(json!({"exclude": {"any": [{"resources": {"namespaces": ["a"]}, "subjects": [{"kind": "ServiceAccount", "namespace": "ci", "name": "bot"}]}]}}),
    json!([[]]), "!((request.namespace == 'a') && (request.userInfo.username == 'system:serviceaccount:ci:bot'))", true)]
#[case::names_switch_workloads_off(json!({"match": {"any": [{"resources": {"kinds": ["Pod"], "names": ["web-*"]}}]}}),
    json!([[]]), "(has(object.metadata.name) ? object.metadata.name : has(object.metadata.generateName) ? object.metadata.generateName : '').matches('^(web-.*)$')", false)]
#[case::created_only(json!({"match": {"any": [{"resources": {"kinds": ["Pod"], "operations": ["CREATE"]}}]}}),
    json!([[]]), "request.operation == 'CREATE'", true)]
fn rules_apply_where_they_did(
    #[case] rule: Value,
    #[case] namespaces: Value,
    #[case] conditions: &str,
    #[case] workloads: bool,
) {
    let mut rule = rule;
    rule["validate"] = no_host_pid();
    let Findings { pieces, refused, .. } = read_all(&[policy(rule)]);
    assert!(refused.is_empty(), "{refused:?}");
    let found: Vec<Value> = pieces.iter().map(|piece| piece.reach.namespaces.clone().into()).collect();
    assert_eq!(Value::Array(found), namespaces);
    let found: Vec<&str> = pieces
        .iter()
        .flat_map(|piece| &piece.reach.conditions)
        .map(|(_, condition)| condition.as_str())
        .collect();
    assert_eq!(found.join("; "), conditions);
    assert!(pieces.iter().all(|piece| piece.reach.workloads == workloads
        && piece.spec == *json!({"hostPID": false}).as_object().unwrap()));
}

#[rstest]
#[case::roles(json!({"exclude": {"any": [{"clusterRoles": ["cluster-admin"]}]}}),
    "exclude.any[0].clusterRoles: a registration does not know the roles of users: name users or groups")]
#[case::annotations(json!({"match": {"any": [{"resources": {"kinds": ["Pod"], "annotations": {"a": "b"}}}]}}),
    "match.any[0].resources.annotations: a registration cannot select by it")]
#[case::wildcards_in_labels(json!({"match": {"any": [{"resources": {"kinds": ["Pod"], "selector": {"matchLabels": {"a": "*"}}}}]}}),
    "match.any[0].resources.selector: label selectors have no wildcards")]
#[case::labels_and_users(json!({"exclude": {"all": [{"resources": {"namespaceSelector": {"matchLabels": {"x": "y"}}}}, {"subjects": [{"kind": "User", "name": "jane"}]}]}}),
    "exclude.all[0].resources.namespaceSelector: an exclusion by labels of the namespace together with other grounds cannot be said in a registration")]
#[case::other_preconditions(json!({"preconditions": {"all": [{"key": "{{ request.object.metadata.labels.a }}", "operator": "Equals", "value": "b"}]}}),
    "preconditions.all[0]: cannot be said in settings")]
#[case::workloads(json!({"match": {"any": [{"resources": {"kinds": ["Deployment"]}}]}}),
    "match: a rule for workloads alone: settings judge them by their pods")]
fn a_reach_that_registrations_do_not_have_is_refused(#[case] rule: Value, #[case] expected: &str) {
    let mut rule = rule;
    rule["validate"] = no_host_pid();
    let findings = read_all(&[policy(rule)]);
    let refused: Vec<&str> = findings.refused.iter().map(|error| error.reason.as_str()).collect();
    assert_eq!(refused, [format!("ClusterPolicy p: cannot be converted: spec.rules[0].{expected}")]);
}

#[rstest]
#[case::audit(json!({}), json!({}), vec![(0, Action::Audit)])]
#[case::warnings(json!({"emitWarning": true}), json!({}), vec![(0, Action::Warn)])]
#[case::enforced(json!({"validationFailureAction": "enforce"}), json!({}), vec![(0, Action::Deny)])]
#[case::by_the_rule(json!({"validationFailureAction": "Audit"}), json!({"failureAction": "Enforce"}), vec![(0, Action::Deny)])]
#[case::by_namespaces(json!({"validationFailureActionOverrides": [{"action": "Enforce", "namespaces": ["a"]}]}), json!({}),
    vec![(1, Action::Audit), (1, Action::Deny)])]
#[case::the_same_by_namespaces(json!({"validationFailureActionOverrides": [{"action": "Audit", "namespaces": ["a"]}]}), json!({}),
    vec![(0, Action::Audit)])]
fn actions_are_kept(#[case] spec: Value, #[case] validate: Value, #[case] expected: Vec<(usize, Action)>) {
    let mut object = policy(json!({"validate": no_host_pid()}));
    object["spec"].as_object_mut().unwrap().shift_remove("validationFailureAction");
    merge(&mut object["spec"], &spec);
    merge(&mut object["spec"]["rules"][0]["validate"], &validate);
    let pieces = read_all(&[object]).pieces;
    let found: Vec<_> = pieces.iter().map(|piece| (piece.reach.namespaces.len(), piece.action)).collect();
    assert_eq!(found, expected);
}

fn exception(spec: Value) -> Value {
    let mut spec = spec;
    spec["exceptions"] = json!([{"policyName": "p", "ruleNames": ["r", "autogen-r"]}]);
    json!({"apiVersion": "kyverno.io/v2", "kind": "PolicyException", "metadata": {"name": "e", "namespace": "n"}, "spec": spec})
}

#[test]
fn an_exception_for_namespaces_is_an_exemption() {
    let exception =
        exception(json!({"match": {"any": [{"resources": {"kinds": ["Pod"], "namespaces": ["a"]}}]}}));
    let pieces = read_all(&[exception, policy(json!({"validate": no_host_pid()}))]).pieces;
    let found: Vec<Value> =
        pieces.iter().flat_map(|piece| piece.exemptions.clone()).map(Value::Object).collect();
    assert_eq!(
        found,
        [json!({"name": "e", "reason": "from PolicyException n/e", "match": {"namespaces": ["a"]}})]
    );
    assert_eq!(rows(&pieces), [""; 0]);
}

#[rstest]
#[case::names(json!({"match": {"any": [{"resources": {"kinds": ["Pod", "Deployment"], "namespaces": ["a"], "names": ["tool"]}}]}}),
    "!((request.namespace == 'a') && ((has(object.metadata.name) ? object.metadata.name : has(object.metadata.generateName) ? object.metadata.generateName : '') == 'tool'))", vec![])]
#[case::for_workloads_alone(json!({"match": {"any": [{"resources": {"kinds": ["Deployment"], "names": ["tool"]}}]}}), "",
    vec!["PolicyException n/e: was an exception, is not applied: what it excepts is judged"])]
#[case::under_conditions(json!({"match": {"any": [{"resources": {"kinds": ["Pod"]}}]}, "conditions": {"all": []}}), "",
    vec!["PolicyException n/e: was an exception, is not applied: what it excepts is judged"])]
fn other_exceptions_are_conditions_or_not_applied(
    #[case] spec: Value,
    #[case] condition: &str,
    #[case] expected: Vec<&str>,
) {
    let pieces = read_all(&[exception(spec), policy(json!({"validate": no_host_pid()}))]).pieces;
    let conditions: Vec<&str> = pieces
        .iter()
        .flat_map(|piece| &piece.reach.conditions)
        .map(|(_, condition)| condition.as_str())
        .collect();
    assert_eq!(conditions.join("; "), condition);
    assert_eq!(rows(&pieces), expected);
}

#[test]
fn an_exception_from_controls_holds_in_its_namespaces() {
    let exception =
        exception(json!({"match": {"any": [{"resources": {"kinds": ["Pod"], "namespaces": ["a"]}}]},
        "podSecurity": [{"controlName": "Host Namespaces"}]}));
    let rule = json!({"validate": {"podSecurity": {"level": "baseline", "version": "v1.24"}}});
    let pieces = read_all(&[exception, policy(rule)]).pieces;
    let demands = |piece: &Piece| {
        piece
            .standards
            .iter()
            .any(|standard| standard.checks.as_ref().is_none_or(|checks| checks.contains(&"hostNamespaces")))
    };
    let found: Vec<(Value, bool)> =
        pieces.iter().map(|piece| (piece.reach.namespaces.clone().into(), demands(piece))).collect();
    assert_eq!(
        found,
        [
            (json!([{"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["a"]}]), true),
            (json!([{"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["a"]}]), false),
        ]
    );
}

#[rstest]
#[case::by_namespace(json!({"expression": "object.metadata.namespace == 'a'"}), "!(has(object.metadata.namespace) && (object.metadata.namespace == 'a'))", 0)]
#[case::that_may_fail(json!({"expression": "object.metadata.labels.a == 'b'"}), "", 1)]
fn exceptions_in_cel_are_conditions(#[case] condition: Value, #[case] expected: &str, #[case] noted: usize) {
    let exception = json!({"apiVersion": "policies.kyverno.io/v1alpha1", "kind": "PolicyException", "metadata": {"name": "e", "namespace": "n"},
        "spec": {"policyRefs": [{"kind": "ValidatingPolicy", "name": "p"}], "matchConditions": [condition]}});
    let policy = json!({"apiVersion": "policies.kyverno.io/v1alpha1", "kind": "ValidatingPolicy", "metadata": {"name": "p"},
        "spec": {"matchConstraints": {"resourceRules": [{"resources": ["pods"], "operations": ["CREATE", "UPDATE"]}]},
            "validations": [{"expression": "!object.spec.?hostPID.orValue(false)"}]}});
    let pieces = read_all(&[policy, exception]).pieces;
    let conditions: Vec<&str> = pieces
        .iter()
        .flat_map(|piece| &piece.reach.conditions)
        .map(|(_, condition)| condition.as_str())
        .collect();
    assert_eq!(conditions.join("; "), expected);
    assert_eq!(rows(&pieces).len(), noted);
}

#[test]
fn an_exception_from_another_policy_is_left_alone() {
    let findings = read_all(&[exception(json!({"match": {}}))]);
    let left = ("PolicyException n/e".to_owned(), "names no policy of the input".to_owned());
    assert_eq!(findings.left_alone, [left]);
}

#[rstest]
#[case::images_of_namespaces(json!({"match": {"any": [{"resources": {"kinds": ["Pod"], "namespaces": ["a"]}}]}}), json!(["registry.example.com/tools/*"]),
    json!([{"name": "host-ports-images", "reason": "excluded by ClusterPolicy p", "match": {"namespaces": ["a"], "images": ["registry.example.com/tools/*"]}}]))]
#[case::images_everywhere(json!({}), json!(["registry.example.com/tools/*"]), json!([]))]
#[case::images_by_their_start(json!({"match": {"any": [{"resources": {"kinds": ["Pod"], "namespaces": ["a"]}}]}}), json!(["redis*"]), json!([]))]
fn images_are_excluded_where_exemptions_can(
    #[case] rule: Value,
    #[case] images: Value,
    #[case] expected: Value,
) {
    let mut rule = rule;
    rule["validate"] = json!({"podSecurity": {"level": "baseline", "version": "v1.24",
        "exclude": [{"controlName": "Host Ports", "images": images}]}});
    let pieces = read_all(&[policy(rule)]).pieces;
    let found: Vec<Value> =
        pieces.iter().flat_map(|piece| piece.exemptions.clone()).map(Value::Object).collect();
    assert_eq!(Value::Array(found), expected);
    assert!(rows(&pieces).iter().any(|row| row.starts_with("exclude Host Ports: ")), "{:?}", rows(&pieces));
    registered(&pieces);
}

#[rstest]
#[case::runtime_class(json!({"patchStrategicMerge": {"spec": {"+(runtimeClassName)": "kata"}}}),
    json!({"runtimeClass": {"allowedRuntimeClassNames": ["*"], "defaultRuntimeClassName": "kata"}}), json!({}), 0)]
#[case::runtime_class_always(json!({"patchStrategicMerge": {"spec": {"runtimeClassName": "kata"}}}),
    json!({"runtimeClass": {"allowedRuntimeClassNames": ["*"], "defaultRuntimeClassName": "kata"}}), json!({}), 1)]
#[case::profile(json!({"patchStrategicMerge": {"spec": {"securityContext": {"+(seccompProfile)": {"type": "RuntimeDefault"}}}}}),
    json!({}), json!({"seccomp.security.alpha.kubernetes.io/defaultProfileName": "runtime/default"}), 0)]
#[case::escalation(json!({"patchStrategicMerge": {"spec": {"containers": [{"(name)": "?*", "securityContext": {"+(allowPrivilegeEscalation)": false}}]}}}),
    json!({"defaultAllowPrivilegeEscalation": false}), json!({}), 1)]
#[case::app_armor(json!({"foreach": [{"list": "request.object.spec.containers[]",
        "patchStrategicMerge": {"metadata": {"annotations": {"container.apparmor.security.beta.kubernetes.io/{{ element.name }}": "runtime/default"}}}}]}),
    json!({}), json!({"apparmor.security.beta.kubernetes.io/defaultProfileName": "runtime/default"}), 1)]
#[case::capabilities(json!({"foreach": [{"list": "request.object.spec.containers[]",
        "preconditions": {"all": [{"key": "KILL", "operator": "AnyNotIn", "value": "{{ element.securityContext.capabilities.drop[] || `[]` }}"}]},
        "patchesJson6902": "- op: add\n  path: /spec/containers/{{elementIndex}}/securityContext/capabilities/add/-\n  value: KILL"}]}),
    json!({"defaultAddCapabilities": ["KILL"]}), json!({}), 1)]
fn defaults_are_kept(
    #[case] mutate: Value,
    #[case] spec: Value,
    #[case] annotations: Value,
    #[case] noted: usize,
) {
    let Findings { pieces, refused, .. } = read_all(&[policy(json!({"mutate": mutate}))]);
    assert!(refused.is_empty(), "{refused:?}");
    let found: Vec<_> = pieces
        .iter()
        .map(|piece| {
            (Value::Object(piece.spec.clone()), Value::Object(piece.annotations.clone()), piece.writes)
        })
        .collect();
    assert_eq!(found, [(spec, annotations, true)]);
    assert_eq!(rows(&pieces).len(), noted, "{:?}", rows(&pieces));
    registered(&pieces);
}

#[test]
fn a_default_without_a_demand_is_refused() {
    let mutate = json!({"patchStrategicMerge": {"spec": {"securityContext": {"+(runAsUser)": 1000}}}});
    let refused: Vec<String> = read_all(&[policy(json!({"mutate": mutate}))])
        .refused
        .iter()
        .map(|error| error.reason.clone())
        .collect();
    assert_eq!(
        refused,
        [format!("ClusterPolicy p: cannot be converted: spec.rules[0].mutate: {}", mutation::BEYOND)]
    );
}

#[rstest]
#[case::containers_only(json!({"pattern": {"spec": {"containers": [{"securityContext": {"readOnlyRootFilesystem": true}}]}}}), vec![
    "readOnlyRootFilesystem: was demanded of pods for Windows as well, is not demanded of them",
    "readOnlyRootFilesystem: was workloads without it rejected, is admitted, their pods rejected",
    "securityContext.readOnlyRootFilesystem: was not looked at in initContainers and ephemeralContainers, is demanded of all containers"])]
#[case::types_of_selinux_alone(json!({"pattern": {"spec": {"=(securityContext)": {"=(seLinuxOptions)": {"=(type)": "container_t | container_init_t | container_kvm_t"}}}}}), vec![
    "seLinuxOptions.type: was not looked at in containers, is looked at in the pod and in all containers",
    "seLinuxOptions.user: was not looked at, is judged as the Pod Security Standards do",
    "seLinuxOptions.role: was not looked at, is judged as the Pod Security Standards do",
    "autogen: was workloads rejected for their templates, is a warning; their pods are rejected"])]
#[case::a_pod_level_id(json!({"pattern": {"spec": {"securityContext": {"runAsUser": "1000"}}}}), vec![
    "runAsUser: was demanded of the pod, whatever its containers say, is demanded of each container, which may have it from the pod",
    "runAsUser: was demanded of pods for Windows as well, is not demanded of them",
    "runAsUser: was workloads without it rejected, is admitted, their pods rejected"])]
#[case::exact(no_host_pid(), vec![])]
fn differences_are_named(#[case] validate: Value, #[case] expected: Vec<&str>) {
    let pieces = read_all(&[policy(json!({"validate": validate}))]).pieces;
    assert_eq!(rows(&pieces), expected);
}
