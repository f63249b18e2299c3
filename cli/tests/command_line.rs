//! The user interface: messages, exit codes, files.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;

use assert_cmd::Command;
use common::{Ended, data, run, run_in};
use rstest::rstest;
use serde_json::{Value, json};

/// The output, without parts that differ between machines.
fn shown(ended: &Ended) -> String {
    let Ended { code, stdout, stderr } = ended;
    format!("{stdout}\n--- exit status {} ---\n{stderr}", code.unwrap_or_default())
}

#[test]
fn policies_of_a_real_cluster_are_migrated() {
    insta::assert_snapshot!(shown(&run(&["migrate", "psp/cluster.yaml", "--rbac", "rbac.yaml"])));
}

#[test]
fn each_policy_gets_a_pair_where_it_is_granted() {
    let ended = run(&["migrate", "--per-policy", "--rbac", "rbac.yaml", "psp/cluster.yaml", "-o", "json"]);
    let list: Value = serde_json::from_str(&ended.stdout).unwrap();
    let reported: Vec<_> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| {
            (
                item["metadata"]["name"].as_str().unwrap(),
                &item["spec"]["namespaceSelector"]["matchExpressions"],
            )
        })
        .collect();
    let everywhere =
        json!([{"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["kube-system"]}]);
    assert_eq!(
        reported,
        [
            ("pod-security-policy-baseline-mutating", &everywhere),
            ("pod-security-policy-baseline-validating", &everywhere),
        ]
    );
    for expected in [
        "warning: granted in kube-system alone, which is not judged: it gets no registration [privileged]\n",
        "note: group system:masters (ClusterRole cluster-admin by ClusterRoleBinding cluster-admin) may use everything",
    ] {
        assert!(ended.stderr.contains(expected), "{}", ended.stderr);
    }
    assert_eq!(ended.stderr.matches("group system:masters (").count(), 1, "{}", ended.stderr);
}

/// Subjects with unrestricted access do not make a policy apply in every namespace.
#[test]
fn the_almighty_put_a_policy_in_no_namespace() {
    let arguments = ["migrate", "--per-policy", "--rbac", "rbac.yaml", "psp/cluster.yaml", "-o", "json"];
    let ended = run(&[&arguments[..], &["--exempt-namespaces", ""]].concat());
    let list: Value = serde_json::from_str(&ended.stdout).unwrap();
    let selected: Vec<&Value> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| &item["spec"]["namespaceSelector"]["matchExpressions"])
        .collect();
    let there = json!([{"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["kube-system"]}]);
    assert_eq!(selected, [&Value::Null, &Value::Null, &there, &there]);
    let together = "warning: baseline and privileged judge kube-system together";
    assert!(ended.stderr.contains(together), "{}", ended.stderr);
}

#[test]
fn a_policy_that_nobody_may_use_is_not_registered() {
    let arguments = ["migrate", "--per-policy", "--rbac", "rbac.yaml", "psp/cluster.yaml"];
    let ended = run(&[&arguments[..], &["--kind", "AdmissionPolicy", "-n", "shop", "-o", "json"]].concat());
    let list: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(list["items"].as_array().unwrap().len(), 2);
    let reported = "warning: not granted in shop: it gets no registration [privileged]\n";
    assert!(ended.stderr.contains(reported), "{}", ended.stderr);
}

#[test]
fn ten_policies_come_in_one_list() {
    let policy: Value = serde_json::to_value(first_document("psp.yaml")).unwrap();
    let items: Vec<Value> = (0..10)
        .map(|nth| {
            let mut policy = policy.clone();
            policy["metadata"]["name"] = format!("policy-{nth}").into();
            policy
        })
        .collect();
    let list = json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string();
    let ended = run_in(&data(), &["migrate", "-o", "json"], &list);
    let out: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(out["items"][0]["spec"]["settings"]["policies"].as_array().unwrap().len(), 10);
    assert!(ended.stderr.starts_with("note: 10 policies: 10 converted\n"), "{}", ended.stderr);
}

fn first_document(file: &str) -> Value {
    serde_saphyr::from_str(&fs::read_to_string(data().join(file)).unwrap()).unwrap()
}

#[rstest]
#[case::a_config_map(
    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\n",
    "there is no policy in the input that can be migrated, only ConfigMap"
)]
#[case::broken("a: [\n", "is not YAML: ")]
#[case::broken_json("{\"kind\": }", "stdin:1:10: is not JSON: expected value")]
#[case::empty("", "there is no policy in the input that can be migrated")]
#[case::comments("# nothing\n---\n", "there is no policy in the input that can be migrated")]
#[case::a_text("hello", "is not a Kubernetes object")]
#[case::a_bare_spec("privileged: true\n", "stdin:1:1: expected a policy, found an object without `kind`")]
#[case::a_typing_error(
    "kind: PodSecurityPolicy\napiVersion: policy/v1beta1\nmetadata: {name: p}\nspec:\n  privilegd: true\n",
    "stdin:5:3: p: spec.privilegd: unknown field; did you mean \"privileged\"?"
)]
fn what_is_no_policy_writes_nothing(#[case] input: &str, #[case] expected: &str) {
    let folder = tempfile::tempdir().unwrap();
    let ended = run_in(folder.path(), &["migrate", "--output-dir", "out", "-"], input);
    assert_eq!((ended.code, &*ended.stdout), (Some(2), ""));
    assert!(ended.stderr.contains(expected), "{}", ended.stderr);
    assert!(!folder.path().join("out").exists());
}

#[test]
fn manifests_are_written_to_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let file = data().join("psp.yaml").display().to_string();
    let ended = run_in(
        folder.path(),
        &[
            "migrate",
            "--output-dir",
            "out",
            "--kind",
            "AdmissionPolicy",
            "-n",
            "shop",
            "--mode",
            "monitor",
            "--policy-server",
            "reserved",
            "--module",
            "registry://r/p:1",
            "--background-audit=false",
            "--name",
            "psp",
            &file,
        ],
        "",
    );
    assert_eq!((ended.code, &*ended.stdout), (Some(0), ""), "{}", ended.stderr);
    let mut files: Vec<String> = fs::read_dir(folder.path().join("out"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    assert_eq!(files, ["psp-mutating.yaml", "psp-validating.yaml"]);
    let text = fs::read_to_string(folder.path().join("out/psp-validating.yaml")).unwrap();
    let manifest: Value = serde_saphyr::from_str(&text).unwrap();
    let spec = &manifest["spec"];
    let annotations = json!({
        "io.kubewarden.policy.title": "pod-security-policy",
        "io.kubewarden.policy.category": "PSP",
        "io.kubewarden.policy.severity": "critical",
    });
    let metadata = json!({"name": "psp-validating", "namespace": "shop", "annotations": annotations});
    assert_eq!(manifest["metadata"], metadata);
    assert_eq!(
        json!([
            spec["mode"],
            spec["policyServer"],
            spec["module"],
            spec["backgroundAudit"],
            spec["namespaceSelector"]
        ]),
        json!(["monitor", "reserved", "registry://r/p:1", false, null])
    );
}

#[test]
fn an_admission_policy_needs_a_namespace() {
    let ended = run(&["migrate", "--kind", "AdmissionPolicy", "psp.yaml"]);
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("--namespace <NAME>"), "{}", ended.stderr);
}

