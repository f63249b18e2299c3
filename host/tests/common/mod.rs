//! Guests that fit on a page, and the command line to run them.

#![expect(clippy::unwrap_used, reason = "a test that cannot start its host has failed")]
#![allow(unreachable_pub, reason = "shared by two test programs")]
#![allow(dead_code, reason = "each of them uses its part")]

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use tempfile::TempDir;

/// A pod, in the smallest possible request.
pub const REQUEST: &str = r#"{"uid":"1","kind":{"group":"","version":"v1","kind":"Pod"},
    "resource":{"group":"","version":"v1","resource":"pods"},"operation":"CREATE","userInfo":{},
    "object":{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web"}}}"#;

/// Valid settings and an accepted request, in one response.
pub const YES: &str = r#"{"valid":true,"accepted":true}"#;

/// A guest in which `body` handles a call; `$length` is the length of the operation's name, 8 for `validate`.
///
/// `text` lies at address 0, and `$answer` sends it. `$ask` makes a `can_i` call to the host, and returns its
/// response or error as the guest's own.
pub fn guest(text: &str, body: &str) -> Vec<u8> {
    let question = r#"{"subject_access_review":{"groups":null,"resource_attributes":{"group":"policy","name":"restricted","namespace":"team","resource":"podsecuritypolicies","subresource":null,"verb":"use","version":null},"user":"alice"},"disable_cache":false}"#;
    let module = format!(
        r#"(module
            (import "wapc" "__guest_response" (func $response (param i32 i32)))
            (import "wapc" "__guest_error" (func $error (param i32 i32)))
            (import "wapc" "__host_call" (func $call (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
            (import "wapc" "__host_response" (func $host_response (param i32)))
            (import "wapc" "__host_response_len" (func $host_response_len (result i32)))
            (import "wapc" "__host_error" (func $host_error (param i32)))
            (import "wapc" "__host_error_len" (func $host_error_len (result i32)))
            (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
            (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
            (memory (export "memory") 1)
            (data (i32.const 0) "{text}")
            (data (i32.const 4096) "kubewardenkubernetescan_i{question}")
            (func $answer (result i32)
                (call $response (i32.const 0) (i32.const {text_length}))
                (i32.const 1))
            (func $ask (result i32)
                (if (result i32)
                    (call $call (i32.const 4096) (i32.const 10) (i32.const 4106) (i32.const 10)
                        (i32.const 4116) (i32.const 5) (i32.const 4121) (i32.const {question_length}))
                    (then
                        (call $host_response (i32.const 16384))
                        (call $response (i32.const 16384) (call $host_response_len))
                        (i32.const 1))
                    (else
                        (call $host_error (i32.const 16384))
                        (call $error (i32.const 16384) (call $host_error_len))
                        (i32.const 0))))
            (func (export "__guest_call") (param $length i32) (param i32) (result i32) {body}))"#,
        text = text.replace('"', "\\\""),
        text_length = text.len(),
        question = question.replace('"', "\\\""),
        question_length = question.len(),
    );
    wat::parse_str(module).unwrap()
}

/// A guest that always responds the same.
pub fn answering(text: &str) -> Vec<u8> {
    guest(text, "(call $answer)")
}

/// A folder with a module and the other files of a test.
pub struct Bench(TempDir);

impl Bench {
    pub fn with(module: &[u8]) -> Self {
        let bench = Self(TempDir::new().unwrap());
        bench.file("policy.wasm", module);
        bench.file("request.json", REQUEST);
        bench
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// Runs `policy-host` in the folder.
    pub fn host(&self, arguments: &[&str]) -> Ended {
        self.host_with_input(arguments, "")
    }

    pub fn host_with_input(&self, arguments: &[&str], input: &str) -> Ended {
        let mut host = Command::new(env!("CARGO_BIN_EXE_policy-host"))
            .args(arguments)
            .current_dir(self.path())
            .env_remove("RUST_LOG")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // The host need not read its input.
        let _ = host.stdin.take().unwrap().write_all(input.as_bytes());
        Ended::from(host.wait_with_output().unwrap())
    }

    /// Runs the policy on the request, with further arguments.
    pub fn run(&self, arguments: &[&str]) -> Ended {
        self.host(&[&["run", "policy.wasm", "-r", "request.json"], arguments].concat())
    }
}

/// The result of a run.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}
