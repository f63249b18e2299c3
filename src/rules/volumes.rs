//! The types of volumes that pods may mount: some reach into the node, some carry credentials.

use crate::json::Quoted;
use crate::pod::volume_type::{TYPES, VolumeTypes};
use crate::pod::{Origin, Pod, Volume};
use crate::rule::{Entry, Findings, Rule, Spec};
use crate::schema::Shape;

pub(crate) const ENTRIES: &[Entry] = &[Entry {
    id: "volumes",
    purpose: "The types of volumes that pods may have; `*` is every type.",
    shape: Some(Shape::List(&Shape::OneOf(TYPES))),
    pod_fields: "`volumes[*]`",
    default: "none: no volume is allowed",
    ..Entry::USUAL
}];

/// Refuses volumes of types that are not listed.
pub(crate) struct Volumes(VolumeTypes);

pub(super) fn load(spec: &mut Spec<'_, '_>) -> Option<Volumes> {
    let types = spec.volume_types();
    if let Some((name, since)) = types.too_young(spec.minor) {
        let mut listed = spec.get("volumes").unwrap_or_default().elements();
        let index = listed.position(|listed| listed.text().is_some_and(|listed| listed == name));
        let (name, minor) = (Quoted(name), spec.minor);
        let reason = format_args!(
            "Unsupported value: {name}: a type of volume since Kubernetes 1.{since}; `kubernetesVersion` is 1.{minor}"
        );
        spec.problem(format_args!("volumes[{}]", index.unwrap_or_default()), reason);
    }
    Some(Volumes(types))
}

impl Rule for Volumes {
    fn validate(&self, pod: &Pod<'_>, found: &mut Findings<'_>) {
        for (index, volume) in pod.judged_volumes() {
            if !self.0.allow(volume) {
                object(index, volume, found);
            }
        }
    }
}

