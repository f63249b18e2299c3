//! The exact difference of small sets of policies.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    clippy::panic,
    missing_docs
)]

mod common;

use std::path::Path;
use std::rc::Rc;

use assert_cmd::Command;
use common::{data, run_in};
use conformance::case::{Answered, Case, Outcome};
use conformance::files;
use kubectl_psp::input::{Object, Text, Unwatched};
use kubectl_psp::judge::{Requester, Verdict, judge};
use kubectl_psp::policies::{Modules, Policies, of_objects};
use kubectl_psp::prove::{Answer, prove};
use kubectl_psp::rbac::Authority;
use rstest::rstest;
use serde_json::{Value, json};

fn object(value: &Value) -> Object {
    let mut objects = Vec::new();
    let unread = Text::new("test", value.to_string()).read(&Unwatched, &mut |object| {
        objects.push(object);
        Ok(())
    });
    assert!(unread.is_empty());
    objects.remove(0)
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
#[case::unknown_fields(json!({"unknownFields": "Deny"}), "OLD: `unknownFields` judges fields that no policy governs")]
fn what_is_not_supported_is_not_decided(#[case] options: Value, #[case] reason: &str) {
    let mut settings = psp("p", json!({}));
    settings.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
    let difference = prove(&load(&[settings], &[]), &load(&[psp("p", json!({}))], &[]), &requester());
    let undecided = Answer { witnesses: Vec::new(), undecided: vec![reason.to_owned()] };
    assert_eq!((difference.gained, difference.lost), (undecided.clone(), undecided));
}

/// Each witness must get both verdicts, and no recorded pod and no witness of another pair may contradict an answer.
#[test]
fn recorded_policies_and_pods_do_not_contradict_an_answer() {
    let cases: Vec<Case> = files::read::<Answered<Case, Outcome>>(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance/golden/generated.jsonl.gz"),
    )
    .unwrap()
    .take(150)
    .map(|answered| answered.unwrap().case)
    .collect();
    let created = |case: &&Case| {
        case.pod.is_object() && case.creates() && case.pod.pointer("/spec/ephemeralContainers").is_none()
    };
    let mut pods: Vec<Value> = cases.iter().filter(created).map(|case| case.pod.clone()).collect();
    for pod in &mut pods {
        pod.as_object_mut()
            .unwrap()
            .extend([("apiVersion".to_owned(), json!("v1")), ("kind".to_owned(), json!("Pod"))]);
    }
    let policies: Vec<Value> = cases.iter().flat_map(|case| &case.psps).cloned().collect();
    let (mut nothing, mut different) = (Vec::new(), 0);
    for (old, other) in policies.iter().zip(policies.iter().skip(1)).take(14) {
        // One field of another policy makes a difference that is seen; a whole one nearly always makes all.
        let mut new = old.clone();
        for key in ["runAsUser", "volumes", "allowedCapabilities", "hostPorts"] {
            new["spec"][key] = other["spec"][key].clone();
            let sets = [old, &new].map(|policy| {
                let psp = psp("p", policy["spec"].clone());
                of_objects(&[object(&psp)], &[], &Modules::default(), Authority::Everybody)
            });
            let [Ok(old), Ok(new)] = sets else { continue };
            let difference = prove(&old, &new, &requester());
            let (old, new) = (Rc::new(old), Rc::new(new));
            for (answer, admitting, rejecting) in
                [(difference.gained, &new, &old), (difference.lost, &old, &new)]
            {
                assert_eq!(answer.undecided, Vec::<String>::new());
                if answer.is_nothing() {
                    nothing.push((Rc::clone(admitting), Rc::clone(rejecting)));
                }
                for witness in answer.witnesses {
                    let pod = object(&witness.pod);
                    let verdicts = [admitting, rejecting]
                        .map(|set| judge(set, &pod, &requester()).verdict == Verdict::Rejected);
                    assert_eq!(verdicts, [false, true], "{}", witness.pod);
                    different += 1;
                    if different % 3 == 0 {
                        pods.push(witness.pod);
                    }
                }
            }
        }
    }
    // The API server refuses most fields on Windows, so such pods are left out.
    pods.retain(|pod| pod.pointer("/spec/os").is_none());
    let pods: Vec<Object> = pods.iter().map(object).collect();
    let mut admitted = 0;
    for (admitting, rejecting) in &nothing {
        for pod in &pods {
            if judge(admitting, pod, &requester()).verdict != Verdict::Rejected {
                admitted += 1;
                assert_ne!(judge(rejecting, pod, &requester()).verdict, Verdict::Rejected, "{}", pod.title());
            }
        }
    }
    assert!(
        nothing.len() > 20 && different > 50 && admitted > 100,
        "{} {different} {admitted}",
        nothing.len()
    );
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

/// Ranges of users, capabilities and `privileged`, in the words of a solver: a container for each old policy, all of which
/// a new policy admits and of which each old one rejects one.
#[test]
fn a_solver_gives_the_same_answers() {
    if Command::new("z3").arg("--version").output().is_err() {
        eprintln!("z3 is not installed: nothing is compared");
        return;
    }
    let mut state = 7_u64;
    let mut draw = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut answers = [0, 0];
    for _ in 0..60 {
        let mut set = || -> Vec<(Vec<(u64, u64)>, u64, bool)> {
            let mut policy = || {
                let ranges =
                    (0..1 + draw(2)).map(|_| (draw(6), 3 + draw(6))).map(|(min, more)| (min, min + more / 2));
                (ranges.collect(), draw(4), draw(3) == 0)
            };
            vec![policy(), policy()]
        };
        let (old, mut new) = (set(), set());
        // Often one that is as wide as an old one at most.
        for (new, old) in new.iter_mut().zip(&old) {
            if draw(4) > 0 {
                *new = (old.0.clone(), old.1 & draw(4), old.2 && draw(2) == 0);
            }
        }
        let load = |set: &[(Vec<(u64, u64)>, u64, bool)]| {
            let policies = set.iter().enumerate().map(|(nth, (ranges, names, privileged))| {
                let ranges: Vec<Value> =
                    ranges.iter().map(|(min, max)| json!({"min": min, "max": max})).collect();
                let names: Vec<&str> = [("KILL", 1), ("CHOWN", 2)]
                    .iter()
                    .filter(|(_, bit)| names & bit != 0)
                    .map(|(name, _)| *name)
                    .collect();
                psp(
                    &format!("p{nth}"),
                    json!({"runAsUser": {"rule": "MayRunAs", "ranges": ranges},
                    "allowedCapabilities": names, "privileged": privileged}),
                )
            });
            load(&policies.collect::<Vec<_>>(), &[])
        };
        let admits = |nth: usize, (ranges, names, privileged): &(Vec<(u64, u64)>, u64, bool)| {
            let ranges: String = ranges
                .iter()
                .map(|(min, max)| format!("(and (<= {min} u{nth}) (<= u{nth} {max})) "))
                .collect();
            format!(
                "(and (or (= u{nth} (- 1)) {ranges}) (or (= c{nth} 0) (and (= c{nth} 1) {}) (and (= c{nth} 2) {})) (or (not p{nth}) {privileged}))",
                names & 1 != 0,
                names & 2 != 0
            )
        };
        let variables: String = (0..old.len())
            .map(|nth| format!("(declare-const u{nth} Int)(declare-const c{nth} Int)(declare-const p{nth} Bool)(assert (and (<= (- 1) u{nth}) (<= 0 c{nth}) (<= c{nth} 3)))"))
            .collect();
        let one = |policy| (0..old.len()).map(|nth| admits(nth, policy)).collect::<String>();
        let all: String = new.iter().map(|policy| format!("(and {}) ", one(policy))).collect();
        let rejected: String =
            old.iter().enumerate().map(|(nth, policy)| format!("(not {}) ", admits(nth, policy))).collect();
        let script = format!("{variables}(assert (or {all}))(assert (and {rejected}))(check-sat)");
        let solved = Command::new("z3").args(["-smt2", "-in"]).write_stdin(script.clone()).output().unwrap();
        let expected = match String::from_utf8(solved.stdout).unwrap().trim() {
            "sat" => true,
            "unsat" => false,
            other => panic!("{other}: {script}"),
        };
        let gained = prove(&load(&old), &load(&new), &requester()).gained;
        assert_eq!((gained.undecided, !gained.witnesses.is_empty()), (Vec::new(), expected), "{script}");
        answers[usize::from(expected)] += 1;
    }
    assert!(answers.iter().all(|count| *count > 5), "{answers:?}");
}
