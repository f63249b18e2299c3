//! The exact difference of small sets of policies.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    clippy::panic,
    missing_docs
)]

#[path = "../common/mod.rs"]
mod common;
mod recorded;
mod solver;

use common::{data, run_in};
use kubectl_psp::input::{Object, Text};
use kubectl_psp::judge::Requester;
use kubectl_psp::policies::{Modules, Policies, of_objects};
use kubectl_psp::prove::{Answer, prove};
use kubectl_psp::rbac::Authority;
use rstest::rstest;
use serde_json::{Value, json};

fn object(value: &Value) -> Object {
    Text::new("test", value.to_string()).read_all().unwrap().remove(0)
}

/// PodSecurityPolicies, settings and levels, loaded.
fn load(objects: &[Value], levels: &[&str]) -> Policies {
    let objects: Vec<Object> = objects.iter().map(object).collect();
    let levels: Vec<_> = levels.iter().map(|level| level.parse().unwrap()).collect();
    of_objects(&objects, &levels, &Modules::default(), Authority::Everybody).unwrap()
}

fn requester() -> Requester {
    Requester::new(String::new(), Vec::new(), "default".to_owned())
}

/// A PodSecurityPolicy that demands little, with more fields.
fn psp(name: &str, more: Value) -> Value {
    let any = json!({"rule": "RunAsAny"});
    let mut spec = json!({"runAsUser": any, "seLinux": any, "supplementalGroups": any, "fsGroup": any});
    spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"apiVersion": "policy/v1beta1", "kind": "PodSecurityPolicy", "metadata": {"name": name}, "spec": spec})
}

/// What each witness is about, and the rules that reject it.
fn shown(answer: &Answer) -> Vec<(String, Vec<String>)> {
    assert_eq!(answer.undecided, Vec::<String>::new());
    answer
        .witnesses
        .iter()
        .map(|witness| {
            let mut rules: Vec<String> = witness.reasons.iter().map(|reason| reason.rule.clone()).collect();
            rules.dedup();
            (witness.what.clone(), rules)
        })
        .collect()
}

fn expected(list: &[(&str, &[&str])]) -> Vec<(String, Vec<String>)> {
    list.iter()
        .map(|(what, rules)| ((*what).to_owned(), rules.iter().map(|rule| (*rule).to_owned()).collect()))
        .collect()
}

#[rstest]
#[case::the_same(json!({}), json!({}), &[])]
#[case::privileged(json!({}), json!({"privileged": true}), &[("privileges", &["privileged"][..])])]
#[case::one_namespace(json!({}), json!({"hostPID": true}), &[("hostPID", &["hostPID"][..])])]
#[case::two_namespaces(json!({"hostPID": true}), json!({"hostPID": true, "hostIPC": true}), &[("hostIPC", &["hostIPC"][..])])]
#[case::capability(json!({"allowedCapabilities": ["KILL"]}), json!({"allowedCapabilities": ["KILL", "NET_ADMIN"]}),
    &[("privileges", &["allowedCapabilities"][..])])]
#[case::a_port_more(json!({"hostPorts": [{"min": 80, "max": 90}]}), json!({"hostPorts": [{"min": 80, "max": 91}]}),
    &[("host ports", &["hostPorts"][..])])]
#[case::the_same_ports(json!({"hostPorts": [{"min": 80, "max": 91}]}), json!({"hostPorts": [{"min": 80, "max": 85}, {"min": 86, "max": 91}]}), &[])]
#[case::a_wider_range(json!({"runAsUser": {"rule": "MayRunAs", "ranges": [{"min": 10, "max": 20}]}}),
    json!({"runAsUser": {"rule": "MayRunAs", "ranges": [{"min": 10, "max": 21}]}}), &[("users", &["runAsUser"][..])])]
#[case::strategies(json!({"runAsUser": {"rule": "MustRunAsNonRoot"}}), json!({}), &[("users", &["runAsUser"][..])])]
#[case::a_folder_above(json!({"volumes": ["hostPath"], "allowedHostPaths": [{"pathPrefix": "/a/b"}]}),
    json!({"volumes": ["hostPath"], "allowedHostPaths": [{"pathPrefix": "/a"}]}), &[("volumes", &["allowedHostPaths"][..])])]
#[case::writable(json!({"volumes": ["hostPath"], "allowedHostPaths": [{"pathPrefix": "/a", "readOnly": true}]}),
    json!({"volumes": ["hostPath"], "allowedHostPaths": [{"pathPrefix": "/a"}]}), &[("volumes", &["allowedHostPaths"][..])])]
#[case::a_pattern(json!({"allowedUnsafeSysctls": ["net.core.*"]}), json!({"allowedUnsafeSysctls": ["net.*"]}),
    &[("sysctls", &["allowedUnsafeSysctls"][..])])]
#[case::two_parts(json!({}), json!({"privileged": true, "volumes": ["nfs"]}),
    &[("privileges", &["privileged"][..]), ("volumes", &["volumes"][..])])]
#[case::order_of_categories(json!({"seLinux": {"rule": "MustRunAs", "seLinuxOptions": {"level": "s0:c1,c2"}}}),
    json!({"seLinux": {"rule": "MustRunAs", "seLinuxOptions": {"level": "s0:c2,c1"}}}), &[])]
#[case::user_namespaces(json!({"userNamespaceLevel": "RequirePodLevel", "hostPID": true}), json!({"hostPID": true}),
    &[("hostPID", &["userNamespaceLevel"][..]), ("hostUsers", &["userNamespaceLevel"][..]),
    ("os.name", &["userNamespaceLevel"][..])])]