#[test]
fn a_registration_of_a_namespace_that_asks_rbac_needs_a_capability() {
    let ended = run(&["migrate", "--kind", "AdmissionPolicy", "-n", "shop", "psp.yaml"]);
    let reported = "spec.namespacedPoliciesCapabilities of PolicyServer default must be unset, or contain kubernetes/can_i";
    assert_eq!((ended.code, ended.stderr.contains(reported)), (Some(0), true), "{}", ended.stderr);
    let alone = run(&["migrate", "--kind", "AdmissionPolicy", "-n", "shop", "--per-policy", "psp.yaml"]);
    assert!(!alone.stderr.contains("can_i"), "{}", alone.stderr);
}

#[rstest]
#[case::a_namespace_for_all(&["migrate", "-n", "shop", "psp.yaml"], "add --kind AdmissionPolicy")]
#[case::somebody_without_grants(&["check", "-p", "psp.yaml", "--as", "alice", "pod.yaml"], "then --rbac rbac.json")]
#[case::compared(&["check", "--compare", "psp.yaml", "psp", "--as", "alice", "pod.yaml"], "then --rbac rbac.json")]
#[case::explained(&["explain", "-p", "psp.yaml", "--as", "alice", "--as-group", "g", "pod.yaml"], "then --rbac rbac.json")]
fn what_has_no_effect_is_refused(#[case] arguments: &[&str], #[case] remedy: &str) {
    let ended = run(arguments);
    assert_eq!((ended.code, &*ended.stdout), (Some(2), ""));
    assert!(ended.stderr.starts_with("error: ") && ended.stderr.contains(remedy), "{}", ended.stderr);
}

#[rstest]
#[case::table("table")]
#[case::json("json")]
#[case::yaml("yaml")]
#[case::sarif("sarif")]
#[case::code_quality("code-quality")]
#[case::openreports("openreports")]
#[case::junit("junit")]
#[case::markdown("markdown")]
fn manifests_are_checked(#[case] format: &str) {
    let ended = run(&["check", "-p", "psp.yaml", "-o", format, "manifests"]);
    let version = format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION"));
    insta::assert_snapshot!(format!("check_{format}"), shown(&ended).replace(&version, "\"version\": \"…\""));
}

#[rstest]
#[case::a_level(&["check", "-p", "restricted:v1.31", "manifests/web.yaml"])]
#[case::settings(&["check", "-p", "../../../examples/baseline.yaml", "manifests/web.yaml"])]
#[case::registrations(&["check", "-p", "../../../manifests/mutating.yaml", "-p", "../../../manifests/validating.yaml", "pod.yaml"])]
#[case::diff(&["check", "-p", "psp.yaml", "--diff", "manifests/web.yaml"])]
#[case::compare(&["check", "--compare", "psp.yaml", "psp", "manifests"])]
#[case::as_somebody(&["check", "-p", "psp", "--rbac", "rbac.yaml", "--as", "alice", "--as-group", "developers", "pod.yaml"])]
#[case::as_nobody(&["check", "-p", "psp", "--rbac", "rbac.yaml", "manifests/agent.yaml"])]
#[case::explain(&["explain", "-p", "psp", "--rbac", "rbac.yaml", "pod.yaml"])]
#[case::explain_a_rejection(&["explain", "-p", "psp.yaml", "manifests/agent.yaml"])]
#[case::explain_a_level(&["explain", "-p", "restricted", "manifests", "--object", "deployment/web"])]
#[case::suggest(&["suggest", "manifests", "pod.yaml"])]
#[case::suggest_filling_in(&["suggest", "--fill-in", "--per", "service-account", "manifests/web.yaml"])]
fn commands_say(#[case] arguments: &[&str]) {
    let name = arguments.join("_").replace(['/', ' ', ':'], "-").replace("..-", "");
    insta::assert_snapshot!(name, shown(&run(arguments)));
}

#[test]
fn standard_input_is_read_if_no_file_is_named() {
    let ended = run_in(
        &data(),
        &["check", "-p", "psp.yaml"],
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a}]}\n",
    );
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stdout.contains("Pod default/a"), "{}", ended.stdout);
}

#[rstest]
#[case::nothing("", 2, "there is no object in the input")]
#[case::no_pods("apiVersion: v1\nkind: Service\nmetadata: {name: a}\n", 0, "")]
#[case::broken("kind: Pod\n  a: b\n", 2, "stdin:")]
#[case::a_template("kind: Pod\nspec:\n{{- if x }}\n  a: b\n{{- end }}\n", 2, "helm template . |")]
#[case::unreadable("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: {}}\n", 1, "")]
fn odd_input_has_its_exit_status(#[case] input: &str, #[case] code: i32, #[case] message: &str) {
    let ended = run_in(&data(), &["check", "-p", "psp.yaml", "-"], input);
    assert_eq!(ended.code, Some(code), "{ended:?}");
    assert!(ended.stderr.contains(message), "{}", ended.stderr);
}

/// One of several objects is explained, and the choices are listed.
#[rstest]
#[case::none(&[], "the input holds 3 workloads, and one can be explained\n  help: name it with --object: DaemonSet/monitoring/agent, Pod/shop/web-app, Deployment/shop/web\n")]
#[case::another(&["--object", "pod/x"], "the input holds no pod/x\n  help: it holds DaemonSet/monitoring/agent, Pod/shop/web-app, Deployment/shop/web\n")]
#[case::in_a_namespace(&["--object", "deployment/shop/web"], "")]
#[case::in_another_namespace(&["--object", "deployment/default/web"], "the input holds no deployment/default/web\n")]
fn one_object_is_explained(#[case] arguments: &[&str], #[case] expected: &str) {
    let ended = run(&[&["explain", "-p", "psp.yaml", "manifests"], arguments].concat());
    assert_eq!(ended.code, Some(if expected.is_empty() { 0 } else { 2 }), "{ended:?}");
    assert!(ended.stderr.contains(expected), "{}", ended.stderr);
}

