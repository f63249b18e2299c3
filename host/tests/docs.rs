//! The quoted output of commands in the documents is what they print.
//!
//! `UPDATE_DOCS=1 cargo test --package policy-host --test docs` rewrites it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot read its documents has failed")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// What a command of the documents runs: `make run` is the last line of its recipe, without the building.
fn arguments(command: &str) -> Vec<String> {
    let makefile = fs::read_to_string(root().join("Makefile")).unwrap();
    let line = match command {
        "make run" => {
            let (_, recipe) = makefile.split_once("\nrun:").unwrap();
            let line = recipe.lines().nth(1).unwrap().trim();
            line.trim_start_matches('@').replace("$(RUN_HOST)", "policy-host")
        }
        other => other.to_owned(),
    };
    let mut words = line.split_whitespace().map(str::to_owned);
    assert_eq!(words.next().as_deref(), Some("policy-host"), "`{command}` is not run by any test");
    words.collect()
}

fn printed(command: &str) -> String {
    assert!(root().join("policy.wasm").exists(), "there is no module: make policy.wasm");
    let ended = Command::new(env!("CARGO_BIN_EXE_policy-host"))
        .args(arguments(command))
        .current_dir(root())
        .output()
        .unwrap();
    assert!(ended.status.success(), "{command}: {ended:?}");
    assert_eq!(String::from_utf8_lossy(&ended.stderr), "", "{command}");
    String::from_utf8(ended.stdout).unwrap()
}

/// The document with the current output of its commands.
fn refreshed(text: &str) -> String {
    let mut parts = text.split("```console\n");
    let mut fresh = parts.next().unwrap().to_owned();
    for part in parts {
        let (block, rest) = part.split_once("```").unwrap();
        let first = block.lines().next().unwrap();
        let Some(command) = first.strip_prefix("$ ") else { panic!("`{first}` is not a command") };
        if command.starts_with("kubectl psp ") {
            // The tests of the command line check these.
            fresh += &format!("```console\n{part}");
            continue;
        }
        fresh += &format!("```console\n$ {command}\n{}```{rest}", printed(command));
    }
    fresh
}

#[test]
fn commands_print_what_the_documents_show() {
    let mut files = vec![root().join("README.md")];
    if let Ok(folder) = fs::read_dir(root().join("docs")) {
        files.extend(folder.map(|entry| entry.unwrap().path()));
    }
    for file in files.iter().filter(|file| file.extension().is_some_and(|kind| kind == "md")) {
        let text = fs::read_to_string(file).unwrap();
        let fresh = refreshed(&text);
        if std::env::var_os("UPDATE_DOCS").is_some() {
            fs::write(file, fresh).unwrap();
        } else {
            assert_eq!(
                text,
                fresh,
                "{}: UPDATE_DOCS=1 cargo test -p policy-host --test docs",
                file.display()
            );
        }
    }
}
