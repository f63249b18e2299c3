//! Typical input files: streams with one invalid document, folders with all kinds of files, dumps with a
//! leading warning, and kinds that carry pods.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;
use std::path::Path;

use common::{Ended, data, run_in};
use rstest::rstest;

const POLICY: &str = "apiVersion: policy/v1beta1\nkind: PodSecurityPolicy\nmetadata: {name: usual}\nspec: {volumes: [emptyDir, projected], runAsUser: {rule: RunAsAny}, seLinux: {rule: RunAsAny}, supplementalGroups: {rule: RunAsAny}, fsGroup: {rule: RunAsAny}}\n";

const GOOD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: good}\nspec: {containers: [{name: c, image: example.com/c}]}\n";

const BAD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: bad}\nspec: {hostIPC: true, containers: [{name: c, image: example.com/c}]}\n";

/// A folder with some files, and a policy in its own folder.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files.iter().chain(&[("policy/usual.yaml", POLICY)]) {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn check(folder: &Path, more: &[&str], input: &str) -> Ended {
    run_in(folder, &[&["check", "-p", "policy"], more].concat(), input)
}

/// `ALLOWED Pod default/good`, to compare verdicts.
fn verdicts(ended: &Ended) -> Vec<String> {
    let words = |line: &str| line.split_whitespace().take(3).collect::<Vec<_>>().join(" ");
    ended.stdout.lines().map(words).filter(|line| line.contains(" default/")).collect()
}

#[test]
fn one_bad_file_does_not_hide_the_others() {
    let broken = "apiVersion: v1\nkind: Pod\nmetadata: {name: x\n---\nkind: Pod\nspec: [\n";
    let folder =
        folder(&[("m/a.yaml", GOOD), ("m/b.yaml", broken), ("m/c.yaml", BAD), ("m/d.json", "{\"kind\": }")]);
    let ended = check(folder.path(), &["m"], "");
    assert_eq!(ended.code, Some(2));
    assert_eq!(verdicts(&ended), ["ALLOWED Pod default/good", "REJECTED Pod default/bad"]);
    let errors: Vec<&str> = ended.stderr.lines().filter(|line| line.starts_with("error")).collect();
    assert_eq!(
        errors,
        [
            "error: m/b.yaml:3:18: is not YAML: a `,` or `}` is missing before here; 1 more document of the file cannot be read either",
            "error: m/d.json:1:10: is not JSON: expected value"
        ]
    );
}

#[test]
fn files_that_are_no_manifests_are_named_for_what_they_are() {
    let folder = folder(&[
        ("m/a.yaml", GOOD),
        ("m/chart/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n"),
        ("m/chart/values.yaml", "replicas: 1\n"),
        ("m/data.json", "[1, 2]"),
        ("m/kustomization.yaml", "resources: [a.yaml]\n"),
        ("m/notes.yml", "just text\n"),
        ("m/ops.yaml", "- {op: remove, path: /spec}\n- {op: add, path: /spec, value: 1}\n"),
        (
            "m/patch.yaml",
            "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: agent}\nspec: {template: {spec: {hostPID: true}}}\n",
        ),
        ("m/scratch.yaml", "a: [\n"),
    ]);
    let ended = check(folder.path(), &["m"], "");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let notes: Vec<&str> = ended.stderr.lines().filter(|line| line.starts_with("note")).collect();
    let build = "kubectl kustomize FOLDER | kubectl psp …";
    assert_eq!(
        notes,
        [
            "note: m/chart/Chart.yaml: skipped: the description of a Helm chart".to_owned(),
            "note: m/chart/values.yaml: skipped: values of a Helm chart, without `apiVersion` and `kind`".to_owned(),
            "note: m/data.json: skipped: a list of numbers".to_owned(),
            format!("note: m/kustomization.yaml: skipped: a kustomization, which only says what to build: {build}"),
            "note: m/notes.yml: skipped: a text".to_owned(),
            "note: m/ops.yaml: skipped: a JSON patch".to_owned(),
            format!("note: m/patch.yaml: skipped: a patch of DaemonSet agent, not a whole DaemonSet: it has no containers; apply it first: {build}"),
            "note: m/scratch.yaml: skipped: line 1 is not YAML: a value is missing here, and nothing in it says that it is a manifest".to_owned(),
        ]
    );
}

#[test]
fn templates_are_named_and_may_be_left_out() {
    let template = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Release.Name }}\n";
    let folder = folder(&[("m/a.yaml", GOOD), ("m/chart/templates/pod.yaml", template)]);
    let ended = check(folder.path(), &["m"], "");
    assert_eq!((ended.code, verdicts(&ended)), (Some(2), vec!["ALLOWED Pod default/good".to_owned()]));
    for said in ["m/chart/templates/pod.yaml:4:", "is a template of Helm's", "helm template . | kubectl psp"]
    {
        assert!(ended.stderr.contains(said), "{}", ended.stderr);
    }
    let ended = check(folder.path(), &["--exclude", "chart/templates", "m"], "");
    assert_eq!((ended.code, &*ended.stderr), (Some(0), ""));
}

#[test]
fn only_files_that_are_skipped_are_no_error_and_nothing_is() {
    let folder = folder(&[("values.yaml", "a: 1\n")]);
    assert_eq!(check(folder.path(), &["values.yaml"], "").code, Some(0));
    assert_eq!(check(folder.path(), &["-"], "").code, Some(2));
}