#[rstest]
#[case::no_file("none.yaml", "none.yaml: there is no such file")]
#[case::no_policy("pod.yaml", "pod.yaml:1:1: Pod is neither a PodSecurityPolicy")]
#[case::a_level_that_is_none(
    "resticted",
    "did you mean `restricted`? levels of the Pod Security Standards are privileged, baseline and restricted"
)]
#[case::a_version_that_is_none("baseline:1.31", "did you mean `baseline:v1.31`? ")]
#[case::a_level_and_a_version("Basline:v1.30", "did you mean `baseline:v1.30`? ")]
#[case::a_level_in_capitals("Restricted", "did you mean `restricted`? ")]
#[case::no_level("settings", "help: levels of the Pod Security Standards")]
fn policies_that_are_none_are_reported(#[case] policies: &str, #[case] message: &str) {
    let ended = run(&["check", "-p", policies, "pod.yaml"]);
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains(message), "{}", ended.stderr);
}

#[test]
fn quiet_says_nothing_beside_the_result() {
    let ended = run(&["check", "-q", "-p", "psp", "manifests/web.yaml"]);
    assert_eq!(ended.stderr, "");
    let verbose = run(&["check", "-v", "-p", "psp", "manifests/web.yaml"]);
    assert!(verbose.stderr.contains("Service shop/web is not judged"), "{}", verbose.stderr);
}

#[test]
fn colours_are_for_those_who_want_them() {
    let escape = '\u{1b}';
    assert!(!run(&["check", "-p", "psp.yaml", "manifests"]).stdout.contains(escape));
    assert!(run(&["check", "--color", "always", "-p", "psp.yaml", "manifests"]).stdout.contains(escape));
}

#[test]
fn shells_and_manuals_are_served() {
    assert_eq!(run(&["completions", "kubectl"]).stdout, "#!/bin/sh\nexec kubectl-psp complete -- \"$@\"\n");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(run(&["completions", shell]).stdout.contains("migrate"), "{shell}");
    }
    assert!(run(&["man"]).stdout.contains(".TH kubectl-psp"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display().to_string();
    assert_eq!(run(&["man", "--output-dir", &path]).code, Some(0));
    for command in ["", "-migrate", "-check", "-explain", "-suggest", "-lint", "-test"] {
        assert!(folder.path().join(format!("kubectl-psp{command}.1")).exists(), "{command}");
    }
}

#[test]
fn every_command_has_help_with_examples() {
    for command in
        ["migrate", "check", "explain", "suggest", "diff", "can-use", "lint", "test", "completions", "man"]
    {
        let help = run(&[command, "--help"]).stdout;
        assert!(help.contains("Examples:\n"), "{command}");
    }
}

/// A dump as `kubectl get pods -A -o json` prints it, but longer than one read.
#[test]
fn a_long_list_is_read_item_by_item() {
    let pod = |nth: usize| {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": format!("pod-{nth}"), "namespace": "shop"},
            "spec": {"serviceAccountName": "default", "containers": [{"name": "c", "image": "i",
                "env": [{"name": "PADDING", "value": "x".repeat(4000)}],
                "securityContext": {"privileged": nth % 100 == 99}}]}})
    };
    let items: Vec<String> = (0..500).map(|nth| serde_json::to_string_pretty(&pod(nth)).unwrap()).collect();
    let list = format!(
        "{{\n\"apiVersion\": \"v1\",\n\"items\": [\n{}\n],\n\"kind\": \"List\"\n}}\n",
        items.join(",\n")
    );
    let ended = run_in(&data(), &["check", "-p", "psp.yaml", "-o", "json"], &list);
    let results: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert_eq!(results["summary"], json!({"allowed": 0, "changed": 495, "rejected": 5, "skipped": 0}));
    let lines: Vec<&str> = list.lines().collect();
    for judged in
        results["results"].as_array().unwrap().iter().filter(|judged| judged["verdict"] == "rejected")
    {
        let line =
            judged["violations"][0]["line"].as_u64().and_then(|line| usize::try_from(line).ok()).unwrap();
        assert!(lines[line - 1].contains("\"privileged\": true"), "{}", lines[line - 1]);
    }
}

/// The patch applies to the files as they are: afterwards no default is missing, and the rest is unchanged.
#[test]
fn the_patch_of_check_applies() {
    let folder = tempfile::tempdir().unwrap();
    for file in ["psp.yaml", "manifests/web.yaml", "manifests/ledger.yaml"] {
        let to = folder.path().join(file);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(data().join(file), to).unwrap();
    }
    let pod = "{\n  \"apiVersion\": \"v1\",\n  \"kind\": \"Pod\",\n  \"metadata\": {\"name\": \"a\"},\n  \"spec\": {\n    \"containers\": [\n      {\n        \"name\": \"a\"\n      }\n    ]\n  }\n}";
    fs::write(folder.path().join("manifests/pod.json"), pod).unwrap();
    let check = |extra: &[&str]| {
        run_in(folder.path(), &[&["check", "-p", "psp.yaml"], extra, &["manifests"]].concat(), "")
    };
    let before = fs::read_to_string(folder.path().join("manifests/web.yaml")).unwrap();
    let diff = check(&["--diff"]);
    assert_eq!(diff.code, Some(0), "{}", diff.stderr);
    insta::assert_snapshot!("patch", diff.stdout);
    let applied = Command::new("git")
        .args(["apply", "-p0", "-"])
        .current_dir(folder.path())
        .write_stdin(diff.stdout)
        .output()
        .unwrap();
    assert!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stderr));
    let after = check(&["-o", "json"]);
    let results: Value = serde_json::from_str(&after.stdout).unwrap();
    assert_eq!(results["summary"], json!({"allowed": 3, "changed": 0, "rejected": 0, "skipped": 1}));
    let text = fs::read_to_string(folder.path().join("manifests/web.yaml")).unwrap();
    assert!(before.lines().all(|line| text.contains(line)), "{text}");
}

