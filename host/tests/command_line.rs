//! The interface for users and scripts: lines, messages, exit codes.

mod common;

use common::{Bench, REQUEST, YES, answering, guest};
use rstest::rstest;

const ACCEPTED: &str = "{\"uid\":\"1\",\"allowed\":true,\"auditAnnotations\":null,\"warnings\":null}\n";

#[rstest]
#[case::accepted(YES, ACCEPTED)]
#[case::rejected(
    r#"{"valid":true,"accepted":false,"message":"no","code":403}"#,
    "{\"uid\":\"1\",\"allowed\":false,\"status\":{\"message\":\"no\",\"code\":403},\"auditAnnotations\":null,\"warnings\":null}\n"
)]
#[case::mutated(
    r#"{"valid":true,"accepted":true,"mutated_object":{"apiVersion":"v1","kind":"Pod","metadata":{"name":"api"}}}"#,
    "{\"uid\":\"1\",\"allowed\":true,\"patchType\":\"JSONPatch\",\"patch\":\"W3sib3AiOiJyZXBsYWNlIiwicGF0aCI6Ii9tZXRhZGF0YS9uYW1lIiwidmFsdWUiOiJhcGkifV0=\",\"auditAnnotations\":null,\"warnings\":null}\n"
)]
fn run_prints_one_line_and_succeeds_whatever_the_verdict(#[case] answer: &str, #[case] expected: &str) {
    let ended = Bench::with(&answering(answer)).run(&[]);

    assert_eq!((ended.code, ended.stdout.as_str(), ended.stderr.as_str()), (Some(0), expected, ""));
}

#[test]
fn run_reads_reviews_and_standard_input() {
    let bench = Bench::with(&answering(YES));
    let review = format!(r#"{{"kind":"AdmissionReview","request":{REQUEST}}}"#);

    let ended =
        bench.host_with_input(&["run", "policy.wasm", "-r", "-", "-e", "kubewarden"], review.as_str());

    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), ACCEPTED));
}

#[test]
fn run_rejects_mutations_where_the_registration_forbids_them() {
    let bench = Bench::with(&answering(r#"{"valid":true,"accepted":true,"mutated_object":{}}"#));

    let ended = bench.run(&["--non-mutating"]);

    assert_eq!(ended.code, Some(0));
    assert!(ended.stdout.contains("The policy attempted to mutate the request"), "{ended:?}");
    assert!(!ended.stdout.contains("patch"), "{ended:?}");
}

#[rstest]
#[case::text("hello", "invalid response from policy: expected value at line 1 column 1")]
#[case::other_json(r#"{"valid":true}"#, "invalid response from policy: missing field `accepted`")]
fn answers_that_are_none_are_rejections(#[case] answer: &str, #[case] expected: &str) {
    // `hello` is not a response to validate_settings either, so that one accepts them itself.
    let body = "(if (i32.ne (local.get $length) (i32.const 8)) (then
        (call $response (i32.const 1024) (i32.const 14)) (return (i32.const 1))))
        (call $answer)";
    let text = format!("{answer:1024}{{\"valid\":true}}");
    let ended = Bench::with(&guest(&text, body)).run(&[]);

    let expected = format!(r#""status":{{"message":"internal server error: {expected}"#);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains(&expected), "{ended:?}");
    assert!(ended.stdout.contains(r#""code":500"#), "{ended:?}");
}

#[test]
fn traps_are_rejections() {
    let body = "(if (i32.eq (local.get $length) (i32.const 8)) (then unreachable)) (call $answer)";
    let ended = Bench::with(&guest(YES, body)).run(&[]);

    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    assert!(ended.stdout.contains("internal server error: Guest call failure: "), "{ended:?}");
}

#[test]
fn endless_loops_are_rejections() {
    let body = "(if (i32.eq (local.get $length) (i32.const 8)) (then (loop (br 0)))) (call $answer)";
    let ended = Bench::with(&guest(YES, body)).run(&[]);

    assert_eq!(ended.code, Some(0));
    assert!(
        ended.stdout.contains("Policy execution interrupted because it exceeded the allowed execution time"),
        "{ended:?}"
    );
}

#[rstest]
#[case::settings_refused(
    &[],
    "Error: Provided settings are not valid: `privilegd` is unknown\n"
)]
#[case::settings_missing(
    &["--settings-path", "none.yaml"],
    "Error: none.yaml: cannot be read: No such file or directory (os error 2)\n"
)]
#[case::settings_a_list(
    &["--settings-path", "list.yaml"],
    "Error: list.yaml: settings are neither an object nor empty\n"
)]
#[case::settings_no_json(
    &["--settings-json", "{"],
    "Error: settings are not JSON: EOF while parsing an object at line 1 column 1\n"
)]
#[case::recording_no_yaml(
    &["--replay-host-capabilities-interactions", "list.yaml"],
    "Error: list.yaml: not YAML: "
)]
fn run_fails_when_it_cannot_start(#[case] arguments: &[&str], #[case] expected: &str) {
    let bench = Bench::with(&answering(r#"{"valid":false,"message":"`privilegd` is unknown"}"#));
    bench.file("list.yaml", "- 1\n");

    let ended = bench.run(arguments);

    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""));
    assert!(ended.stderr.starts_with(expected), "{ended:?}");
}

