use rstest::rstest;

use super::*;
use crate::check::{Checked, check};
use crate::import::piece::Piece;
use crate::input::Object;
use crate::judge::{Requester, Verdict};
use crate::policies::{Modules, of_objects};
use crate::rbac::Authority;
use crate::report::Summary;

fn piece(name: &str, demands: &Value) -> Piece {
    let object = Object::of_value(&json!({"kind": "Source", "metadata": {"name": name}}));
    let mut piece = Piece::new(&object, Reach { workloads: true, ..Reach::default() });
    for (field, value) in demands.as_object().into_iter().flatten() {
        match field.split_once('/') {
            None => piece.set(field, value.clone()),
            Some((level, "")) => piece.demand(level, None),
            Some((level, check)) => {
                piece.demand(level, Some(vec![Box::leak(check.to_owned().into_boxed_str())]));
            }
        }
    }
    piece
}

fn settings(pieces: &[Piece]) -> Vec<Value> {
    let Combined { bundles, refused, .. } = bundles(pieces.to_vec());
    assert_eq!(refused.iter().map(ToString::to_string).collect::<Vec<_>>(), Vec::<String>::new());
    bundles.iter().map(|bundle| Value::Object(bundle.settings())).collect()
}

#[test]
fn the_neutral_policy_admits_every_pod_unchanged() {
    let settings = settings(&[piece("a", &json!({"privileged": true}))]);
    let policy = json!({"apiVersion": "policies.kubewarden.io/v1", "kind": "ClusterAdmissionPolicy",
        "metadata": {"name": "neutral"},
        "spec": {"module": "registry://x/pod-security-policy", "mutating": true, "settings": settings[0],
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]}]}});
    let policies =
        of_objects(&[Object::of_value(&policy)], &[], &Modules::default(), Authority::Everybody).unwrap();
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {
        "hostNetwork": true, "hostPID": true, "hostIPC": true,
        "securityContext": {"runAsUser": 0, "sysctls": [{"name": "kernel.x", "value": "1"}],
            "seccompProfile": {"type": "Unconfined"}, "appArmorProfile": {"type": "Unconfined"}},
        "volumes": [{"name": "a", "hostPath": {"path": "/"}}, {"name": "b", "csi": {"driver": "d"}}, {"name": "c", "moon": {}}],
        "containers": [{"name": "c", "image": "i", "ports": [{"containerPort": 1, "hostPort": 22}],
            "securityContext": {"privileged": true, "procMount": "Unmasked", "capabilities": {"add": ["SYS_ADMIN"]}}}]}});
    let requester = Requester::new(String::new(), Vec::new(), "default".to_owned());
    let Checked::Judged(judged) =
        check(&Object::of_value(&pod), &policies, &requester, &mut Summary::default())
    else {
        panic!("a pod is judged")
    };
    assert_eq!((judged.verdict, judged.changes.len()), (Verdict::Allowed, 0));
}

#[rstest]
#[case::of_different_fields(json!({"privileged": false}), json!({"hostPID": false}), 1)]
#[case::what_both_allow(json!({"volumes": ["secret", "nfs"]}), json!({"volumes": ["nfs"]}), 1)]
#[case::different_users(json!({"runAsUser": {"rule": "MustRunAsNonRoot"}}),
    json!({"runAsUser": {"rule": "MustRunAs", "ranges": [{"min": 5, "max": 9}]}}), 2)]
#[case::checks_of_one_level(json!({"baseline:v1.30/privileged": null}), json!({"baseline:v1.30/hostPorts": null}), 1)]
#[case::checks_of_two_levels(json!({"baseline:v1.30/privileged": null}), json!({"restricted:v1.30/runAsNonRoot": null}), 1)]
#[case::a_check_that_restricted_replaces(json!({"baseline:v1.30/capabilities_baseline": null}), json!({"restricted:v1.30/runAsNonRoot": null}), 2)]
#[case::a_check_that_is_replaced_by_a_demanded_one(json!({"baseline:v1.30/capabilities_baseline": null}), json!({"restricted:v1.30/capabilities_restricted": null}), 1)]
#[case::of_two_versions(json!({"baseline:v1.30/": null}), json!({"baseline:v1.31/": null}), 2)]
#[case::void_list_of_mounts(json!({"allowedProcMountTypes": ["Default"]}), json!({"allowedProcMountTypes": ["Unmasked"]}), 2)]
#[case::a_drop_that_another_allows(json!({"requiredDropCapabilities": ["CHOWN"]}), json!({"allowedCapabilities": ["CHOWN"]}), 2)]
fn combines_where_that_is_exact(#[case] a: Value, #[case] b: Value, #[case] expected: usize) {
    assert_eq!(settings(&[piece("a", &a), piece("b", &b)]).len(), expected);
    assert_eq!(settings(&[piece("b", &b), piece("a", &a)]).len(), expected);
}