#[rstest]
#[case::yaml(
    "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  hostIPC: false\n  containers: [{name: c}]\n  hostIPC: true\n",
    5,
    7
)]
#[case::json(
    "{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": {\"name\": \"p\"}, \"spec\": {\n\"hostIPC\": false,\n\"containers\": [{\"name\": \"c\"}],\n\"hostIPC\": true}}",
    2,
    4
)]
fn the_last_of_duplicate_keys_counts(#[case] pod: &str, #[case] first: u32, #[case] last: u32) {
    let ended = check(folder(&[]).path(), &["-o", "json"], pod);
    assert_eq!(ended.code, Some(1));
    let results: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    let result = &results["results"][0];
    assert_eq!(result["violations"][0]["line"], last);
    assert_eq!(
        result["warnings"][0],
        format!(
            "duplicate key `hostIPC` in lines {first} and {last}: the last one counts, as for kubectl; other readers refuse it"
        )
    );
}

#[test]
fn a_merge_key_replaces_what_stands_before_it() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - name: a\n    securityContext: &root {privileged: true}\n  - name: b\n    securityContext:\n      privileged: false\n      <<: *root\n";
    let ended = check(folder(&[]).path(), &[], pod);
    assert_eq!(ended.code, Some(1));
    for said in [
        "spec.containers[1].securityContext.privileged: Invalid value: true",
        "`privileged` of line 10 is replaced by that of line 7",
    ] {
        assert!(ended.stdout.contains(said), "{}", ended.stdout);
    }
}

#[rstest]
#[case::yaml(
    "Warning: v1 ComponentStatus is deprecated in v1.19+\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c}]}\n"
)]
#[case::json(
    "Warning: v1 ComponentStatus is deprecated in v1.19+\n{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": [{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": {\"name\": \"p\"}, \"spec\": {\"containers\": [{\"name\": \"c\"}]}}]}"
)]
fn a_warning_in_front_of_a_dump_is_passed_over(#[case] dump: &str) {
    let ended = check(folder(&[]).path(), &[], dump);
    assert_eq!((ended.code, verdicts(&ended)), (Some(0), vec!["ALLOWED Pod default/p".to_owned()]));
    let said = "warning: line 1 is not part of the manifest and passed over: Warning: v1 ComponentStatus";
    assert!(ended.stdout.contains(said), "{}", ended.stdout);
}

#[rstest]
#[case::wrong_group(
    "batch/v1",
    "Deployment",
    "spec",
    "kind: `Deployment` is not known in `batch/v1`, and not judged; did you mean `apiVersion: apps/v1`?"
)]
#[case::pod(
    "apps/v1",
    "Pod",
    "spec",
    "kind: `Pod` is not known in `apps/v1`, and not judged; did you mean `apiVersion: v1`?"
)]
#[case::known(
    "argoproj.io/v1alpha1",
    "Rollout",
    "spec",
    "Rollout x carries a pod template, and is not judged; settings judge it with `podTemplates: [{apiGroup: argoproj.io, kind: Rollout, path: 'spec.template'}]`"
)]
#[case::by_shape(
    "example.com/v1",
    "Farm",
    "farm",
    "Farm x carries a pod template, and is not judged; settings judge it with `podTemplates: [{apiGroup: example.com, kind: Farm, path: 'farm.template'}]`"
)]
fn what_carries_pods_is_not_skipped_in_silence(
    #[case] api_version: &str,
    #[case] kind: &str,
    #[case] key: &str,
    #[case] expected: &str,
) {
    let object = format!(
        "apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: x}}\n{key}: {{template: {{spec: {{containers: [{{name: c}}]}}}}}}\n"
    );
    let ended = check(folder(&[]).path(), &[], &object);
    assert_eq!(ended.code, Some(0));
    assert!(ended.stderr.contains(&format!("warning: stdin:1:1: {expected}\n")), "{}", ended.stderr);
    let ended = run_in(&data(), &["suggest"], &object);
    assert!(ended.stderr.contains(&format!("warning: stdin:1:1: {expected}\n")), "{}", ended.stderr);
}

#[test]
fn a_mirror_pod_was_made_by_its_node() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: etcd-n7, namespace: kube-system, uid: u, ownerReferences: [{apiVersion: v1, kind: Node, name: n7, uid: n, controller: true}]}\nspec: {containers: [{name: etcd}]}\n";
    let grant = |subject: &str| {
        format!(
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {{name: user}}\nrules: [{{apiGroups: [policy], resources: [podsecuritypolicies], resourceNames: [usual], verbs: [use]}}]\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {{name: users}}\nroleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: user}}\nsubjects: [{subject}]\n"
        )
    };
    for (subject, code) in [
        ("{kind: Group, name: 'system:nodes'}", 0),
        ("{kind: User, name: 'system:node:n7'}", 0),
        ("{kind: User, name: 'system:node:n8'}", 1),
    ] {
        let folder = folder(&[("rbac.yaml", &grant(subject))]);
        assert_eq!(check(folder.path(), &["--rbac", "rbac.yaml"], pod).code, Some(code), "{subject}");
    }
}
