//! Every command in the documents runs, and its quoted output is what it prints.
//!
//! `UPDATE_DOCS=1 cargo test --package kubectl-psp --test docs` writes the output anew.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::data;
use serde_json::{Value, json};

/// Commands that need the network, minutes, or a cluster (tests/cluster.rs has one); and those with the shipped manifests,
/// which `cluster-tests/` runs.
const NOT_RUN: &[&str] = &[
    "cargo install ",
    "kubectl get pods,deployments --all-namespaces ",
    "kubectl psp check -A",
    "kubectl psp lint manifests/mutating.yaml ",
    "kubectl psp explain pod/",
    "kubectl psp suggest -n",
    "kubectl psp check deployment.yaml",
    "kubectl psp check -p restricted -l",
    "kubectl psp diff",
    "kubectl psp can-use",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn documents() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.push(root().join("README.md"));
    files.retain(|file| file.extension().is_some_and(|kind| kind == "md"));
    files
}

/// A folder with the test files, and a `kubectl` and a `helm` that imitate a cluster.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy(&data(), folder.path());
        let at = |name: &str| folder.path().join(name);
        let rbac: Vec<Value> =
            serde_saphyr::from_multiple(&fs::read_to_string(at("rbac.yaml")).unwrap()).unwrap();
        fs::create_dir_all(at("cluster")).unwrap();
        fs::write(at("cluster/rbac.json"), list(&rbac)).unwrap();
        let mut workloads = Vec::new();
        for file in ["web", "agent", "ledger"] {
            let text = fs::read_to_string(at(&format!("manifests/{file}.yaml"))).unwrap();
            workloads.extend(serde_saphyr::from_multiple::<Value>(&text).unwrap());
        }
        fs::write(at("cluster/workloads.json"), list(&workloads)).unwrap();
        let program = env!("CARGO_BIN_EXE_kubectl-psp");
        let kubectl = format!(
            "#!/bin/sh\ncase \"$*\" in\npsp\\ *) shift; exec '{program}' \"$@\" ;;\n*\\ psp\\ *|'get psp'*) cat psp/cluster.yaml ;;\n*role*) cat cluster/rbac.json ;;\n*deploy*) cat cluster/workloads.json ;;\n*) cat pod.yaml ;;\nesac\n"
        );
        script(&at("bin/kubectl"), &kubectl);
        script(&at("bin/kubectl-psp"), &format!("#!/bin/sh\nexec '{program}' \"$@\"\n"));
        script(&at("bin/helm"), "#!/bin/sh\ncat manifests/web.yaml\n");
        Place(folder)
    }

    /// The result of a shell line: its exit status and its output.
    fn run(&self, line: &str) -> (i32, String) {
        let path = format!("{}/bin:{}", self.0.path().display(), std::env::var("PATH").unwrap());
        let ended = Command::new("sh")
            .args(["-c", &format!("( {line} ) 2>&1")])
            .current_dir(self.0.path())
            .env("PATH", path)
            .env("GITHUB_STEP_SUMMARY", self.0.path().join("summary.md"))
            .output()
            .unwrap();
        (ended.status.code().unwrap(), String::from_utf8(ended.stdout).unwrap())
    }
}

fn list(items: &[Value]) -> String {
    // kubectl writes `kind` after the items.
    format!("{:#}", json!({"apiVersion": "v1", "items": items, "kind": "List"}))
}

fn script(file: &Path, text: &str) {
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::write(&target, fs::read(&path).unwrap()).unwrap();
        }
    }
}

/// The lines of a document's shell blocks that run the command line.
fn commands(text: &str) -> Vec<&str> {
    let blocks = text.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    blocks
        .flat_map(str::lines)
        .filter(|line| line.contains("kubectl psp") || line.contains("rbac.json"))
        .collect()
}

#[test]
fn every_command_of_the_documents_runs() {
    let place = Place::new();
    let mut run = 0;
    for file in documents() {
        let text = fs::read_to_string(&file).unwrap();
        for line in
            commands(&text).into_iter().filter(|line| !NOT_RUN.iter().any(|known| line.starts_with(known)))
        {
            let (code, printed) = place.run(line);
            assert!(code == 0 || code == 1, "{}: {line}\nexit status {code}\n{printed}", file.display());
            run += 1;
        }
    }
    assert!(run >= 15, "only {run} commands were found: has the form of the blocks changed?");
}

#[test]
fn commands_print_what_the_documents_show() {
    let place = Place::new();
    for file in documents() {
        let text = fs::read_to_string(&file).unwrap();
        let mut parts = text.split("```console\n");
        let mut fresh = parts.next().unwrap().to_owned();
        for part in parts {
            let (block, rest) = part.split_once("```").unwrap();
            match block.lines().next().unwrap().strip_prefix("$ ") {
                Some(command) if command.starts_with("kubectl psp ") => {
                    let (_, printed) = place.run(command);
                    fresh += &format!("```console\n$ {command}\n{printed}```{rest}");
                }
                _ => fresh += &format!("```console\n{part}"),
            }
        }
        if std::env::var_os("UPDATE_DOCS").is_some() {
            fs::write(&file, fresh).unwrap();
        } else {
            assert_eq!(
                text,
                fresh,
                "{}: UPDATE_DOCS=1 cargo test -p kubectl-psp --test docs",
                file.display()
            );
        }
    }
}

/// The file with tests that the page shows, next to the policy and the manifests that it names.
#[test]
fn the_tests_of_the_documents_pass() {
    let place = Place::new();
    let text = fs::read_to_string(root().join("docs/cli.md")).unwrap();
    let blocks = text.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let with_tests: Vec<&str> = blocks.filter(|block| block.contains("\ntests:")).collect();
    assert_eq!(with_tests.len(), 1);
    fs::write(place.0.path().join("of-the-page.yaml"), with_tests[0]).unwrap();
    let (code, printed) = place.run("kubectl psp test of-the-page.yaml");
    assert!(code == 0 && printed.ends_with("2 tests: 2 passed, 0 failed\n"), "{code}: {printed}");
}