#[rstest]
#[case::of_a_pod(
    "apiVersion: v1\nkind: Pod\nmetadata:\n  name: n\n",
    "stdin:4:3: metadata.name is a boolean, not a text"
)]
#[case::of_a_namespace(
    "kind: Pod\nmetadata: {namespace: on}\n",
    "stdin:2:12: metadata.namespace is a boolean, not a text"
)]
#[case::that_is_a_number(
    "kind: Pod\nmetadata: {name: 12}\n",
    "stdin:2:12: metadata.name is a number, not a text"
)]
fn a_name_that_yaml_takes_for_something_else_is_reported(#[case] input: &str, #[case] expected: &str) {
    for command in
        [&["check", "-p", "psp.yaml"][..], &["migrate"], &["suggest"], &["explain", "-p", "psp.yaml"]]
    {
        let ended = run_in(&data(), command, input);
        assert_eq!(ended.code, Some(2), "{command:?}");
        assert!(ended.stderr.contains(expected), "{}", ended.stderr);
        assert!(
            ended.stderr.contains("  help: YAML reads y, yes, on, n, no and off as booleans"),
            "{}",
            ended.stderr
        );
    }
}

#[test]
fn a_boolean_inside_of_an_object_is_reported_too() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - name: no\n";
    let ended = run_in(&data(), &["check", "-p", "psp.yaml"], pod);
    assert!(
        ended.stdout.contains("quote it") && ended.stdout.contains("spec.containers[0].name"),
        "{}",
        ended.stdout
    );
    let policy = "apiVersion: policy/v1beta1\nkind: PodSecurityPolicy\nmetadata: {name: p}\nspec:\n  allowedCapabilities: [yes]\n";
    let ended = run_in(&data(), &["migrate"], policy);
    assert!(ended.stderr.contains("quote it"), "{}", ended.stderr);
}

#[test]
fn of_thousands_of_errors_some_are_reported() {
    let pods = "metadata: {name: a}\n---\n".repeat(3000);
    let ended = run_in(&data(), &["migrate"], &pods);
    assert_eq!(ended.code, Some(2));
    assert_eq!(ended.stderr.matches("error: ").count(), 10);
    assert!(ended.stderr.ends_with("and 2990 more errors\n"), "{}", ended.stderr);
}

/// Both halves of a pair have the same policies.
#[test]
fn advice_is_given_once() {
    let folder = tempfile::tempdir().unwrap();
    let pair = run(&["migrate", "-q", "psp/cluster.yaml"]).stdout;
    let file = folder.path().join("pair.yaml").display().to_string();
    fs::write(&file, pair).unwrap();
    let ended = run(&["check", "-p", &file, "--rbac", "rbac.yaml", "manifests/web.yaml"]);
    let mut notes: Vec<&str> = ended.stderr.lines().collect();
    let all = notes.len();
    notes.sort_unstable();
    notes.dedup();
    assert_eq!(notes.len(), all, "{}", ended.stderr);
}

/// A pod, policies and a dump in which `p` is granted to a subject.
fn granted_to(subject: &Value) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let group = "rbac.authorization.k8s.io/v1";
    let role = json!({"apiVersion": group, "kind": "ClusterRole", "metadata": {"name": "r"}, "rules": [
        {"apiGroups": ["policy"], "resources": ["podsecuritypolicies"], "resourceNames": ["baseline"], "verbs": ["use"]}]});
    let binding = json!({"apiVersion": group, "kind": "ClusterRoleBinding", "metadata": {"name": "b"},
        "roleRef": {"kind": "ClusterRole", "name": "r"}, "subjects": [subject]});
    let dump = json!({"apiVersion": "v1", "kind": "List", "items": [role, binding]});
    fs::write(folder.path().join("rbac.json"), dump.to_string()).unwrap();
    fs::copy(data().join("psp.yaml"), folder.path().join("psp.yaml")).unwrap();
    folder
}

const BARE: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a}]}\n";

#[rstest]
#[case::authenticated("system:authenticated", &["alice"], true)]
#[case::authenticated_is_no_anonymous("system:authenticated", &["system:anonymous"], false)]
#[case::unauthenticated("system:unauthenticated", &["system:anonymous"], true)]
#[case::unauthenticated_is_no_user("system:unauthenticated", &["alice"], false)]
#[case::service_accounts("system:serviceaccounts:ci", &["system:serviceaccount:ci:deployer"], true)]
#[case::service_accounts_of_another("system:serviceaccounts:cd", &["system:serviceaccount:ci:deployer"], false)]
#[case::a_service_account_is_authenticated("system:authenticated", &["system:serviceaccount:ci:deployer"], true)]
#[case::masters_need_no_binding("nobody", &["root", "--as-group", "system:masters"], true)]
#[case::named_groups_stay("developers", &["alice", "--as-group", "developers"], true)]
fn whoever_asks_has_the_groups_that_the_api_server_adds(
    #[case] group: &str,
    #[case] user: &[&str],
    #[case] admitted: bool,
) {
    let folder = granted_to(&json!({"kind": "Group", "name": group}));
    let check = ["check", "-p", "psp.yaml", "--rbac", "rbac.json", "--as"];
    let ended = run_in(folder.path(), &[&check[..], user].concat(), BARE);
    assert_eq!(ended.code, Some(i32::from(!admitted)), "{ended:?}");
}

#[test]
fn who_creates_a_bare_pod_is_not_known() {
    let folder = granted_to(&json!({"kind": "User", "name": "alice"}));
    let reported = "who creates the pod is not known, and might be granted more than its service account: name the user with --as\n";
    for command in ["check", "explain"] {
        let arguments = [command, "-p", "psp.yaml", "--rbac", "rbac.json"];
        let ended = run_in(folder.path(), &arguments, BARE);
        assert_eq!((ended.code, ended.stdout.matches(reported).count()), (Some(1), 1), "{ended:?}");
        let bob = run_in(folder.path(), &[&arguments[..], &["--as", "bob"]].concat(), BARE);
        assert_eq!((bob.code, bob.stdout.contains("is not known")), (Some(1), false), "{bob:?}");
        let alice = run_in(folder.path(), &[&arguments[..], &["--as", "alice"]].concat(), BARE);
        assert_eq!(alice.code, Some(0), "{alice:?}");
    }
}

fn bindings(count: usize) -> String {
    let group = "rbac.authorization.k8s.io/v1";
    let binding = |nth: usize| {
        json!({"apiVersion": group, "kind": "RoleBinding", "metadata": {"name": format!("b{nth}"), "namespace": "shop"},
            "roleRef": {"kind": "ClusterRole", "name": "r"}, "subjects": [{"kind": "User", "name": "alice"}]})
    };
    let mut items: Vec<Value> = (0..count).map(binding).collect();
    items.push(json!({"apiVersion": group, "kind": "Role", "metadata": {"name": "r", "namespace": "shop"}, "rules": []}));
    json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string()
}