fn what_got_looser_is_shown(#[case] old: Value, #[case] new: Value, #[case] gained: &[(&str, &[&str])]) {
    let difference = prove(&load(&[psp("p", old)], &[]), &load(&[psp("p", new)], &[]), &requester());
    assert_eq!((shown(&difference.gained), shown(&difference.lost)), (expected(gained), Vec::new()));
}

#[test]
fn a_witness_is_small_and_names_what_decides() {
    let difference = prove(
        &load(&[psp("old", json!({}))], &[]),
        &load(&[psp("new", json!({"privileged": true}))], &[]),
        &requester(),
    );
    assert_eq!(
        serde_json::to_value(&difference).unwrap(),
        json!({"gained": {"witnesses": [{"what": "privileges", "pod": {"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "witness"}, "spec": {"containers": [{"name": "c1", "image": "registry.k8s.io/pause:3.10",
            "securityContext": {"privileged": true}}],
            "automountServiceAccountToken": false}}, "policy": "new", "reasons": [{"policy": "old", "rule": "privileged",
            "path": "spec.containers[0].securityContext.privileged",
            "problem": "Invalid value: true: Privileged containers are not allowed"}]}], "undecided": []},
            "lost": {"witnesses": [], "undecided": []}})
    );
}

/// No part alone is the reason: each old policy rejects another one.
#[test]
fn several_parts_together_are_found() {
    let old =
        [psp("a", json!({"privileged": true})), psp("b", json!({"hostPorts": [{"min": 1, "max": 65535}]}))];
    let new = [psp("n", json!({"privileged": true, "hostPorts": [{"min": 80, "max": 80}]}))];
    let difference = prove(&load(&old, &[]), &load(&new, &[]), &requester());
    assert_eq!(
        shown(&difference.gained),
        expected(&[("privileges and host ports", &["hostPorts", "privileged"][..])])
    );
    assert_eq!(shown(&difference.lost), expected(&[("host ports", &["hostPorts"][..])]));
}

#[test]
fn levels_are_compared() {
    let difference = prove(&load(&[], &["restricted:v1.30"]), &load(&[], &["baseline:v1.30"]), &requester());
    let what: Vec<String> = shown(&difference.gained).into_iter().map(|(what, _)| what).collect();
    assert_eq!(
        (what.join(", "), shown(&difference.lost)),
        ("privileges, users, seccomp, volumes".to_owned(), Vec::new())
    );
}

#[rstest]
#[case::mutate(json!({"mutate": false}), "OLD: with `mutate: false` alone a policy judges what another half wrote")]
#[case::exemptions(json!({"exemptions": [{"name": "e", "reason": "r", "match": {"namespaces": ["x"]}, "rules": ["privileged"]}]}),
    "OLD: `exemptions` depend on who asks, and where")]
#[case::rbac(json!({"authorization": "RBAC"}),
    "with `authorization: RBAC`, who asks decides which policies count: compare the policies of one audience, with `authorization: None`")]
#[case::unknown_fields(json!({"unknownFields": "Deny"}), "OLD: `unknownFields` judges fields that no policy governs")]
fn what_is_not_supported_is_not_decided(#[case] options: Value, #[case] reason: &str) {
    let mut settings = psp("p", json!({}));
    settings.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
    let difference = prove(&load(&[settings], &[]), &load(&[psp("p", json!({}))], &[]), &requester());
    let undecided = Answer { witnesses: Vec::new(), undecided: vec![reason.to_owned()] };
    assert_eq!((difference.gained, difference.lost), (undecided.clone(), undecided));
}

#[rstest]
#[case::the_same(&["psp.yaml", "psp.yaml"], Some(0), "# NEW admits nothing that OLD rejects.\n\n# OLD admits nothing that NEW rejects.\n", "")]
#[case::levels(&["baseline:v1.30", "baseline:v1.31"], Some(1), "# NEW admits pods that OLD rejects:
---
# SELinux: NEW admits this, by PodSecurity \"baseline:v1.31\"; OLD rejects it:
#   PodSecurity \"baseline:v1.30\": spec.containers[0]: seLinuxOptions (container \"c1\" set forbidden securityContext.seLinuxOptions: type \"container_engine_t\")
apiVersion: v1
kind: Pod
metadata:
  name: witness
spec:
  containers:
  - name: c1
    image: registry.k8s.io/pause:3.10
    securityContext:
      seLinuxOptions:
        level: unnamed
        type: container_engine_t

# OLD admits nothing that NEW rejects.
", "")]
#[case::undecided(&["restricted:v1.18", "baseline:v1.30"], Some(2), "# undecided whether NEW admits what OLD rejects: OLD: standards of Kubernetes 1.18 and older read annotations for seccomp

# undecided whether OLD admits what NEW rejects: OLD: standards of Kubernetes 1.18 and older read annotations for seccomp
", "")]
#[case::another_format(&["psp.yaml", "psp.yaml", "-o", "sarif"], Some(2), "", "error: --prove is written as table, json or yaml\n")]
fn the_command_line_says_what_was_found(
    #[case] arguments: &[&str],
    #[case] code: Option<i32>,
    #[case] stdout: &str,
    #[case] stderr: &str,
) {
    let arguments = [&["check", "--prove", "--compare"], arguments].concat();
    let ended = run_in(&data(), &arguments, "");
    assert_eq!((ended.code, &*ended.stdout, &*ended.stderr), (code, stdout, stderr));
}
