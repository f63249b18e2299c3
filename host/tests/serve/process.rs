//! The command: what it prints, and how it stops.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
    sync::Arc,
};

use rstest::rstest;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::common::{Bench, YES, answering, guest};
use crate::harness::{ApiServer, Folder, response, review, reviewed};

/// A server of its own process, and its URL.
fn start(folder: &Folder, arguments: &[&str]) -> (Child, String) {
    let mut server = Command::new(env!("CARGO_BIN_EXE_policy-host"))
        .arg("serve")
        .args(["--port", "0", "--readiness-probe-port", "0", "--policies"])
        .arg(folder.path("policies.yml"))
        .args(arguments)
        .env_remove("RUST_LOG")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let url = line.strip_prefix("serving ").and_then(|rest| rest.split_once(", probes and metrics "));
    let Some((url, _)) = url else {
        let _ = server.kill();
        panic!("{line:?}")
    };
    (server, url.to_owned())
}

fn signal(server: &Child, name: &str) {
    let status = Command::new("kill").args(["-s", name, &server.id().to_string()]).status().unwrap();
    assert!(status.success());
}

#[rstest]
#[case("TERM")]
#[case("INT")]
#[tokio::test(flavor = "multi_thread")]
async fn a_signal_lets_it_finish_what_has_arrived(#[case] name: &str) {
    let permits = Arc::new(Semaphore::new(0));
    let api_server = ApiServer::waiting(Arc::clone(&permits), |_: &Value| json!({"allowed": true})).await;
    let asks = guest(
        YES,
        "(if (i32.eq (local.get $length) (i32.const 8)) (then (drop (call $ask)))) (call $answer)",
    );
    let folder = Folder::with(&[("p", &asks, json!({"hostCapabilities": ["*"], "timeoutEvalSeconds": 60}))]);
    let kubeconfig = folder.kubeconfig(api_server.address);
    let (mut server, url) = start(&folder, &["--kubeconfig", kubeconfig.to_str().unwrap()]);

    let client = reqwest::Client::new();
    let pending = tokio::spawn(client.post(format!("{url}/validate/p")).json(&review()).send());
    while api_server.reviews().is_empty() {
        tokio::task::yield_now().await;
    }
    signal(&server, name);
    // It takes no new connections once it stops.
    while reqwest::Client::new().get(format!("{url}/readiness")).send().await.is_ok() {}
    permits.add_permits(1);

    let answer: Value = pending.await.unwrap().unwrap().json().await.unwrap();
    assert_eq!(answer, reviewed(response(true)));
    let mut log = String::new();
    server.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    assert_eq!(server.wait().unwrap().code(), Some(0), "{log}");
    for expected in [
        "WARN policy_host::command::serve: for laptops and tests: in production Kubewarden's policy server runs policies",
        "INFO policy_host::serve: policy loaded policy_id=\"p\"",
        "INFO policy_host::serve::served: policy evaluation policy_id=\"p\" request_uid=\"1\" operation=\"CREATE\" kind=\"\" \
         namespace=\"\" name=\"\" allowed=true mutated=false response_message=\"\"",
        "INFO policy_host::serve: stopping",
    ] {
        assert!(log.contains(expected), "{expected}\n{log}");
    }
}

#[test]
fn a_bad_file_ends_the_start() {
    let bench = Bench::with(&answering(YES));
    bench.file("policies.yml", "g: {expression: a(), policies: {}, message: no}\n");

    let ended = bench.host(&["serve"]);

    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""));
    let expected = "Error: policies.yml: policy `g`: is a group of policies, which only Kubewarden's policy server evaluates\n";
    assert!(ended.stderr.ends_with(expected), "{}", ended.stderr);
}

#[test]
fn the_help_says_what_it_is_not_for() {
    let help = Bench::with(b"").host(&["serve", "--help"]).stdout;

    assert!(help.contains("Not for production"), "{help}");
}
