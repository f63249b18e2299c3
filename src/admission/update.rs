//! The changes of an update of a pod.

use crate::json::equal::{Member, members, same, same_members, take};
use crate::json::{Error, Read};
use crate::pod::names_profile;
use crate::pod::template::{PathSegment, find};

/// Fields of `spec` that an update of a pod may change without a review: no policy reads these fields, and the API
/// server itself allows each to be changed only in harmless ways (`ValidatePodUpdate` in
/// pkg/apis/core/validation/validation.go).
const UNGOVERNED: &[&str] = &[
    "tolerations",
    "schedulingGates",
    "nodeSelector",
    "affinity",
    "activeDeadlineSeconds",
    "terminationGracePeriodSeconds",
];

/// Whether an update of a pod changes anything that a policy may look at.
///
/// Of metadata only the seccomp and AppArmor annotations count, and `status` does not count at all. Everything that is
/// not known to be harmless counts, including fields that are newer than this policy.
pub(crate) fn changes_governed(new: &str, old: &str) -> Read<bool> {
    let (new, old) = (members(new)?, members(old).map_err(of_old)?);
    if !same_members(&new, &old, &["metadata", "spec", "status"])? {
        return Ok(true);
    }
    let (new_spec, old_spec) = (part(&new, "spec")?, part(&old, "spec").map_err(of_old)?);
    if !same_members(&new_spec, &old_spec, UNGOVERNED)? {
        return Ok(true);
    }
    let (new, old) = (governed_annotations(&new)?, governed_annotations(&old).map_err(of_old)?);
    Ok(!same_members(&new, &old, &[])?)
}

/// An error in the object as it was before.
fn of_old(error: Error) -> Error {
    error.in_key("oldObject")
}

fn governed_annotations<'a>(object: &[Member<'a>]) -> Read<Vec<Member<'a>>> {
    let metadata = part(object, "metadata")?;
    let mut annotations = part(&metadata, "annotations").map_err(|error| error.in_key("metadata"))?;
    annotations.retain(|(key, _)| names_profile(key));
    Ok(annotations)
}

fn part<'a>(object: &[Member<'a>], key: &str) -> Read<Vec<Member<'a>>> {
    members(take(object, key)?).map_err(|error| error.in_key(key))
}