#[test]
fn writes_what_is_demanded_over_what_admits_all() {
    let mut audited = piece("b", &json!({"readOnlyRootFilesystem": true}));
    audited.action = Action::Audit;
    let settings = settings(&[
        piece("a", &json!({"privileged": false, "forbiddenSysctls": ["kernel.*"]})),
        audited,
        piece("c", &json!({"baseline:v1.30/hostPorts": null, "baseline:v1.30/privileged": null})),
    ]);
    let expected = json!([{
        "podSecurityStandards": {"enforce": "baseline:v1.30"},
        "enforcement": {"rules": {"allowedUnsafeSysctls": "Ignore",
            "pss/appArmorProfile": "Ignore", "pss/capabilities_baseline": "Ignore", "pss/hostNamespaces": "Ignore",
            "pss/hostPathVolumes": "Ignore", "pss/procMount": "Ignore", "pss/seLinuxOptions": "Ignore",
            "pss/seccompProfile_baseline": "Ignore", "pss/sysctls": "Ignore", "pss/windowsHostProcess": "Ignore",
            "readOnlyRootFilesystem": "Audit"}},
        "annotations": {"seccomp.security.alpha.kubernetes.io/allowedProfileNames": "*"},
        "privileged": false, "allowPrivilegeEscalation": true, "hostNetwork": true, "hostPID": true, "hostIPC": true,
        "hostPorts": [{"min": 0, "max": 65535}], "volumes": ["*"], "allowedCapabilities": ["*"],
        "allowedProcMountTypes": ["Default", "Unmasked"],
        "runAsUser": {"rule": "RunAsAny"}, "seLinux": {"rule": "RunAsAny"},
        "supplementalGroups": {"rule": "RunAsAny"}, "fsGroup": {"rule": "RunAsAny"},
        "forbiddenSysctls": ["kernel.*"], "readOnlyRootFilesystem": true}]);
    assert_eq!(Value::Array(settings), expected);
}

#[test]
fn exemptions_free_what_their_source_demands() {
    let mut exempting = piece("a", &json!({"hostPID": false, "hostIPC": false}));
    let Value::Object(exemption) = json!({"name": "agent", "match": {"usernames": ["jane"]}}) else {
        panic!("an object")
    };
    exempting.exemptions.push(exemption);
    let another = piece("b", &json!({"hostNetwork": false}));
    let the_same_rule = piece("c", &json!({"hostPID": false}));
    let settings = settings(&[exempting, another, the_same_rule]);
    assert_eq!(
        settings.iter().map(|settings| settings["exemptions"].clone()).collect::<Vec<_>>(),
        [
            json!([{"name": "agent", "match": {"usernames": ["jane"]}, "rules": ["hostIPC", "hostPID"]}]),
            Value::Null
        ]
    );
}

#[test]
fn what_settings_do_not_accept_is_refused() {
    let Combined { bundles, pieces, refused } = bundles(vec![
        piece("a", &json!({"hostPorts": [{"min": 9, "max": 1}]})),
        piece("a", &json!({"hostPID": false})),
    ]);
    // Another piece of the same object stays, with what is to be said of it.
    assert_eq!((bundles.len(), pieces.len()), (1, 1));
    assert_eq!(
        refused.iter().map(|error| &*error.reason).collect::<Vec<_>>(),
        ["Source a: cannot be converted: hostPorts[0].min: Invalid value: 9: min cannot be greater than max"]
    );
}

#[test]
fn drops_are_demanded_where_all_capabilities_are_allowed() {
    let settings = settings(&[piece(
        "a",
        &json!({"requiredDropCapabilities": ["CHOWN"], "allowedCapabilities": ["*"]}),
    )]);
    assert_eq!(
        settings
            .iter()
            .map(|one| (&one["enforcement"]["rules"], one.get("allowedCapabilities")))
            .collect::<Vec<_>>(),
        [(&json!({"allowedCapabilities": "Ignore"}), None)]
    );
}