#[rstest]
#[case::no_module(
    "request.json",
    "request.json",
    "Error: request.json: module cannot be loaded: it is not WebAssembly\n"
)]
#[case::no_request(
    "policy.wasm",
    "none.json",
    "Error: none.json: cannot be read: No such file or directory (os error 2)\n"
)]
#[case::no_json(
    "policy.wasm",
    "broken.json",
    "Error: broken.json: request is not JSON: key must be a string at line 1 column 2\n"
)]
#[case::incomplete(
    "policy.wasm",
    "empty.json",
    "Error: empty.json: request is not an AdmissionRequest: missing field `uid`\n"
)]
#[case::no_start("broken.wasm", "request.json", "Error: cannot build Wapc host: Initialization failed: ")]
fn run_fails_without_a_policy_or_a_request(
    #[case] policy: &str,
    #[case] request: &str,
    #[case] expected: &str,
) {
    let bench = Bench::with(&answering(YES));
    bench.file("broken.json", "{,}");
    bench.file("empty.json", "{}");
    let traps = "(module (memory (export \"memory\") 1) (func (export \"wapc_init\") unreachable)
        (func (export \"__guest_call\") (param i32 i32) (result i32) unreachable))";
    bench.file("broken.wasm", wat::parse_str(traps).unwrap());

    let ended = bench.host(&["run", policy, "-r", request]);

    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""));
    assert!(ended.stderr.starts_with(expected), "{ended:?}");
}

const RECORDING: &str = "
- type: Exchange
  request: |
    !KubernetesCanI
    request:
      groups: null
      resource_attributes: {group: policy, name: restricted, namespace: team, resource: podsecuritypolicies, verb: use}
      user: alice
    disable_cache: false
  response:
    type: Success
    payload: '{\"accepted\":true}'
";

#[test]
fn host_calls_are_answered_from_a_recording() {
    let body = "(if (result i32) (i32.eq (local.get $length) (i32.const 8)) (then (call $ask)) (else (call $answer)))";
    let bench = Bench::with(&guest(YES, body));
    bench.file("recording.yaml", format!("{RECORDING}{RECORDING}"));

    let ended = bench.run(&["--replay-host-capabilities-interactions", "recording.yaml"]);

    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), ACCEPTED));
    assert_eq!(
        ended.stderr.trim(),
        "WARN policy_host::command::run: 1 of the recorded exchanges have not been replayed"
    );
}