#[rstest]
#[case::none(
    0,
    "warning: the RBAC dump holds no bindings, so that nothing is granted to anybody; dump them, too: kubectl get clusterroles,roles,clusterrolebindings,rolebindings -A -o yaml\n"
)]
#[case::some(
    2,
    "warning: the RBAC dump lacks the roles of these bindings, which count as if they granted nothing: RoleBinding shop/b0 (ClusterRole r), RoleBinding shop/b1 (ClusterRole r); dump them, too: kubectl get clusterroles,roles,clusterrolebindings,rolebindings -A -o yaml\n"
)]
#[case::many(12, "RoleBinding shop/b9 (ClusterRole r), and 2 more; dump them, too: kubectl get")]
fn what_a_dump_lacks_is_reported(#[case] count: usize, #[case] expected: &str) {
    let folder = tempfile::tempdir().unwrap();
    let dump = folder.path().join("rbac.json").display().to_string();
    fs::write(&dump, bindings(count)).unwrap();
    for arguments in [
        &["migrate", "psp.yaml"][..],
        &["migrate", "--per-policy", "psp.yaml"],
        &["check", "-p", "psp.yaml", "pod.yaml"],
        &["explain", "-p", "psp.yaml", "pod.yaml"],
    ] {
        let ended = run(&[arguments, &["--rbac", &dump]].concat());
        assert_eq!(ended.stderr.matches(expected).count(), 1, "{arguments:?}: {}", ended.stderr);
    }
    let whole = run(&["migrate", "psp.yaml", "--rbac", "rbac.yaml"]);
    assert!(!whole.stderr.contains("the RBAC dump"), "{}", whole.stderr);
}

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";

#[rstest]
#[case::a_name("--name", "NAME", "Foo_", SUBDOMAIN)]
#[case::a_policy_server("--policy-server", "NAME", "Bad Name", SUBDOMAIN)]
#[case::no_name("--name", "NAME", "", SUBDOMAIN)]
#[case::no_scheme(
    "--module",
    "URL",
    "foo",
    "a module is a URL that starts with one of registry://, https://, http://, file://"
)]
#[case::nothing_but_a_scheme(
    "--module",
    "URL",
    "file://",
    "a module is a URL that starts with one of registry://"
)]
fn what_a_cluster_would_refuse_is_not_written(
    #[case] option: &str,
    #[case] value_name: &str,
    #[case] value: &str,
    #[case] expected: &str,
) {
    let ended = run(&["migrate", &format!("{option}={value}"), "psp.yaml"]);
    assert_eq!((ended.code, &*ended.stdout), (Some(2), ""), "{ended:?}");
    let reported = format!("error: invalid value '{value}' for '{option} <{value_name}>': {expected}");
    assert!(ended.stderr.starts_with(&reported), "{}", ended.stderr);
}

#[test]
fn a_name_leaves_room_for_its_ending() {
    let name = |length: usize| run(&["migrate", "--name", &"a".repeat(length), "psp.yaml"]);
    let ended = name(243);
    assert!(ended.stderr.contains("must be no more than 253 characters"), "{}", ended.stderr);
    assert_eq!(name(242).code, Some(0));
}

const CRON_JOB: &str = "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: report}\nspec:\n  schedule: '* * * * *'\n  jobTemplate:\n    spec:\n      template:\n        spec:\n          restartPolicy: Never\n          containers:\n          - {name: a, image: x}\n          - {name: b, image: x}\n";

/// `check` prints it with the namespace that it is created in, and that name finds it.
#[rstest]
#[case::by_default(&["--object", "cronjob/default/report"], "")]
#[case::as_reported(&["-n", "shop", "--object", "CronJob/shop/report"], "")]
#[case::elsewhere(&["-n", "shop", "--object", "cronjob/default/report"],
    "error: the input holds no cronjob/default/report\n  help: it holds CronJob/shop/report\n")]
fn an_object_without_a_namespace_is_in_the_default_one(#[case] arguments: &[&str], #[case] expected: &str) {
    let ended = run_in(&data(), &[&["explain", "-p", "psp.yaml"], arguments].concat(), CRON_JOB);
    assert_eq!(ended.stderr, expected, "{}", ended.stdout);
    assert_eq!(ended.code, Some(if expected.is_empty() { 0 } else { 2 }));
}

/// Regardless of the number of containers with the same need.
#[test]
fn a_workload_counts_once() {
    let ended = run_in(&data(), &["suggest"], CRON_JOB);
    assert!(ended.stderr.starts_with("default: 1 workload\n"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("more"), "{}", ended.stderr);
    let two = format!("{CRON_JOB}---\n{}", CRON_JOB.replace("report", "other"));
    let ended = run_in(&data(), &["suggest"], &two);
    assert!(ended.stderr.starts_with("default: 2 workloads\n"), "{}", ended.stderr);
    assert!(ended.stderr.contains("CronJob default/report and 1 more "), "{}", ended.stderr);
    assert!(!ended.stderr.contains("and 2 more"), "{}", ended.stderr);
}

#[test]
fn accounts_whose_joined_names_are_equal_share_no_policy() {
    let pod = |namespace: &str, account: &str, pid: bool| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: a, namespace: {namespace}}}\nspec: {{serviceAccountName: {account}, hostPID: {pid}, containers: [{{name: a, image: x}}]}}\n---\n"
        )
    };
    let pods = pod("a-b", "c", false) + &pod("a", "b-c", true);
    let ended = run_in(&data(), &["suggest", "--per", "service-account", "-o", "json"], &pods);
    let list: Value = serde_json::from_str(&ended.stdout).unwrap();
    let items = list["items"].as_array().unwrap().iter();
    let reported: Vec<_> = items.map(|item| (&item["metadata"], &item["spec"]["hostPID"])).collect();
    assert_eq!(
        reported,
        [
            (&json!({"name": "a-b-c-56c0c415ab6f1121"}), &json!(false)),
            (&json!({"name": "a-b-c-b88914266ac71441"}), &json!(true)),
        ]
    );
    assert!(
        ended.stderr.contains("a-b-c-b88914266ac71441, service account a/b-c: 1 workload\n"),
        "{}",
        ended.stderr
    );
}

/// Applies a patch with both programs, and returns the resulting file.
fn applied(folder: &std::path::Path, file: &str, patch: &str) -> String {
    let before = fs::read(folder.join(file)).unwrap();
    let made: Vec<String> = [&["git", "apply", "-p0", "-"][..], &["patch", "-p0"]]
        .iter()
        .map(|command| {
            fs::write(folder.join(file), &before).unwrap();
            let (program, arguments) = command.split_first().unwrap();
            let mut run = Command::new(program);
            let ended = run.args(arguments).current_dir(folder).write_stdin(patch).output().unwrap();
            assert!(ended.status.success(), "{command:?}: {ended:?}\n{patch}");
            fs::read_to_string(folder.join(file)).unwrap()
        })
        .collect();
    assert_eq!(made[0], made[1]);
    made[0].clone()
}

