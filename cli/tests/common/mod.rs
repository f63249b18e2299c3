//! The program as users run it.
#![allow(dead_code, reason = "not every test needs all of it")]

use std::path::{Path, PathBuf};

use assert_cmd::Command;

/// The folder with the test files.
pub(crate) fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

/// The result of a run.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs the program in a folder, with something on standard input.
pub(crate) fn run_in(folder: &Path, arguments: &[&str], input: &str) -> Ended {
    let output = Command::cargo_bin("kubectl-psp")
        .unwrap()
        .args(arguments)
        .current_dir(folder)
        .write_stdin(input)
        .env_remove("NO_COLOR")
        .output()
        .unwrap();
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs the program in the folder of the test files.
pub(crate) fn run(arguments: &[&str]) -> Ended {
    run_in(&data(), arguments, "")
}
