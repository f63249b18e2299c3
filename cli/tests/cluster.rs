//! Commands that read a cluster, against an API server that answers as a test wants it.
#![cfg(unix)]
#![allow(
    clippy::needless_pass_by_value,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod common;

use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::http::{Method, StatusCode, Uri, header};
use axum::response::IntoResponse;
use common::{Ended, data};
use rstest::rstest;
use serde_json::{Value, json};

type Answer = fn(&str, &Value) -> (u16, Value);

/// An API server, and a kubeconfig for it.
struct Server {
    folder: tempfile::TempDir,
    asked: Arc<Mutex<Vec<String>>>,
    _runtime: tokio::runtime::Runtime,
}

impl Server {
    /// A server that gives these answers to requests such as `GET /api/v1/pods`.
    fn new(answer: Answer) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        let handle = move |method: Method, uri: Uri, body: Bytes| {
            let request = format!("{method} {uri}");
            let (code, value) = answer(&request, &serde_json::from_slice(&body).unwrap_or_default());
            log.lock().unwrap().push(request);
            let code = StatusCode::from_u16(code).unwrap();
            async move { (code, [(header::CONTENT_TYPE, "application/json")], value.to_string()).into_response() }
        };
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let port = listener.local_addr().unwrap().port();
        runtime.spawn(async move { axum::serve(listener, Router::new().fallback(handle)).await });
        let folder = tempfile::tempdir().unwrap();
        let context = |name: &str, namespace: &str| json!({"name": name, "context": {"cluster": "c", "user": "u", "namespace": namespace}});
        let kubeconfig = json!({"apiVersion": "v1", "kind": "Config", "current-context": "shop",
            "contexts": [context("shop", "shop"), context("other", "other")],
            "clusters": [{"name": "c", "cluster": {"server": format!("http://127.0.0.1:{port}")}}],
            "users": [{"name": "u", "user": {"token": "secret"}}]});
        std::fs::write(folder.path().join("config"), kubeconfig.to_string()).unwrap();
        Server { folder, asked, _runtime: runtime }
    }

    /// Runs the program with nothing on standard input. The port of the server, which differs, is left out.
    fn run(&self, arguments: &[&str]) -> Ended {
        run_with(&self.folder.path().join("config").display().to_string(), arguments)
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn run_with(kubeconfig: &str, arguments: &[&str]) -> Ended {
    let output = Command::new(env!("CARGO_BIN_EXE_kubectl-psp"))
        .args(arguments)
        .current_dir(data())
        .env("KUBECONFIG", kubeconfig)
        .env_remove("NO_COLOR")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| {
        let text = String::from_utf8(bytes).unwrap();
        let mut parts = text.split("http://127.0.0.1:");
        let first = parts.next().unwrap().to_owned();
        parts.fold(first, |text, part| {
            text + "http://SERVER" + part.trim_start_matches(|c: char| c.is_ascii_digit())
        })
    };
    Ended { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

fn shown(ended: &Ended) -> String {
    let Ended { code, stdout, stderr } = ended;
    format!("{stdout}\n--- exit status {} ---\n{stderr}", code.unwrap_or_default())
}

fn missing() -> (u16, Value) {
    (
        404,
        json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404,
        "message": "the server could not find the requested resource"}),
    )
}

fn forbidden(resource: &str) -> (u16, Value) {
    let message = format!(
        "{resource} is forbidden: User \"alice\" cannot list resource \"{resource}\" in API group \"\""
    );
    (
        403,
        json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Forbidden", "code": 403, "message": message}),
    )
}

fn list(kind: &str, items: &[Value], next: &str) -> (u16, Value) {
    let mut metadata = json!({"resourceVersion": "1"});
    if !next.is_empty() {
        metadata["continue"] = next.into();
    }
    (200, json!({"kind": kind, "apiVersion": "v1", "metadata": metadata, "items": items}))
}

/// A list as the API server has it: its items have no kind.
fn nothing() -> (u16, Value) {
    list("List", &[], "")
}

fn pod(name: &str, spec: Value) -> Value {
    let mut pod = json!({"metadata": {"name": name, "namespace": "shop", "uid": name, "managedFields": [{"manager": "m"}]},
        "spec": {"serviceAccountName": "web", "automountServiceAccountToken": false, "containers": [{"name": "c"}]}, "status": {"phase": "Running"}});
    pod["spec"].as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
    pod
}

fn registration(mutating: bool, authorization: &str) -> Value {
    let policy = |name: &str, pid: bool| {
        json!({"metadata": {"name": name}, "spec": {"hostPID": pid, "volumes": ["projected"], "allowPrivilegeEscalation": true,
            "runAsUser": {"rule": "RunAsAny"}, "seLinux": {"rule": "RunAsAny"}, "supplementalGroups": {"rule": "RunAsAny"}, "fsGroup": {"rule": "RunAsAny"}}})
    };
    json!({"apiVersion": "policies.kubewarden.io/v1", "kind": "ClusterAdmissionPolicy",
        "metadata": {"name": if mutating { "psp-mutating" } else { "psp-validating" }}, "spec": {
            "module": "registry://r.example/pod-security-policy:v1", "mutating": mutating,
            "rules": [{"apiGroups": ["", "apps"], "apiVersions": ["v1"], "resources": ["pods", "deployments"], "operations": ["CREATE"]}],
            "settings": {"authorization": authorization, "mutate": mutating, "policies": [policy("agents", true), policy("plain", false)]}}})
}

/// Two pages of pods, a workload, and both halves of a pair without RBAC.
fn shop(request: &str, _: &Value) -> (u16, Value) {
    match request {
        "GET /apis/policies.kubewarden.io/v1/clusteradmissionpolicies?&limit=500" => {
            list("ClusterAdmissionPolicyList", &[registration(true, "None"), registration(false, "None")], "")
        }
        "GET /api/v1/namespaces/shop/pods?&limit=500" => {
            list("PodList", &[pod("agent", json!({"hostPID": true})), pod("web", json!({}))], "page 2")
        }
        "GET /api/v1/namespaces/shop/pods?&limit=500&continue=page+2" => {
            list("PodList", &[pod("host", json!({"hostNetwork": true}))], "")
        }
        "GET /api/v1/namespaces/shop/pods/host" => {
            let mut pod = pod("host", json!({"hostNetwork": true}));
            pod["kind"] = "Pod".into();
            pod["apiVersion"] = "v1".into();
            (200, pod)
        }
        "GET /apis/apps/v1/namespaces/shop/replicasets?&limit=500" => {
            let mut owned = pod("web-1", json!({}));
            owned["metadata"]["ownerReferences"] =
                json!([{"kind": "Deployment", "name": "web", "controller": true}]);
            list("ReplicaSetList", &[owned], "")
        }
        "GET /apis/batch/v1/namespaces/shop/cronjobs?&limit=500" => missing(),
        _ if request.starts_with("GET ") => nothing(),
        _ => panic!("{request} is not read-only"),
    }
}

#[test]
fn a_namespace_is_checked_page_by_page() {
    let server = Server::new(shop);
    insta::assert_snapshot!("cluster_check", shown(&server.run(&["check"])));
    let asked = server.asked();
    let pages: Vec<_> = asked.iter().filter(|request| request.contains("/pods")).collect();
    assert_eq!(
        pages,
        [
            "GET /api/v1/namespaces/shop/pods?&limit=500",
            "GET /api/v1/namespaces/shop/pods?&limit=500&continue=page+2"
        ]
    );
    let known = "GET /apis/policies.kubewarden.io/v1/clusteradmissionpolicies?&limit=500";
    assert_eq!(asked.first().unwrap(), known);
}

#[rstest]
#[case::all_namespaces(&["-A"], "GET /api/v1/pods?&limit=500")]
#[case::another_namespace(&["-n", "db"], "GET /api/v1/namespaces/db/pods?&limit=500")]
#[case::another_context(&["--context", "other"], "GET /api/v1/namespaces/other/pods?&limit=500")]
#[case::labels(&["-l", "app=web,tier!=cache"], "GET /api/v1/namespaces/shop/pods?&labelSelector=app%3Dweb%2Ctier%21%3Dcache&limit=500")]
fn options_select_what_is_read(#[case] options: &[&str], #[case] expected: &str) {
    let server = Server::new(shop);
    let ended = server.run(&[&["check", "-p", "baseline"], options].concat());
    let asked = server.asked();
    assert!(asked.iter().any(|request| request == expected), "{asked:#?}\n{ended:?}");
    assert!(!asked.iter().any(|request| request.contains("kubewarden")), "{asked:#?}");
}

#[test]
fn one_pod_is_explained() {
    let server = Server::new(shop);
    insta::assert_snapshot!("cluster_explain", shown(&server.run(&["explain", "pod/host", "-n", "shop"])));
    let missing = server.run(&["explain", "cj/none"]);
    assert_eq!(missing.code, Some(2), "{missing:?}");
}

#[test]
fn workloads_of_a_cluster_get_a_suggestion() {
    let ended = Server::new(shop).run(&["suggest", "-q"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let policy: Value = serde_saphyr::from_str(&ended.stdout).unwrap();
    assert_eq!((&policy["metadata"]["name"], &policy["spec"]["hostNetwork"]), (&json!("shop"), &json!(true)));
}

fn with_names(request: &str, body: &Value) -> (u16, Value) {
    let names = |names: [&str; 2]| {
        let items: Vec<Value> = names.map(|name| json!({"metadata": {"name": name}})).into();
        (
            200,
            json!({"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": {}, "items": items}),
        )
    };
    match request {
        "GET /api/v1/namespaces?&limit=500" => names(["db", "shop"]),
        "GET /api/v1/namespaces/shop/pods?&limit=500" => names(["web", "worker"]),
        "GET /apis/apps/v1/namespaces/db/deployments?&limit=500" => names(["api", "front"]),
        _ => shop(request, body),
    }
}

/// kubectl gives the words after `kubectl psp`, and the last line is for the shell: 4 for nothing else, 0 for files.
#[rstest]
#[case::commands(&["c"], "check\ncan-use\ncompletions\n:4\n")]
#[case::options(&["can-use", "--as"], "--as\n--as-group\n:4\n")]
#[case::namespaces(&["check", "-n", ""], "db\nshop\n:4\n")]
#[case::contexts(&["check", "--context", "o"], "other\n:4\n")]
#[case::policies(&["can-use", ""], "agents\nplain\n:4\n")]
#[case::kinds(&["explain", "d"], "deploy/\nds/\n:6\n")]
#[case::pods(&["explain", "pod/w"], "pod/web\npod/worker\n:4\n")]
#[case::of_a_namespace(&["explain", "-n", "db", "deploy/"], "deploy/api\ndeploy/front\n:4\n")]
#[case::files(&["lint", ""], ":0\n")]
fn words_are_completed_with_names_of_the_cluster(#[case] words: &[&str], #[case] expected: &str) {
    let ended = Server::new(with_names).run(&[&["complete", "--"], words].concat());
    assert_eq!((ended.code, &*ended.stdout, &*ended.stderr), (Some(0), expected, ""));
}

#[test]
fn without_rights_nothing_is_completed() {
    for words in [&["check", "-n", ""][..], &["can-use", ""], &["explain", "pod/"]] {
        let ended = Server::new(without_rights).run(&[&["complete", "--"], words].concat());
        assert_eq!((ended.code, &*ended.stdout, &*ended.stderr), (Some(0), ":4\n", ""), "{words:?}");
    }
}

#[test]
fn registrations_of_a_cluster_are_linted() {
    let server = Server::new(shop);
    let ended = server.run(&["lint", "-A", "-o", "json"]);
    let linted: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((ended.code, &linted["summary"]["registrations"]), (Some(0), &json!(2)), "{ended:?}");
    assert_eq!(
        server.asked(),
        [
            "GET /apis/policies.kubewarden.io/v1/clusteradmissionpolicies?&limit=500",
            "GET /apis/policies.kubewarden.io/v1/admissionpolicies?&limit=500",
        ]
    );
}

/// Labels of namespaces are known in a cluster.
#[rstest]
#[case::matching(|request: &str, body: &Value| selected(request, body, "prod"), 1)]
#[case::another(|request: &str, body: &Value| selected(request, body, "dev"), 0)]
fn selectors_of_namespaces_are_evaluated(#[case] answer: Answer, #[case] expected: i32) {
    let ended = Server::new(answer).run(&["check", "-n", "shop", "-q"]);
    assert_eq!((ended.code, &*ended.stderr), (Some(expected), ""), "{}", ended.stdout);
}

fn selected(request: &str, body: &Value, stage: &str) -> (u16, Value) {
    match request {
        "GET /apis/policies.kubewarden.io/v1/clusteradmissionpolicies?&limit=500" => {
            let mut registration = registration(false, "None");
            registration["spec"]["namespaceSelector"] =
                json!({"matchExpressions": [{"key": "stage", "operator": "In", "values": ["prod"]}]});
            list("ClusterAdmissionPolicyList", &[registration], "")
        }
        "GET /api/v1/namespaces?&limit=500" => {
            list("NamespaceList", &[json!({"metadata": {"name": "shop", "labels": {"stage": stage}}})], "")
        }
        _ => shop(request, body),
    }
}

/// A manifest that is not in the cluster, by the policies that are.
#[test]
fn files_are_checked_by_registered_policies() {
    let server = Server::new(shop);
    let ended = server.run(&["check", "pod.yaml"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stdout.contains("spec.hostNetwork: Invalid value: true"), "{}", ended.stdout);
    assert_eq!(server.asked().len(), 2, "{:?}", server.asked());
}

fn annotated(request: &str, body: &Value) -> (u16, Value) {
    let of = |name: &str, policy: &str, spec: Value| {
        let mut pod = pod(name, spec);
        pod["metadata"]["annotations"] = json!({"kubernetes.io/psp": policy});
        pod
    };
    match request {
        "GET /api/v1/namespaces/shop/pods?&limit=500" => list(
            "PodList",
            &[
                of("same", "agents", json!({})),
                of("other", "plain", json!({})),
                of("none", "agents", json!({"hostNetwork": true})),
                pod("old", json!({})),
            ],
            "",
        ),
        _ => shop(request, body),
    }
}

#[test]
fn pods_are_held_against_the_policy_that_they_have() {
    let server = Server::new(annotated);
    insta::assert_snapshot!("cluster_diff", shown(&server.run(&["diff"])));
    let asked = server.asked();
    assert!(!asked.iter().any(|request| request.contains("deployments")), "{asked:?}");
}

fn without_rights(request: &str, _: &Value) -> (u16, Value) {
    let (_, name) = request.split_once("?").map_or(request, |(path, _)| path).rsplit_once('/').unwrap();
    forbidden(name)
}

#[rstest]
#[case::registrations(&["check"], "error: alice may not list clusteradmissionpolicies.policies.kubewarden.io, admissionpolicies.policies.kubewarden.io in the whole cluster\n  help: --policies names policies that need not be registered\n")]
#[case::pods(&["check", "-p", "baseline"], "error: alice may not list pods, deployments.apps, statefulsets.apps, daemonsets.apps, replicasets.apps, cronjobs.batch, jobs.batch, replicationcontrollers, podtemplates in namespace shop\n  help: kubectl auth can-i list pods -n shop\n")]
#[case::one_pod(&["explain", "-p", "baseline", "po/web"], "error: alice may not get pods in namespace shop\n  help: kubectl auth can-i get pods -n shop\n")]
#[case::grants(&["can-use", "plain", "--as", "bob"], "error: cannot determine who may use which policy: alice may not list clusterroles.rbac.authorization.k8s.io, roles.rbac.authorization.k8s.io, clusterrolebindings.rbac.authorization.k8s.io, rolebindings.rbac.authorization.k8s.io in the whole cluster; alice may not create subjectaccessreviews.authorization.k8s.io\n  help: --rbac FILE reads grants from a dump\n")]
#[case::identity(&["can-use", "plain"], "error: http://SERVER does not say who you are: you may not create selfsubjectreviews.authentication.k8s.io\n  help: --as names a user\n")]
fn a_missing_right_is_one_line(#[case] arguments: &[&str], #[case] expected: &str) {
    let ended = Server::new(without_rights).run(arguments);
    assert_eq!((ended.code, &*ended.stderr), (Some(2), expected), "{}", ended.stdout);
}

/// What may be read is judged.
#[test]
fn some_rights_are_enough_for_some_objects() {
    let server = Server::new(|request, body| match request {
        _ if request.contains("/jobs") => forbidden("jobs"),
        _ => shop(request, body),
    });
    let ended = server.run(&["check", "-p", "baseline"]);
    assert_eq!(ended.code, Some(2));
    assert!(ended.stdout.contains("3 objects: 1 allowed, 0 changed, 2 rejected"), "{}", ended.stdout);
    assert_eq!(
        ended.stderr,
        "error: alice may not list jobs.batch in namespace shop\n  help: kubectl auth can-i list jobs.batch -n shop\n"
    );
}

fn granting(request: &str, body: &Value) -> (u16, Value) {
    let name = |kind: &str, name: &str| json!({"kind": kind, "name": name});
    match request {
        "GET /apis/policies.kubewarden.io/v1/clusteradmissionpolicies?&limit=500" => {
            list("ClusterAdmissionPolicyList", &[registration(true, "RBAC"), registration(false, "RBAC")], "")
        }
        "GET /apis/rbac.authorization.k8s.io/v1/clusterroles?&limit=500" => {
            let rule = json!({"apiGroups": ["policy"], "resources": ["podsecuritypolicies"], "resourceNames": ["plain"], "verbs": ["use"]});
            let role = json!({"metadata": {"name": "psp-plain"}, "rules": [rule]});
            (
                200,
                json!({"kind": "ClusterRoleList", "apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {}, "items": [role]}),
            )
        }
        "GET /apis/rbac.authorization.k8s.io/v1/rolebindings?&limit=500" => {
            let binding = json!({"metadata": {"name": "web", "namespace": "shop"}, "roleRef": name("ClusterRole", "psp-plain"),
                "subjects": [{"kind": "ServiceAccount", "name": "web", "namespace": "shop"}]});
            (
                200,
                json!({"kind": "RoleBindingList", "apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {}, "items": [binding]}),
            )
        }
        "POST /apis/authentication.k8s.io/v1/selfsubjectreviews?" => {
            (201, json!({"status": {"userInfo": {"username": "alice", "groups": ["system:authenticated"]}}}))
        }
        _ => shop(request, body),
    }
}

/// The roles may not be read, but questions are answered as they would.
fn asked_only(request: &str, body: &Value) -> (u16, Value) {
    match request {
        "POST /apis/authorization.k8s.io/v1/subjectaccessreviews?" => {
            let spec = &body["spec"];
            let allowed = spec["user"] == "system:serviceaccount:shop:web"
                && spec["resourceAttributes"]
                    == json!({"namespace": "shop", "verb": "use", "group": "policy", "resource": "podsecuritypolicies", "name": "plain"});
            (201, json!({"status": {"allowed": allowed}}))
        }
        _ if request.contains("rbac.authorization") => forbidden("roles"),
        _ => granting(request, body),
    }
}

#[rstest]
#[case::roles(granting)]
#[case::reviews(asked_only)]
fn grants_of_the_cluster_count(#[case] answer: Answer) {
    let server = Server::new(answer);
    let ended = server.run(&["check", "-o", "json"]);
    let results: Value = serde_json::from_str(&ended.stdout).unwrap();
    let verdict = |name: &str| {
        let found = results["results"].as_array().unwrap().iter().find(|result| result["name"] == name);
        found.unwrap_or_else(|| panic!("{ended:?}"))["verdict"].clone()
    };
    // `agents`, which comes first by name and would admit both, is granted to no account.
    assert_eq!((verdict("agent"), verdict("web")), (json!("rejected"), json!("allowed")));
    assert_eq!((ended.code, &*ended.stderr), (Some(1), ""));
    let reviews: Vec<String> =
        server.asked().into_iter().filter(|request| request.starts_with("POST ")).collect();
    let mut once = reviews.clone();
    once.dedup();
    assert!(reviews.len() <= 12, "each identity is asked about once: {reviews:?}");
}

#[rstest]
#[case::yes(granting, &["plain", "--as", "system:serviceaccount:shop:web"], 0, "yes: system:serviceaccount:shop:web may use plain for pods in shop\n  ClusterRole psp-plain by RoleBinding shop/web: service account shop/web\n")]
#[case::elsewhere(granting, &["plain", "--as", "system:serviceaccount:shop:web", "-n", "db"], 1, "no: system:serviceaccount:shop:web may not use plain for pods in db\n")]
#[case::myself(granting, &["plain"], 1, "no: alice may not use plain for pods in shop\n")]
#[case::by_asking(asked_only, &["plain", "--as", "system:serviceaccount:shop:web"], 0, "yes: system:serviceaccount:shop:web may use plain for pods in shop\n")]
#[case::masters(granting, &["any", "--as", "root", "--as-group", "system:masters"], 0, "yes: root may use any for pods in shop\n  group system:masters, which may use everything\n")]
#[case::of_a_dump(granting, &["baseline", "--rbac", "rbac.yaml", "--as", "system:serviceaccount:shop:web-app", "-n", "shop"], 0, "yes: system:serviceaccount:shop:web-app may use baseline for pods in shop\n  ClusterRole psp-baseline by ClusterRoleBinding psp-baseline: all service accounts\n")]
fn one_identity_is_looked_up(
    #[case] answer: Answer,
    #[case] arguments: &[&str],
    #[case] code: i32,
    #[case] expected: &str,
) {
    let ended = Server::new(answer).run(&[&["can-use"], arguments].concat());
    assert_eq!((ended.code, &*ended.stdout), (Some(code), expected), "{}", ended.stderr);
}

#[test]
fn kinds_that_settings_declare_are_read_in_the_version_of_the_server() {
    let server = Server::new(|request, body| match request {
        "GET /apis/policies.kubewarden.io/v1/clusteradmissionpolicies?&limit=500" => {
            let mut registration = registration(false, "None");
            registration["spec"]["settings"]["podTemplates"] = json!([{"apiGroup": "argoproj.io", "kind": "Rollout", "path": "spec.template"}, {"apiGroup": "none.example", "kind": "None", "path": "spec"}]);
            registration["spec"]["rules"] = json!([{"apiGroups": ["argoproj.io"], "apiVersions": ["*"], "resources": ["rollouts"], "operations": ["CREATE"]}]);
            list("ClusterAdmissionPolicyList", &[registration], "")
        }
        "GET /apis/argoproj.io" => {
            (200, json!({"preferredVersion": {"groupVersion": "argoproj.io/v1alpha1"}}))
        }
        "GET /apis/argoproj.io/v1alpha1" => (
            200,
            json!({"groupVersion": "argoproj.io/v1alpha1", "resources": [{"name": "rollouts", "kind": "Rollout", "namespaced": true}]}),
        ),
        "GET /apis/none.example" => missing(),
        "GET /apis/argoproj.io/v1alpha1/namespaces/shop/rollouts?&limit=500" => {
            let template = json!({"spec": {"hostNetwork": true, "containers": []}});
            let rollout = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "web", "namespace": "shop"}, "spec": {"template": template}});
            (
                200,
                json!({"kind": "RolloutList", "apiVersion": "argoproj.io/v1alpha1", "metadata": {}, "items": [rollout]}),
            )
        }
        _ if request.contains("/pods") => nothing(),
        _ => shop(request, body),
    });
    let ended = server.run(&["check"]);
    assert_eq!(ended.code, Some(1), "{ended:?}\n{:?}", server.asked());
    assert!(ended.stdout.contains("Rollout shop/web"), "{}", ended.stdout);
}

/// A list that expires while it is read goes on where the server offers.
#[test]
fn an_expired_list_goes_on() {
    let server = Server::new(|request, body| match request {
        "GET /api/v1/namespaces/shop/pods?&limit=500&continue=page+2" => (
            410,
            json!({"kind": "Status", "apiVersion": "v1", "metadata": {"continue": "now"}, "status": "Failure", "reason": "Expired", "code": 410, "message": "expired"}),
        ),
        "GET /api/v1/namespaces/shop/pods?&limit=500&continue=now" => {
            list("PodList", &[pod("late", json!({}))], "")
        }
        _ => shop(request, body),
    });
    let ended = server.run(&["check", "-p", "privileged"]);
    assert_eq!((ended.code, &*ended.stderr), (Some(0), ""));
    assert!(ended.stdout.contains("Pod shop/late"), "{}", ended.stdout);
}

#[rstest]
#[case::credentials(|_: &str, _: &Value| (401, json!({"kind": "Status", "code": 401, "message": "Unauthorized"})), "error: http://SERVER does not accept the credentials of the kubeconfig\n  help: `kubectl auth whoami` shows as whom it is asked\n")]
#[case::fault(|_: &str, _: &Value| (500, json!({"kind": "Status", "code": 500, "message": "etcd is gone"})), "error: http://SERVER answers 500: etcd is gone\n")]
#[case::no_list(|_: &str, _: &Value| (200, json!({})), "error: /api/v1/namespaces/shop/pods: the answer of http://SERVER is not a list: missing field `metadata` at line 1 column 2\n")]
fn faults_of_the_server_are_reported(#[case] answer: Answer, #[case] expected: &str) {
    let ended = Server::new(answer).run(&["check", "-p", "baseline"]);
    assert_eq!((ended.code, &*ended.stderr), (Some(2), expected));
}

#[test]
fn a_server_that_is_not_there_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config");
    std::fs::write(&file, "{apiVersion: v1, kind: Config, current-context: a, contexts: [{name: a, context: {cluster: c, user: u}}], clusters: [{name: c, cluster: {server: 'http://127.0.0.1:1'}}], users: [{name: u, user: {}}]}").unwrap();
    let ended = run_with(&file.display().to_string(), &["check", "-p", "baseline"]);
    assert_eq!(
        (ended.code, &*ended.stderr),
        (
            Some(2),
            "error: http://SERVER cannot be reached: Connection refused (os error 111)\n  help: `kubectl cluster-info` shows whether kubectl reaches it\n"
        )
    );
    let ended = run_with(&file.display().to_string(), &["check", "-p", "baseline", "--context", "none"]);
    assert!(
        ended.stderr.starts_with("error: context none: names no cluster that can be read: "),
        "{}",
        ended.stderr
    );
}

#[test]
fn an_empty_namespace_is_no_error() {
    let server = Server::new(|_, _| nothing());
    let ended = server.run(&["check", "-p", "baseline", "-l", "app=web"]);
    assert_eq!(
        (ended.code, &*ended.stdout, &*ended.stderr),
        (Some(0), "", "note: there are no pods and no workloads in namespace shop with labels app=web\n")
    );
    let ended = server.run(&["check"]);
    assert_eq!(
        (ended.code, &*ended.stderr),
        (
            Some(2),
            "error: http://SERVER has no registration of this policy\n  help: --policies names policies; --module names the module if it has another name\n"
        )
    );
}