#[test]
fn unanswered_host_calls_are_errors_to_the_guest() {
    let body = "(if (result i32) (i32.eq (local.get $length) (i32.const 8)) (then (call $ask)) (else (call $answer)))";
    let ended = Bench::with(&guest(YES, body)).run(&[]);

    assert_eq!(ended.code, Some(0));
    assert!(
        ended.stdout.contains(
            "internal server error: Guest call failure: Callback evaluation failure: nothing answers \
             kubernetes/can_i here: pass a recording with --replay-host-capabilities-interactions"
        ),
        "{ended:?}"
    );
}

#[test]
fn judge_shows_verdicts_changes_objections_and_warnings() {
    let bench = Bench::with(&answering(
        r#"{"valid":true,"accepted":false,"message":"spec.a: no; spec.b: no","warnings":["old"]}"#,
    ));
    std::fs::create_dir(bench.path().join("pods")).unwrap();
    bench.file("pods/b.yaml", "{apiVersion: v1, kind: Pod, metadata: {name: b, namespace: team}}");
    bench.file("pods/a.json", r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}}"#);
    bench.file("pods/notes.txt", "not a manifest");

    let ended = bench.host(&["judge", "policy.wasm", "pods"]);

    let objections = "         spec.a: no\n         spec.b: no\n         warning: old\n\n";
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(
        ended.stdout,
        format!(
            "DENIED   a.json (Pod default/a)\n{objections}DENIED   b.yaml (Pod team/b)\n{objections}\
             2 pods: 0 allowed, 0 mutated, 2 denied\n"
        )
    );
}

#[test]
fn judge_shows_mutations_as_field_paths() {
    let mutated = r#"{"valid":true,"accepted":true,"mutated_object":{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"a","namespace":"default"},"spec":{"paused":true}}}"#;
    let bench = Bench::with(&answering(mutated));

    let ended = bench.host_with_input(
        &["judge", "policy.wasm", "-"],
        "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}}",
    );

    assert_eq!(
        ended.stdout,
        "MUTATED  - (Deployment default/a)\n         + spec.paused: true\n\n1 object: 0 allowed, 1 mutated, 0 denied\n"
    );
}

#[test]
fn judge_names_the_file_that_it_cannot_read() {
    let bench = Bench::with(&answering(YES));
    bench.file("pod.yaml", "kind: Pod");

    let ended = bench.host(&["judge", "policy.wasm", "pod.yaml"]);

    assert_eq!(ended.code, Some(1));
    assert_eq!(
        ended.stderr,
        "Error: pod.yaml: document 0 is not a Kubernetes object: it lacks `apiVersion`\n"
    );
}

#[test]
fn bench_reports_every_sample() {
    let bench = Bench::with(&answering(YES));

    let ended = bench.host(&[
        "bench",
        "--floor",
        "policy.wasm",
        "--policy",
        "policy.wasm",
        "--iterations",
        "1",
        "--memory",
        "4",
        "--json",
    ]);

    let report: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    let names: Vec<_> =
        report["requests"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["small", "typical", "typical-rejected", "typical-mutated", "large"]);
    assert_eq!(report["memory"][0]["afterAll"], 1);
}

#[rstest]
#[case::ratio(&["--max-ratio", "r=0"], "times the floor, but at most 0.00 is allowed\n")]
#[case::memory(&["--memory", "4"], "r: memory grows from 3 to 5 pages in the second half of 4 calls\n")]
#[case::typo(&["--max-ratio", "q=2"], "Error: --max-ratio q: no request has that name\n")]
fn bench_fails_when_a_limit_is_exceeded(#[case] arguments: &[&str], #[case] expected: &str) {
    let grows = "(drop (memory.grow (i32.const 1))) (call $answer)";
    let bench = Bench::with(&guest(YES, grows));
    let always = [
        "bench",
        "--floor",
        "policy.wasm",
        "--policy",
        "policy.wasm",
        "--iterations",
        "1",
        "--request",
        "r=request.json",
    ];

    let ended = bench.host(&[&always, arguments].concat());

    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.ends_with(expected), "{ended:?}");
}