fn object(index: usize, volume: &Volume<'_>, found: &mut Findings<'_>) {
    let name = volume.source.as_ref().map_or("emptyDir", |source| source.name());
    let detail = format_args!("{name} volumes are not allowed to be used");
    match &volume.origin {
        Origin::Written => found.invalid(format_args!("spec.volumes[{index}]"), Quoted(name), detail),
        // The account can still switch the token off, which the template does not show.
        Origin::Token => found.invalid_prediction(
            "spec.automountServiceAccountToken",
            true,
            format_args!(
                "{detail}; the token volume is one; allow `projected` or `secret`, or set this to false"
            ),
        ),
        Origin::Claim(path) => found.invalid_elsewhere(path, Quoted(name), detail),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::TYPES;
    use crate::settings::Settings;
    use crate::testing::Outcome::{self, Admitted, Objected, Rejected};
    use crate::testing::{judge_pod, policy, problems, review_added};

    fn volume(key: &str, source: Value) -> Value {
        json!({"name": "v", key: source})
    }

    #[rstest]
    #[case::none(json!({}), json!([]), Admitted)]
    #[case::nothing_is_allowed(json!({}), json!([{"name": "v", "configMap": {}}]),
        Rejected("spec.volumes[0]: Invalid value: \"configMap\": configMap volumes are not allowed to be used"))]
    #[case::listed(json!({"volumes": ["configMap"]}), json!([{"name": "v", "configMap": {}}]), Admitted)]
    #[case::each_that_is_not_listed(json!({"volumes": ["secret"]}), json!([{"name": "a", "nfs": {}}, {"secret": {}}, {"rbd": {}, "name": "b"}]), Objected(&[
        "spec.volumes[0]: Invalid value: \"nfs\": nfs volumes are not allowed to be used",
        "spec.volumes[2]: Invalid value: \"rbd\": rbd volumes are not allowed to be used",
    ]))]
    #[case::every(json!({"volumes": ["*"]}), json!([{"name": "v", "hostPath": {"path": "/"}}]), Admitted)]
    #[case::no_source_is_an_empty_dir(json!({"volumes": ["emptyDir"]}), json!([{"name": "v"}]), Admitted)]
    #[case::no_source_is_an_empty_dir_that_is_refused(json!({"volumes": ["secret"]}), json!([{"name": "v", "secret": null}]),
        Rejected("spec.volumes[0]: Invalid value: \"emptyDir\": emptyDir volumes are not allowed to be used"))]
    #[case::a_source_and_a_null(json!({"volumes": ["emptyDir"]}), json!([{"hostPath": null, "name": "v", "emptyDir": {}, "secret": null}]), Admitted)]
    #[case::unknown_source(json!({"volumes": ["emptyDir"]}), json!([{"name": "v", "moonDisk": {}}]),
        Rejected("spec.volumes[0]: Invalid value: \"moonDisk\": moonDisk volumes are not allowed to be used"))]
    #[case::unknown_source_where_all_are_listed(json!({"volumes": ["*"]}), json!([{"name": "v", "moonDisk": {}}]), Admitted)]
    #[case::a_source_named_like_the_wildcard(json!({"volumes": ["emptyDir"]}), json!([{"name": "v", "*": {}}]),
        Rejected("spec.volumes[0]: Invalid value: \"*\": * volumes are not allowed to be used"))]
    #[case::image(json!({"volumes": ["image"]}), json!([{"name": "v", "image": {"reference": "r"}}]), Admitted)]
    #[case::image_is_not_listed(json!({"volumes": ["emptyDir"]}), json!([{"name": "v", "image": {"reference": "r"}}]),
        Rejected("spec.volumes[0]: Invalid value: \"image\": image volumes are not allowed to be used"))]
    #[case::ephemeral_is_no_claim(json!({"volumes": ["persistentVolumeClaim"]}), json!([{"name": "v", "ephemeral": {}}]),
        Rejected("spec.volumes[0]: Invalid value: \"ephemeral\": ephemeral volumes are not allowed to be used"))]
    #[case::the_key_cephfs_is_listed_as_ceph_fs(json!({"volumes": ["cephFS"]}), json!([{"name": "v", "cephfs": {}}]), Admitted)]
    #[case::the_key_cephfs_is_refused_as_ceph_fs(json!({}), json!([{"name": "v", "cephfs": {}}]),
        Rejected("spec.volumes[0]: Invalid value: \"cephFS\": cephFS volumes are not allowed to be used"))]
    #[case::the_key_ceph_fs_is_unknown(json!({"volumes": ["cephFS"]}), json!([{"name": "v", "cephFS": {}}]),
        Rejected("spec.volumes[0]: Invalid value: \"cephFS\": cephFS volumes are not allowed to be used"))]
    fn judges(#[case] policy: Value, #[case] volumes: Value, #[case] expected: Outcome) {
        judge_pod(policy, json!({"spec": {"volumes": volumes}}), expected);
    }

    #[rstest]
    #[case::that_mounts_it(json!([{"name": "v"}]),
        Some("spec.volumes[0]: Invalid value: \"nfs\": nfs volumes are not allowed to be used"))]
    #[case::that_does_not(json!([]), None)]
    fn judges_what_is_there_for_an_added_container(#[case] mounts: Value, #[case] expected: Option<&str>) {
        let pod = json!({"spec": {"volumes": [volume("nfs", json!({}))]}});
        let response = review_added(json!({}), pod, json!({"volumeMounts": mounts}));
        assert_eq!(response.rejection.as_deref(), expected);
    }

    #[test]
    fn every_type_is_allowed_by_its_name_alone() {
        for name in TYPES.iter().filter(|name| **name != "*") {
            let key = if *name == "cephFS" { "cephfs" } else { name };
            let volumes = json!([volume(key, json!({}))]);
            judge_pod(json!({"volumes": [name]}), json!({"spec": {"volumes": volumes}}), Admitted);
        }
    }

    /// The sources that PodSecurityPolicy took for the token of a service account (`IsOnlyServiceAccountTokenSources`
    /// in pkg/security/podsecuritypolicy/util/util.go).
    #[rstest]
    #[case::the_usual(json!([{"serviceAccountToken": {"path": "token", "expirationSeconds": 3607}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]}}]), true)]
    #[case::no_sources(json!([]), true)]
    #[case::null(json!(null), true)]
    #[case::empty_audience(json!([{"serviceAccountToken": {"path": "token", "audience": ""}}]), true)]
    #[case::other_audience(json!([{"serviceAccountToken": {"path": "token", "audience": "vault"}}]), false)]
    #[case::other_path(json!([{"serviceAccountToken": {"path": "t"}}]), false)]
    #[case::other_map(json!([{"configMap": {"name": "other"}}]), false)]
    #[case::map_without_a_name(json!([{"configMap": {}}]), false)]
    #[case::downward_api_without_items(json!([{"downwardAPI": {}}]), true)]
    #[case::absent_version_is_v1(json!([{"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"fieldPath": "metadata.namespace"}}]}}]), true)]
    #[case::other_version(json!([{"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"apiVersion": "v2", "fieldPath": "metadata.namespace"}}]}}]), false)]
    #[case::other_field(json!([{"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"fieldPath": "metadata.name"}}]}}]), false)]
    #[case::resources(json!([{"downwardAPI": {"items": [{"path": "namespace", "resourceFieldRef": {}}]}}]), false)]
    #[case::a_secret(json!([{"secret": {"name": "s"}}]), false)]
    #[case::an_empty_source(json!([{}]), false)]
    #[case::a_young_source(json!([{"clusterTrustBundle": {"path": "ca"}}]), false)]
    #[case::one_of_them_is_another(json!([{"serviceAccountToken": {"path": "token"}}, {"secret": {}}]), false)]
    #[case::not_readable(json!([{"serviceAccountToken": "token"}]), false)]
    #[case::a_null_source(json!([null]), false)]
    fn a_token_is_allowed_as_a_secret(#[case] sources: Value, #[case] allowed: bool) {
        let pod = json!({"spec": {"volumes": [volume("projected", json!({"sources": sources}))]}});
        let refused =
            "spec.volumes[0]: Invalid value: \"projected\": projected volumes are not allowed to be used";
        let expected = if allowed { Admitted } else { Rejected(refused) };
        judge_pod(json!({"volumes": ["secret"]}), pod.clone(), expected);
        judge_pod(json!({"volumes": ["projected"]}), pod.clone(), Admitted);
        judge_pod(json!({"volumes": ["configMap", "downwardAPI"]}), pod, Rejected(refused));
    }

    #[rstest]
    #[case::younger("1.30", json!(["secret", "image"]), Some(
        "volumes[1]: Unsupported value: \"image\": a type of volume since Kubernetes 1.31; `kubernetesVersion` is 1.30"))]
    #[case::of_that_version("1.31", json!(["image"]), None)]
    #[case::every_type("1.30", json!(["*"]), None)]
    fn types_are_those_of_the_version(
        #[case] version: &str,
        #[case] types: Value,
        #[case] expected: Option<&str>,
    ) {
        let settings = policy(&json!({"volumes": types, "kubernetesVersion": version}));
        let problems = Settings::parse(&settings.to_string()).err().map(|problems| problems.to_string());
        assert_eq!(problems.as_deref(), expected);
    }

    #[test]
    fn refuses_settings() {
        let supported: Vec<String> = TYPES.iter().map(|name| format!("\"{name}\"")).collect();
        assert_eq!(
            problems(&json!({"volumes": ["secret", "cephfs"]})),
            format!("volumes[1]: Unsupported value: \"cephfs\": supported values: {}", supported.join(", "))
        );
    }
}
