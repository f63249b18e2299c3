//! Root in a pod with a user namespace of its own is a user without rights on the node (KEP-127).
//!
//! The names of key and values are those of OpenShift's `SecurityContextConstraints`. An API server without the feature
//! drops the field behind the mutating half of a registration: only the judging half sees that.

use crate::json::Value;
use crate::pod::Pod;
use crate::rule::{Entry, Findings, Rule, Spec};
use crate::schema::Shape;

pub(crate) const ENTRIES: &[Entry] = &[Entry {
    id: "userNamespaceLevel",
    purpose: "Whether pods must have a user namespace of their own.",
    shape: Some(Shape::OneOf(&["AllowHostLevel", REQUIRED])),
    pod_fields: "`hostUsers`",
    mutates: "`RequirePodLevel`: the pod's `hostUsers: false`, where the API server accepts it",
    default: "`AllowHostLevel`: pods may share the users of the node",
    ..Entry::USUAL
}];

const REQUIRED: &str = "RequirePodLevel";

/// Demands a user namespace; a policy with `AllowHostLevel` has no such rule.
pub(crate) struct PodLevel;

pub(super) fn load(spec: &mut Spec<'_, '_>) -> Option<PodLevel> {
    let level = spec.get("userNamespaceLevel").and_then(Value::text)?;
    (level == REQUIRED).then_some(PodLevel)
}

impl Rule for PodLevel {
    fn mutate(&self, pod: &mut Pod<'_>) {
        if pod.spec.host_users.is_none() && obstacle(pod).is_none() {
            pod.spec.host_users = Some(false);
        }
    }

    fn validate(&self, pod: &Pod<'_>, found: &mut Findings<'_>) {
        let field = "spec.hostUsers";
        match pod.spec.host_users {
            Some(false) => return,
            Some(true) => found.invalid(field, true, "must be false"),
            None => match obstacle(pod) {
                Some(what) => found.required(
                    field,
                    format_args!(
                        "must be false; not filled in, because the API server refuses it in pods with {what}"
                    ),
                ),
                None => found.required(field, "must be false"),
            },
        }
        found.wants(|| vec![false.to_string()]);
    }
}

/// What the pod has that the API server does not accept together with `hostUsers: false`
/// (`validateHostUsers` in pkg/apis/core/validation/validation.go).
fn obstacle(pod: &Pod<'_>) -> Option<&'static str> {
    let spec = &pod.spec;
    let has_devices = || pod.containers().any(|(_, container)| !container.volume_devices.is_empty());
    match () {
        () if pod.is_windows() => Some("os.name: windows"),
        () if spec.host_network => Some("hostNetwork: true"),
        () if spec.host_pid => Some("hostPID: true"),
        () if spec.host_ipc => Some("hostIPC: true"),
        () if has_devices() => Some("volumeDevices"),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use crate::testing::Outcome::{self, Admitted, Mutated, Rejected};
    use crate::testing::{judge_pod, problems, review_added, unfilled};

    fn required() -> Value {
        json!({"userNamespaceLevel": "RequirePodLevel"})
    }

    #[rstest]
    #[case::without_the_key(json!({}), json!({}), Admitted)]
    #[case::host_users_without_the_key(json!({}), json!({"hostUsers": true}), Admitted)]
    #[case::host_level(json!({"userNamespaceLevel": "AllowHostLevel"}), json!({"hostUsers": true}), Admitted)]
    #[case::null(json!({"userNamespaceLevel": null}), json!({"hostUsers": true}), Admitted)]
    #[case::unset_is_filled_in(required(), json!({}), Mutated(json!({"hostUsers": false})))]
    #[case::null_is_filled_in(required(), json!({"hostUsers": null}), Mutated(json!({"hostUsers": false})))]
    #[case::given(required(), json!({"hostUsers": false}), Admitted)]
    #[case::given_with_what_an_api_server_may_accept_one_day(
        json!({"userNamespaceLevel": "RequirePodLevel", "hostNetwork": true}), json!({"hostUsers": false, "hostNetwork": true}), Admitted)]
    #[case::refused(required(), json!({"hostUsers": true}), Rejected("spec.hostUsers: Invalid value: true: must be false"))]
    #[case::host_network(json!({"userNamespaceLevel": "RequirePodLevel", "hostNetwork": true}), json!({"hostNetwork": true}), Rejected(
        "spec.hostUsers: Required value: must be false; not filled in, because the API server refuses it in pods with hostNetwork: true"))]
    #[case::host_pid(json!({"userNamespaceLevel": "RequirePodLevel", "hostPID": true}), json!({"hostPID": true}), Rejected(
        "spec.hostUsers: Required value: must be false; not filled in, because the API server refuses it in pods with hostPID: true"))]
    #[case::host_ipc(json!({"userNamespaceLevel": "RequirePodLevel", "hostIPC": true}), json!({"hostIPC": true}), Rejected(
        "spec.hostUsers: Required value: must be false; not filled in, because the API server refuses it in pods with hostIPC: true"))]
    #[case::windows(required(), json!({"os": {"name": "windows"}}), Rejected(
        "spec.hostUsers: Required value: must be false; not filled in, because the API server refuses it in pods with os.name: windows"))]
    #[case::devices(required(), json!({"initContainers": [{"name": "i", "volumeDevices": [{"name": "v", "devicePath": "/dev/a"}]}]}), Rejected(
        "spec.hostUsers: Required value: must be false; not filled in, because the API server refuses it in pods with volumeDevices"))]
    fn judges(#[case] policy: Value, #[case] spec: Value, #[case] expected: Outcome) {
        judge_pod(policy, json!({"spec": spec}), expected);
    }

    /// In a user namespace ids above 65535 do not exist, so the namespace must be there before ids are filled in.
    #[rstest]
    #[case::that_exist(1000, Mutated(json!({"hostUsers": false, "securityContext": {"fsGroup": 1000}})))]
    #[case::that_do_not(
        100_000,
        Rejected(
            "spec.securityContext.fsGroup: Required value: must be in the ranges: [{100000 100000}]; the default 100000 is not filled in, because pods with hostUsers: false have no ids above 65535"
        )
    )]
    fn comes_before_defaults_for_ids(#[case] id: i64, #[case] expected: Outcome) {
        let ranges = json!([{"min": id, "max": id}]);
        let policy = json!({"userNamespaceLevel": "RequirePodLevel", "fsGroup": {"rule": "MustRunAs", "ranges": ranges}});
        judge_pod(policy, json!({}), expected);
    }

    #[test]
    fn is_demanded_where_nothing_is_written() {
        assert_eq!(
            unfilled("userNamespaceLevel", required(), json!({})),
            "spec.hostUsers: Required value: must be false"
        );
    }

    #[rstest]
    #[case::in_the_users_of_the_node(json!({}), Some("would have to be changed: spec.hostUsers = false"))]
    #[case::in_a_user_namespace(json!({"hostUsers": false}), None)]
    fn judges_what_an_added_container_gets(#[case] spec: Value, #[case] expected: Option<&str>) {
        let response = review_added(required(), json!({"spec": spec}), json!({}));
        assert_eq!((response.rejection.as_deref(), response.mutated_object), (expected, None));
    }

    #[test]
    fn refuses_settings() {
        assert_eq!(
            problems(&json!({"userNamespaceLevel": "Pod"})),
            "userNamespaceLevel: Unsupported value: \"Pod\": supported values: \"AllowHostLevel\", \"RequirePodLevel\""
        );
    }
}