/// Windows line endings too.
#[test]
fn patches_keep_the_ends_of_lines() {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(data().join("psp.yaml"), folder.path().join("psp.yaml")).unwrap();
    let text = fs::read_to_string(data().join("manifests/web.yaml")).unwrap().replace('\n', "\r\n");
    fs::write(folder.path().join("web.yaml"), &text).unwrap();
    let check = |extra: &[&str]| {
        run_in(folder.path(), &[&["check", "-p", "psp.yaml"], extra, &["web.yaml"]].concat(), "")
    };
    let after = applied(folder.path(), "web.yaml", &check(&["--diff"]).stdout);
    assert!(after.len() > text.len() && !after.replace("\r\n", "").contains('\n'), "{after:?}");
    let results: Value = serde_json::from_str(&check(&["-o", "json"]).stdout).unwrap();
    assert_eq!(results["summary"], json!({"allowed": 1, "changed": 0, "rejected": 0, "skipped": 1}));

    let pod = "apiVersion: v1\r\nkind: Pod\r\nmetadata:\r\n  name: a\r\nspec:\r\n  hostPID: true\r\n  containers:\r\n  - name: a\r\n    image: x\r\n";
    fs::write(folder.path().join("pod.yaml"), pod).unwrap();
    let explained = run_in(folder.path(), &["explain", "-p", "psp.yaml", "pod.yaml"], "").stdout;
    let (_, patch) = explained.split_once("--- pod.yaml").unwrap();
    let after = applied(folder.path(), "pod.yaml", &format!("--- pod.yaml{patch}"));
    assert!(after != pod && !after.replace("\r\n", "").contains('\n'), "{after:?}");
}

#[rstest]
#[case::absolute("ABSOLUTE/some manifests/web.yaml", "some manifests/web.yaml\t")]
#[case::up_and_down("../HERE/some manifests/web.yaml", "some manifests/web.yaml\t")]
#[case::here("./some manifests/web.yaml", "some manifests/web.yaml\t")]
#[case::elsewhere("../elsewhere.yaml", "../elsewhere.yaml")]
fn patches_name_files_from_the_working_directory(#[case] path: &str, #[case] expected: &str) {
    let around = tempfile::tempdir().unwrap();
    let folder = around.path().join("here");
    fs::create_dir_all(folder.join("some manifests")).unwrap();
    fs::copy(data().join("psp.yaml"), folder.join("psp.yaml")).unwrap();
    for file in ["here/some manifests/web.yaml", "elsewhere.yaml"] {
        fs::copy(data().join("manifests/web.yaml"), around.path().join(file)).unwrap();
    }
    let path = path.replace("ABSOLUTE", &folder.display().to_string()).replace("HERE", "here");
    let patch = run_in(&folder, &["check", "-p", "psp.yaml", "--diff", &path], "").stdout;
    assert_eq!(
        patch.lines().take(2).collect::<Vec<_>>(),
        [format!("--- {expected}"), format!("+++ {expected}")]
    );
    if !expected.starts_with("..") {
        applied(&folder, "some manifests/web.yaml", &patch);
    }
}

const PSP: &str = "apiVersion: policy/v1beta1\nkind: PodSecurityPolicy\nmetadata: {name: NAME}\nspec:\n  volumes: [configMap, projected]\n  runAsUser: {rule: RunAsAny}\n  seLinux: {rule: RunAsAny}\n  supplementalGroups: {rule: RunAsAny}\n  fsGroup: {rule: RunAsAny}\n";

fn psp(name: &str, more: &str) -> String {
    format!("{}{more}", PSP.replace("NAME", name))
}

/// The settings of the first registration in the output.
fn migrated(input: &str, arguments: &[&str]) -> (Value, Ended) {
    let ended = run_in(&data(), &[&["migrate", "-o", "json"], arguments].concat(), input);
    let list: Value = serde_json::from_str(&ended.stdout).unwrap_or_default();
    (list["items"][0]["spec"]["settings"].clone(), ended)
}

