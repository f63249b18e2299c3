use rstest::rstest;
use serde_json::{Map, json};

use super::*;
use crate::import::gatekeeper::read as read_all;
use crate::import::testing::{Effect, effect};

fn found(objects: &[Object]) -> Findings {
    read_all(objects, &Surroundings::default())
}

fn refused(findings: &Findings) -> Vec<String> {
    findings.refused.iter().map(|error| error.reason.clone()).collect()
}

fn assign(kind: &str, location: &str, parameters: &Value) -> Object {
    Object::of_value(
        &json!({"apiVersion": "mutations.gatekeeper.sh/v1", "kind": kind, "metadata": {"name": "m"},
        "spec": {"applyTo": [{"groups": [""], "kinds": ["Pod"], "versions": ["v1"]}],
            "location": location, "parameters": parameters}}),
    )
}

fn default(location: &str, value: &Value) -> Object {
    let tests = json!([{"subPath": location, "condition": "MustNotExist"}]);
    assign("Assign", location, &json!({"pathTests": tests, "assign": {"value": value}}))
}

#[rstest]
#[case::escalation(default("spec.containers[name:*].securityContext.allowPrivilegeEscalation", &json!(false)),
    json!({"defaultAllowPrivilegeEscalation": false}))]
#[case::additions(assign("ModifySet", "spec.containers[name:*].securityContext.capabilities.add",
    &json!({"operation": "merge", "values": {"fromList": ["KILL"]}})), json!({"defaultAddCapabilities": ["KILL"]}))]
#[case::drops(assign("ModifySet", "spec.containers[name: *].securityContext.capabilities.drop",
    &json!({"values": {"fromList": ["ALL"]}})), json!({"requiredDropCapabilities": ["ALL"]}))]
#[case::seccomp(default("spec.securityContext.seccompProfile", &json!({"type": "RuntimeDefault"})),
    json!({"seccomp.security.alpha.kubernetes.io/defaultProfileName": "runtime/default"}))]
fn mutators_are_defaults(#[case] mutator: Object, #[case] expected: Value) {
    let findings = found(&[mutator]);
    let [piece] = &findings.pieces[..] else { panic!("{findings:?}") };
    let demands: Map<String, Value> =
        piece.spec.clone().into_iter().chain(piece.annotations.clone()).collect();
    assert_eq!((Value::Object(demands), piece.writes), (expected, true));
}

const OVERWRITES: &str = "it overwrites what pods set, which settings never do: add a path test with MustNotExist for its location";

#[rstest]
#[case::overwriting(assign("Assign", "spec.securityContext.fsGroup", &json!({"assign": {"value": 5}})), OVERWRITES)]
#[case::one_container(default("spec.containers[name:web].securityContext.runAsUser", &json!(5)),
    "a default is for all containers, not for those of one name")]
#[case::replacing(assign("Assign", "spec.containers[name:*].securityContext.capabilities.add", &json!({"assign": {"value": ["KILL"]}})),
    "it replaces the capabilities of containers; ModifySet, which adds to them, has a counterpart")]
#[case::pruning(assign("ModifySet", "spec.containers[name:*].securityContext.capabilities.add",
    &json!({"operation": "prune", "values": {"fromList": ["KILL"]}})), "it takes values away, which settings never do")]
#[case::without_a_demand(default("spec.securityContext.fsGroup", &json!(5)),
    "settings fill in `fsGroup` only where they demand it, and no constraint of the input demands of the same pods what this value satisfies")]
fn mutators_without_a_counterpart_are_refused(#[case] mutator: Object, #[case] reason: &str) {
    let findings = found(std::slice::from_ref(&mutator));
    assert_eq!(refused(&findings), [format!("{} m: cannot be converted: {reason}", mutator.kind)]);
    assert!(findings.pieces.is_empty() && findings.left_alone.is_empty());
}

#[rstest]
#[case::metadata(assign("AssignMetadata", "metadata.labels.x", &json!({"assign": {"value": "y"}})))]
#[case::image(assign("AssignImage", "spec.containers[name:*].image", &json!({"assignDomain": "x.io"})))]
#[case::another_field(default("spec.hostNetwork", &json!(false)))]
fn mutators_of_other_fields_are_left_alone(#[case] mutator: Object) {
    let reason = "PodSecurityPolicy has no field for what it sets";
    assert_eq!(
        found(std::slice::from_ref(&mutator)).left_alone,
        [(format!("{} m", mutator.kind), reason.to_owned())]
    );
}

#[rstest]
#[case::group("K8sPSPFSGroup", json!({"rule": "MustRunAs", "ranges": [{"min": 1, "max": 9}]}), default("spec.securityContext.fsGroup", &json!(5)),
    json!({"fsGroup": {"rule": "MustRunAs", "ranges": [{"min": 5, "max": 5}, {"min": 1, "max": 9}]}}))]
#[case::the_default_already("K8sPSPFSGroup", json!({"rule": "MustRunAs", "ranges": [{"min": 5, "max": 9}]}), default("spec.securityContext.fsGroup", &json!(5)),
    json!({"fsGroup": {"rule": "MustRunAs", "ranges": [{"min": 5, "max": 9}]}}))]
#[case::read_only("K8sPSPReadOnlyRootFilesystem", json!({}), default("spec.containers[name:*].securityContext.readOnlyRootFilesystem", &json!(true)),
    json!({"readOnlyRootFilesystem": true}))]
#[case::non_root("K8sPSPAllowedUsers", json!({"runAsUser": {"rule": "MustRunAsNonRoot"}}), default("spec.containers[name:*].securityContext.runAsNonRoot", &json!(true)),
    json!({"runAsUser": {"rule": "MustRunAsNonRoot"}}))]
#[case::supplemental("K8sPSPAllowedUsers", json!({"supplementalGroups": {"rule": "MustRunAs", "ranges": [{"min": 5, "max": 9}]}}),
    default("spec.securityContext.supplementalGroups", &json!([7])),
    json!({"supplementalGroups": {"rule": "MustRunAs", "ranges": [{"min": 7, "max": 7}, {"min": 5, "max": 9}]}}))]
fn a_mutator_is_the_default_of_a_demand(
    #[case] kind: &str,
    #[case] parameters: Value,
    #[case] mutator: Object,
    #[case] expected: Value,
) {
    let demand = Object::of_value(&json!({"apiVersion": "constraints.gatekeeper.sh/v1beta1", "kind": kind,
        "metadata": {"name": "c"}, "spec": {"parameters": parameters}}));
    let findings = found(&[mutator, demand]);
    let [piece] = &findings.pieces[..] else { panic!("{findings:?}") };
    assert_eq!((Value::Object(piece.spec.clone()), piece.writes), (expected, true));
    assert_eq!(
        findings.left_alone,
        [("Assign m".to_owned(), format!("its value is the default of {kind} c"))]
    );
    assert_eq!(effect(&findings.pieces, &json!({"containers": [{"name": "a"}]})), Effect::Changed);
}
