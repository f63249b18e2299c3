//! What the documents say is so: settings load, tables are those of the registry, commands are known.
//!
//! `UPDATE_DOCS=1 cargo test --test docs` writes the generated parts anew.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::fs;
use std::path::{Path, PathBuf};

use pod_security_policy::rules;
use pod_security_policy::settings::Settings;
use serde_json::Value;

/// Commands that only a cluster or a minute of its own can run. The others are run by the host's tests, and those of
/// `kubectl psp` by the command line's.
const NOT_RUN: &[&str] = &[
    "kubectl ",
    "helm ",
    "cargo install ",
    "make test",
    "make run ",
    "make conformance ",
    "make fuzz ",
    "scripts/conformance-ci",
    "cargo test --test conformance",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The documents for users: name and text.
fn documents() -> Vec<(String, String)> {
    let mut files = vec![root().join("README.md")];
    if let Ok(folder) = fs::read_dir(root().join("docs")) {
        files.extend(folder.map(|entry| entry.unwrap().path()));
    }
    files.retain(|file| file.extension().is_some_and(|kind| kind == "md"));
    files.sort();
    files.iter().map(|file| (file.display().to_string(), fs::read_to_string(file).unwrap())).collect()
}

/// The blocks of a language: where each starts, and what it holds.
fn blocks<'t>(name: &str, text: &'t str, language: &str) -> Vec<(String, &'t str)> {
    let fence = format!("```{language}\n");
    text.match_indices(&fence)
        .map(|(at, _)| {
            let line = text.get(..at).unwrap().lines().count() + 1;
            let rest = text.get(at + fence.len()..).unwrap();
            (format!("{name}:{line}"), rest.split("\n```").next().unwrap())
        })
        .collect()
}

/// The settings in a document: those of a registration, or the document itself; RBAC has none.
fn settings_in(document: &Value) -> Option<&Value> {
    match document.get("kind").and_then(Value::as_str) {
        Some("ClusterAdmissionPolicy" | "AdmissionPolicy") => {
            Some(document.pointer("/spec/settings").unwrap())
        }
        Some("ClusterRole" | "ClusterRoleBinding" | "Role" | "RoleBinding") => None,
        _ => Some(document),
    }
}

fn settings_of(document: &Value) -> &Value {
    settings_in(document).unwrap()
}

fn load(place: &str, text: &str) -> usize {
    let documents: Vec<Value> = serde_saphyr::from_multiple(text).unwrap_or_else(|e| panic!("{place}: {e}"));
    for settings in documents.iter().filter_map(settings_in) {
        let settings = settings.to_string();
        if let Err(problems) = Settings::parse(&settings) {
            panic!("{place}: {problems}");
        }
    }
    documents.len()
}

#[test]
fn settings_in_the_documents_load() {
    let mut loaded = 0;
    for (name, text) in documents() {
        for (place, block) in blocks(&name, &text, "yaml") {
            loaded += load(&place, block);
        }
    }
    assert!(loaded >= 6, "only {loaded} settings were found: has the form of the blocks changed?");
}

#[test]
fn settings_of_the_example_load() {
    let file = root().join("examples/baseline.yaml");
    load("examples/baseline.yaml", &fs::read_to_string(file).unwrap());
}

#[test]
fn both_registrations_have_the_same_settings() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let blocks = blocks("README.md", &readme, "yaml");
    let (place, block) = blocks.iter().find(|(_, block)| block.contains("ClusterAdmissionPolicy")).unwrap();
    let documents: Vec<Value> = serde_saphyr::from_multiple(block).unwrap();
    let [defaults, verdict] = documents.as_slice() else { panic!("{place}: must be a pair") };

    let mut expected = settings_of(defaults).clone();
    expected.as_object_mut().unwrap().insert("mutate".to_owned(), false.into());
    assert_eq!(settings_of(verdict), &expected, "{place}");
}

#[test]
fn commands_in_the_documents_are_known() {
    let makefile = fs::read_to_string(root().join("Makefile")).unwrap();
    for (name, text) in documents() {
        for (place, block) in blocks(&name, &text, "sh") {
            for command in block.lines().map(str::trim).filter(|line| !line.is_empty()) {
                assert!(
                    NOT_RUN.iter().any(|known| command.starts_with(known)),
                    "{place}: `{command}` is run nowhere"
                );
                if let Some(target) = command.strip_prefix("make ").and_then(|rest| rest.split(' ').next()) {
                    assert!(makefile.contains(&format!("\n{target}:")), "{place}: no target `{target}`");
                }
            }
        }
    }
}

#[test]
fn links_in_the_documents_lead_somewhere() {
    for (name, text) in documents() {
        let folder = Path::new(&name).parent().unwrap();
        for rest in text.split("](").skip(1) {
            let link = rest.split(')').next().unwrap();
            let file = link.split('#').next().unwrap();
            assert!(
                file.is_empty() || file.starts_with("https://") || folder.join(file).exists(),
                "{name}: {link}"
            );
        }
    }
}

fn rule_table() -> String {
    let mut table =
        String::from("| Rule | Purpose | Reads in a pod | Writes | Without it |\n|---|---|---|---|---|\n");
    for (_, entry) in rules::all() {
        let annotations: Vec<_> = entry.annotations.iter().map(|name| format!("`{name}`")).collect();
        let purpose = match annotations.as_slice() {
            [] => entry.purpose.to_owned(),
            _ => format!("{} Annotations: {}.", entry.purpose, annotations.join(", ")),
        };
        let row = [&format!("`{}`", entry.id), &purpose, entry.pod_fields, entry.mutates, entry.default];
        table += &format!("| {} |\n", row.map(|cell: &str| cell.replace('|', "\\|")).join(" | "));
    }
    table
}

#[test]
fn the_rule_table_is_that_of_the_registry() {
    let file = root().join("README.md");
    let readme = fs::read_to_string(&file).unwrap();
    let (head, rest) = readme.split_once("<!-- rules: begin").unwrap();
    let (note, rest) = rest.split_once("-->\n").unwrap();
    let (_, tail) = rest.split_once("<!-- rules: end -->").unwrap();
    let expected = format!("{head}<!-- rules: begin{note}-->\n{}<!-- rules: end -->{tail}", rule_table());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(file, expected).unwrap();
    } else {
        assert!(readme == expected, "the rule table has drifted: UPDATE_DOCS=1 cargo test --test docs");
    }
}