/// Charts put a policy, its role, its binding and its account into one file.
#[test]
fn roles_and_bindings_of_the_input_count() {
    let role = "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: psp-agent}\nrules:\n- {apiGroups: [policy], resources: [podsecuritypolicies], resourceNames: [agent], verbs: [use]}\n";
    let binding = "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: psp-agent, namespace: logging}\nroleRef: {kind: ClusterRole, name: psp-agent}\nsubjects: [{kind: ServiceAccount, name: agent}]\n";
    let account = "---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: agent, namespace: logging}\n";
    let input = [&psp("agent", ""), role, binding, account].concat();
    let (settings, ended) = migrated(&input, &[]);
    assert_eq!(
        (ended.code, &settings["policies"][0]["metadata"]["name"]),
        (Some(0), &json!("agent")),
        "{ended:?}"
    );
    for reported in [
        "note: agent may be used by service account logging/agent, for pods in logging\n",
        "note: 1 ServiceAccount in the input is passed over: grants name them, and nothing of theirs is needed\n",
    ] {
        assert!(ended.stderr.contains(reported), "{}", ended.stderr);
    }
    let ended = run_in(&data(), &["migrate", "--per-policy", "-o", "json"], &input);
    let list: Value = serde_json::from_str(&ended.stdout).unwrap();
    let there = json!([{"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["logging"]}]);
    assert_eq!(list["items"][0]["spec"]["namespaceSelector"]["matchExpressions"], there);
}

/// Values that PodSecurityPolicy accepted are rewritten to their effect, and reported.
#[rstest]
#[case::a_port_too_many("  hostPorts: [{min: 1, max: 65536}]\n", "/hostPorts", json!([{"min": 1, "max": 65535}]), "spec.hostPorts[0], was {\"min\":1,\"max\":65536}")]
#[case::a_range_without_its_start("  runAsGroup: {rule: MustRunAs, ranges: [{max: 65535}]}\n", "/runAsGroup/ranges", json!([{"max": 65535, "min": 0}]), "get 0, which is root [p (spec.runAsGroup.ranges[0])]")]
#[case::a_relative_prefix("  allowedHostPaths: [{pathPrefix: var/log}, {pathPrefix: /var/lib}]\n", "/allowedHostPaths", json!([{"pathPrefix": "/var/lib"}]), "it is left out [p (spec.allowedHostPaths[0].pathPrefix, was var/log)]")]
fn what_settings_refuse_is_rewritten(
    #[case] more: &str,
    #[case] pointer: &str,
    #[case] expected: Value,
    #[case] reported: &str,
) {
    let (settings, ended) = migrated(&psp("p", more), &[]);
    let spec = &settings["policies"][0]["spec"];
    assert_eq!((ended.code, spec.pointer(pointer)), (Some(0), Some(&expected)), "{ended:?}");
    let line = ended.stderr.lines().find(|line| line.contains(reported)).unwrap_or(&ended.stderr);
    assert!(line.starts_with("warning: written as PodSecurityPolicy acted on it: "), "{}", ended.stderr);
}

#[test]
fn a_misspelt_annotation_does_not_stop_a_migration() {
    let input = psp("p", "").replace("{name: p}", "{name: p, annotations: {seccomp.security.alpha.kubernetes.io/allowedProfiles: '*', seccomp.security.alpha.kubernetes.io/allowedProfileNames: '*'}}");
    let (settings, ended) = migrated(&input, &[]);
    let kept = json!({"seccomp.security.alpha.kubernetes.io/allowedProfileNames": "*"});
    assert_eq!(
        (ended.code, &settings["policies"][0]["metadata"]["annotations"]),
        (Some(0), &kept),
        "{ended:?}"
    );
    let reported = "warning: written as PodSecurityPolicy acted on it: is not an annotation that PodSecurityPolicy read: it had no effect and is left out [p (metadata.annotations[seccomp.security.alpha.kubernetes.io/allowedProfiles])]\n";
    assert!(ended.stderr.contains(reported), "{}", ended.stderr);
}

/// A policy whose strategies could not be created was skipped for every pod.
#[test]
fn a_policy_that_was_skipped_is_left_out() {
    let skipped = psp("b", "")
        .replace("fsGroup: {rule: RunAsAny}", "fsGroup: {rule: MustRunAs}")
        .replace("seLinux: {rule: RunAsAny}", "seLinux: {rule: MustRunAs}");
    let (settings, ended) = migrated(&format!("{}---\n{skipped}", psp("a", "")), &[]);
    assert_eq!((ended.code, settings["policies"].as_array().map(Vec::len)), (Some(0), Some(1)), "{ended:?}");
    assert!(ended.stderr.starts_with("note: 2 policies: 1 converted, 1 left out\nwarning: left out, since PodSecurityPolicy itself skipped it at every pod [stdin:"), "{}", ended.stderr);
    for place in ["b: spec.fsGroup.ranges: Required value", "b: spec.seLinux.seLinuxOptions: Required value"]
    {
        assert!(ended.stderr.contains(place), "{}", ended.stderr);
    }
    let (_, alone) = migrated(&skipped, &[]);
    assert_eq!((alone.code, &*alone.stdout), (Some(2), ""));
    assert_eq!(alone.stderr.matches("error: stdin:").count(), 2, "{}", alone.stderr);
}

#[rstest]
#[case::seccomp(
    "  seccomp: {defaultProfileName: runtime/default}\n",
    "seccomp",
    "seccomp.security.alpha.kubernetes.io"
)]
#[case::app_armor(
    "  appArmor: {allowedProfileNames: ['*']}\n",
    "appArmor",
    "apparmor.security.beta.kubernetes.io"
)]
fn profiles_are_annotations(#[case] more: &str, #[case] field: &str, #[case] prefix: &str) {
    let (_, ended) = migrated(&psp("p", more), &[]);
    assert_eq!(ended.code, Some(2));
    let reported = format!("p: spec.{field}: unknown field\n");
    let remedy = format!(
        "  help: profiles are annotations of the policy: metadata.annotations[{prefix}/allowedProfileNames] and metadata.annotations[{prefix}/defaultProfileName]\n"
    );
    assert!(ended.stderr.contains(&reported) && ended.stderr.contains(&remedy), "{}", ended.stderr);
}

#[test]
fn a_name_too_long_for_a_label_is_refused_where_it_would_be_one() {
    let name = |length: usize| psp(&"a".repeat(length), "");
    let (_, long) = migrated(&name(64), &["--per-policy"]);
    assert_eq!((long.code, &*long.stdout), (Some(2), ""));
    assert!(
        long.stderr.contains("the value of a label has at most 63 characters; this name has 64"),
        "{}",
        long.stderr
    );
    assert_eq!(migrated(&name(63), &["--per-policy"]).1.code, Some(0));
    assert_eq!(migrated(&name(64), &[]).1.code, Some(0), "asked by RBAC, a name is no label");
}

/// The summary fits on one page for any number of policies.
#[test]
fn the_summary_of_many_policies_is_short() {
    let input: Vec<String> = (0..157)
        .map(|nth| {
            let more =
                format!("  allowedCapabilities: [CAP_{nth}]\n  hostPorts: [{{min: {nth}, max: 65536}}]\n");
            psp(&format!("policy-{nth}"), &more)
        })
        .collect();
    let input = input.join("---\n");
    let (_, ended) = migrated(&input, &[]);
    let lines: Vec<&str> = ended.stderr.lines().collect();
    assert!(lines.len() <= 40, "{}", ended.stderr);
    assert_eq!(lines[0], "note: 157 policies: 157 converted");
    assert!(
        lines[1].starts_with("warning: written as PodSecurityPolicy acted on it: ports end at 65535"),
        "{}",
        lines[1]
    );
    assert!(
        lines.last().unwrap().starts_with("note: undo, at any time, without a policy server: "),
        "{}",
        ended.stderr
    );
    assert!(lines[1].ends_with(" [all policies]"), "{}", lines[1]);
    let first_note = lines.iter().skip(1).position(|line| line.starts_with("note: ")).unwrap() + 1;
    assert!(lines[first_note..].iter().all(|line| line.starts_with("note: ")), "{}", ended.stderr);

    let (_, json) = migrated(&input, &["--summary", "json", "-q"]);
    let summary: Value = serde_json::from_str(&json.stderr).unwrap();
    assert_eq!(summary["policies"].as_array().unwrap().len(), 157);
    assert_eq!(summary["policies"][0]["status"], "converted");
    assert_eq!(summary["warnings"][0]["policies"].as_array().unwrap().len(), 157);
    let (_, markdown) = migrated(&input, &["--summary", "markdown"]);
    assert!(
        markdown.stderr.starts_with("**157 policies: 157 converted**\n\n### Warnings\n"),
        "{}",
        markdown.stderr
    );
}