/// The indexes of the ephemeral containers that a pod had before, unchanged and in the same place: they were reviewed
/// when they were added. The API server only ever appends to their list.
pub(crate) fn kept_ephemeral_containers(new: &str, old: &str) -> Read<Vec<usize>> {
    let path =
        [PathSegment::Key("spec".into()), PathSegment::Key("ephemeralContainers".into()), PathSegment::Each];
    let (new, old) = (find(new, &path)?, find(old, &path).map_err(of_old)?);
    let mut kept = Vec::new();
    for (index, (new, old)) in new.iter().zip(&old).enumerate() {
        if same(new.text, old.text)? {
            kept.push(index);
        }
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const OLD: &str = r#"{"metadata": {"name": "p", "labels": {"a": "b"}}, "spec": {"x": 1}, "status": {"phase": "Pending"}}"#;

    #[rstest]
    #[case::nothing(OLD)]
    #[case::status(r#"{"metadata": {"name": "p", "labels": {"a": "b"}}, "spec": {"x": 1}}"#)]
    #[case::bookkeeping(r#"{"metadata": {"labels": {"a": "b"}, "name": "p", "ownerReferences": [{}], "finalizers": ["f"], "managedFields": [],
        "selfLink": "/", "resourceVersion": "2", "generation": 3}, "spec": {"x": 1}, "status": {}}"#)]
    #[case::label(r#"{"metadata": {"name": "p", "labels": {"a": "c"}}, "spec": {"x": 1}}"#)]
    #[case::annotation(r#"{"metadata": {"annotations": {"kubernetes.io/psp": "q"}}, "spec": {"x": 1}}"#)]
    #[case::empty_annotations(r#"{"metadata": {"annotations": {}}, "spec": {"x": 1}}"#)]
    #[case::deletion(r#"{"metadata": {"name": "p", "deletionTimestamp": "now"}, "spec": {"x": 1}}"#)]
    #[case::no_metadata(r#"{"metadata": null, "spec": {"x": 1}}"#)]
    #[case::tolerations(r#"{"spec": {"x": 1, "tolerations": [{"operator": "Exists"}]}}"#)]
    #[case::scheduling(
        r#"{"spec": {"x": 1, "schedulingGates": [], "nodeSelector": {"a": "b"}, "affinity": {}}}"#
    )]
    #[case::deadlines(
        r#"{"spec": {"x": 1, "activeDeadlineSeconds": 1, "terminationGracePeriodSeconds": 2}}"#
    )]
    fn what_no_policy_reads_is_no_change(#[case] new: &str) {
        assert_eq!((changes_governed(new, OLD), changes_governed(OLD, new)), (Ok(false), Ok(false)));
    }

    #[rstest]
    #[case::spec(r#"{"spec": {"x": 2}}"#)]
    #[case::a_field_that_is_not_known(r#"{"spec": {"x": 1, "y": 1}}"#)]
    #[case::no_spec(r#"{"metadata": {"name": "p"}}"#)]
    #[case::a_member_that_is_not_known(r#"{"spec": {"x": 1}, "more": 1}"#)]
    #[case::seccomp_annotation(
        r#"{"metadata": {"annotations": {"seccomp.security.alpha.kubernetes.io/pod": "unconfined"}}, "spec": {"x": 1}}"#
    )]
    #[case::seccomp_annotation_of_a_container(
        r#"{"metadata": {"annotations": {"container.seccomp.security.alpha.kubernetes.io/c": ""}}, "spec": {"x": 1}}"#
    )]
    #[case::app_armor_annotation(
        r#"{"metadata": {"annotations": {"container.apparmor.security.beta.kubernetes.io/c": "unconfined"}}, "spec": {"x": 1}}"#
    )]
    #[case::spec_twice(r#"{"spec": {"x": 1}, "spec": {"x": 1}}"#)]
    #[case::a_field_twice(r#"{"spec": {"x": 1, "x": 1}}"#)]
    fn what_a_policy_may_read_is_a_change(#[case] new: &str) {
        assert_eq!((changes_governed(new, OLD), changes_governed(OLD, new)), (Ok(true), Ok(true)));
    }

    #[rstest]
    #[case::object("[]", "must be an object, not a list")]
    #[case::metadata(
        r#"{"metadata": "p", "spec": {"x": 1}}"#,
        "metadata: must be an object, not the string \"p\""
    )]
    #[case::annotations(
        r#"{"metadata": {"annotations": 1}, "spec": {"x": 1}}"#,
        "metadata.annotations: must be an object, not 1"
    )]
    #[case::not_json(
        r#"{"metadata": {"name": "x}}"#,
        "metadata: is not JSON: the document ends within a string (byte 26)"
    )]
    #[case::annotations_twice(
        r#"{"metadata": {"annotations": {}, "annotations": {"seccomp.security.alpha.kubernetes.io/pod": "unconfined"}}, "spec": {"x": 1}}"#,
        "metadata.annotations: duplicate key"
    )]
    fn reports_where_it_cannot_compare(#[case] new: &str, #[case] expected: &str) {
        assert_eq!(changes_governed(new, OLD).unwrap_err().to_string(), expected);
        let colon = if expected.starts_with("must") { ": " } else { "." };
        let error = changes_governed(OLD, new).unwrap_err();
        assert_eq!(error.to_string(), format!("oldObject{colon}{expected}"));
    }

    /// Members in the same order are compared one by one: of two with one key, the second must not pass unseen.
    #[rstest]
    #[case::spec(
        r#"{"spec": {"x": 1}, "spec": {"x": 1}}"#,
        r#"{"spec": {"x": 1}, "spec": {"x": 2}}"#,
        "spec"
    )]
    #[case::metadata(
        r#"{"metadata": {}, "metadata": {}, "spec": {"x": 1}}"#,
        r#"{"metadata": {}, "metadata": {"annotations": {}}, "spec": {"x": 1}}"#,
        "metadata"
    )]
    fn what_both_have_twice_is_an_error(#[case] old: &str, #[case] new: &str, #[case] path: &str) {
        let error = changes_governed(new, old).unwrap_err();
        assert_eq!(error.to_string(), format!("{path}: duplicate key"));
    }

    #[test]
    fn ephemeral_containers_are_kept_if_place_and_content_stay() {
        let pod = |list: &str| format!(r#"{{"spec": {{"ephemeralContainers": {list}}}}}"#);
        let old = pod(r#"[{"name": "a", "image": "i"}, {"name": "b", "image": "i"}]"#);
        let new = pod(
            r#"[{"image": "i", "name": "a", "tty": null}, {"name": "b", "image": "j"}, {"name": "c", "image": "i"}]"#,
        );
        assert_eq!(kept_ephemeral_containers(&new, &old), Ok(vec![0]));
        assert_eq!(kept_ephemeral_containers(&old, &old), Ok(vec![0, 1]));
        assert_eq!(kept_ephemeral_containers("{}", &old), Ok(vec![]));
        let turned = pod(r#"[{"name": "b", "image": "i"}, {"name": "a", "image": "i"}]"#);
        assert_eq!(kept_ephemeral_containers(&turned, &old), Ok(vec![]));
    }
}