#[test]
fn advice_names_the_policy() {
    let input = psp("agent", "  privileged: true\n  allowPrivilegeEscalation: false\n")
        .replace(", projected", ", gitRepo");
    let (_, ended) = migrated(&input, &[]);
    for reported in [
        "warning: privileged: has no effect on Linux: `allowPrivilegeEscalation: false` rejects every privileged container",
        "note: volumes: runs git as root on the node; an init container clones as well [agent: gitRepo]\n",
    ] {
        assert!(ended.stderr.contains(reported), "{}", ended.stderr);
    }
    assert!(!ended.stderr.contains("stdin:"), "{}", ended.stderr);
}

#[test]
fn files_are_not_overwritten_unless_somebody_says_so() {
    let folder = tempfile::tempdir().unwrap();
    for command in [&["migrate", "--output-dir", "out"][..], &["man", "--output-dir", "man"]] {
        let again = |more: &[&str]| run_in(folder.path(), &[command, more].concat(), &psp("p", ""));
        assert_eq!(again(&[]).code, Some(0));
        let refused = again(&[]);
        assert_eq!((refused.code, &*refused.stdout), (Some(2), ""), "{refused:?}");
        assert!(
            refused
                .stderr
                .contains(": is there already, and is not overwritten\n  help: --force overwrites it\n")
        );
        assert_eq!(again(&["--force"]).code, Some(0));
    }
}

#[test]
fn what_differs_shows_both_verdicts() {
    let arguments = ["check", "--compare", "psp.yaml", "psp", "manifests"];
    let table = run(&arguments).stdout;
    assert!(table.contains("REJECTED -> ALLOWED") && table.contains("was rejected"), "{table}");
    let json: Value = serde_json::from_str(&run(&[&arguments[..], &["-o", "json"]].concat()).stdout).unwrap();
    let result = &json["results"][0];
    assert_eq!(
        (&result["verdict"], &result["before"]),
        (&json!("allowed"), &json!({"verdict": "rejected", "policy": null}))
    );
}

#[rstest]
#[case::short(&["-f", "manifests", "deploy/web"], "Deployment shop/web")]
#[case::with_its_namespace(&["-f", "manifests", "ds/monitoring/agent"], "DaemonSet monitoring/agent")]
#[case::behind_the_file(&["manifests", "po/web-app"], "Pod shop/web-app")]
#[case::as_an_option(&["manifests", "--object", "deployments.apps/web"], "Deployment shop/web")]
#[case::several_files(&["-f", "pod.yaml,manifests", "deploy/web"], "Deployment shop/web")]
fn objects_are_named_as_kubectl_names_them(#[case] arguments: &[&str], #[case] expected: &str) {
    let ended = run(&[&["explain", "-p", "psp.yaml"], arguments].concat());
    assert!(ended.stdout.starts_with(expected), "{ended:?}");
}

/// A pod whose containers share one security context by an alias.
#[test]
fn a_patch_says_what_aliases_keep_out_of_it() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - name: a\n    securityContext: &context\n      runAsNonRoot: true\n  - name: b\n    securityContext: *context\n";
    let reported = ": Pod default/a is written with anchors and aliases, which the patch leaves out; what would be filled in:\n  + spec";
    for quiet in [&[][..], &["-q"]] {
        let ended = run_in(&data(), &[&["check", "-p", "psp.yaml", "--diff"], quiet].concat(), pod);
        assert_eq!((ended.code, &*ended.stdout), (Some(0), ""), "{ended:?}");
        assert!(ended.stderr.contains(reported), "{}", ended.stderr);
    }
}

/// A cluster has policies of many modules, and only one of them is this policy.
#[test]
fn registrations_of_other_modules_are_not_judged() {
    let folder = tempfile::tempdir().unwrap();
    let ours = run(&["migrate", "-q", "psp.yaml"]).stdout;
    let other = "---\napiVersion: policies.kubewarden.io/v1\nkind: ClusterAdmissionPolicy\nmetadata: {name: drop}\nspec: {module: 'registry://ghcr.io/kubewarden/policies/capabilities-psp:v1', settings: {allowed_capabilities: []}}\n---\napiVersion: policies.kubewarden.io/v1\nkind: PolicyServer\nmetadata: {name: default}\n";
    let file = folder.path().join("cluster.yaml").display().to_string();
    fs::write(&file, format!("{ours}{other}")).unwrap();
    let ended = run(&["check", "-p", &file, "pod.yaml"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let reported = "warning: not judged, since they register something else: ClusterAdmissionPolicy drop (registry://ghcr.io/kubewarden/policies/capabilities-psp:v1), PolicyServer default\n";
    assert!(ended.stderr.contains(reported), "{}", ended.stderr);
    fs::write(&file, other).unwrap();
    let none = run(&["check", "-p", &file, "pod.yaml"]);
    assert_eq!(none.code, Some(2));
    assert!(none.stderr.contains("--module names the module if it has another name"), "{}", none.stderr);
}

/// The plural of a custom resource is only known in a cluster.
#[test]
fn a_plural_that_is_not_known_counts_and_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let registration = "apiVersion: policies.kubewarden.io/v1\nkind: ClusterAdmissionPolicy\nmetadata: {name: p}\nspec:\n  module: registry://r.example/pod-security-policy:v1\n  mutating: false\n  rules: [{apiGroups: [example.com], apiVersions: [v1], resources: [RESOURCES], operations: [CREATE]}]\n  settings: {podTemplates: [{apiGroup: example.com, kind: Index, path: spec.template}], runAsUser: {rule: RunAsAny}, seLinux: {rule: RunAsAny}, supplementalGroups: {rule: RunAsAny}, fsGroup: {rule: RunAsAny}, volumes: [projected]}\n";
    let index = "apiVersion: example.com/v1\nkind: Index\nmetadata: {name: a}\nspec: {template: {spec: {hostPID: true, containers: [{name: a}]}}}\n";
    let reported =
        "p: whether its rules name the resource of Index cannot be evaluated offline; assumed to match";
    for (resources, doubtful) in [("indices", true), ("'*/*'", false), ("indexes", false)] {
        fs::write(folder.path().join("p.yaml"), registration.replace("RESOURCES", resources)).unwrap();
        let ended = run_in(folder.path(), &["check", "-p", "p.yaml"], index);
        assert_eq!(
            (ended.code, ended.stdout.contains(reported)),
            (Some(1), doubtful),
            "{resources}: {ended:?}"
        );
    }
}
