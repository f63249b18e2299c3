//! The documents are correct: settings load, commands are known.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use pod_security_policy::settings::Settings;
use serde_json::{Value, json};

/// Commands that need a cluster, a public registry or a minute of time. The others are run by the host's tests, and
/// those of `kubectl psp` by the command line's.
const NOT_RUN: &[&str] = &[
    "kubectl ",
    "oc ",
    "helm ",
    "cargo install ",
    "kwctl pull ",
    "kwctl inspect ",
    "kwctl scaffold manifest ",
    "kwctl run ",
    "kwctl verify ",
    "kwctl push ",
    "cosign verify ",
    "cosign verify-blob ",
    "sha256sum --check ",
    "policy-host serve ",
    "curl ",
    "make test",
    "make bench",
    "make instructions",
    "make run ",
    "make conformance ",
    "make world",
    "make fuzz ",
    "make mutants",
    "make web",
    "scripts/conformance-ci",
    "cargo test --test conformance",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The documents for users: name and text.
fn documents() -> Vec<(String, String)> {
    let mut files = vec![
        root().join("README.md"),
        root().join("USAGE.md"),
        root().join("charts/pod-security-policy/README.md"),
    ];
    if let Ok(folder) = fs::read_dir(root().join("docs")) {
        files.extend(folder.map(|entry| entry.unwrap().path()));
    }
    files.retain(|file| file.extension().is_some_and(|kind| kind == "md"));
    files.sort();
    files.iter().map(|file| (file.display().to_string(), fs::read_to_string(file).unwrap())).collect()
}

/// The blocks of a language: where each starts, and its text.
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

/// The values of the chart `admission-controller` that are shown, which are those that `kubewarden-defaults` 3.14 has.
const CHART_VALUES: &[&str] =
    &["/recommendedPolicies/enabled", "/policyServer/permissions", "/policyServer/verificationConfig"];

fn is_chart_values(document: &Value) -> bool {
    document.get("kind").is_none() && document.get("policyServer").is_some()
}

/// The settings in `policies.yml` of a policy server.
fn settings_in_policies_yml(document: &Value) -> Vec<&Value> {
    let registrations = document.as_object().into_iter().flat_map(|entries| entries.values());
    registrations
        .filter(|entry| entry.get("policyMode").is_some())
        .filter_map(|entry| entry.get("settings"))
        .collect()
}

/// The settings in a document: those of a registration, or the document itself; other objects have none.
fn settings_in(document: &Value) -> Option<&Value> {
    match document.get("kind").and_then(Value::as_str) {
        Some("ClusterAdmissionPolicy" | "AdmissionPolicy") => {
            Some(document.pointer("/spec/settings").unwrap())
        }
        Some("ClusterRole" | "ClusterRoleBinding" | "Role" | "RoleBinding" | "ConfigMap") => None,
        // Tests of policies, for `kubectl psp test`, which has tests of its own.
        None if document.get("tests").is_some() => None,
        None if is_chart_values(document) || !settings_in_policies_yml(document).is_empty() => None,
        _ => Some(document),
    }
}

fn settings_of(document: &Value) -> &Value {
    settings_in(document).unwrap()
}

fn load(place: &str, text: &str) -> usize {
    let documents: Vec<Value> = serde_saphyr::from_multiple(text).unwrap_or_else(|e| panic!("{place}: {e}"));
    let served = documents.iter().flat_map(settings_in_policies_yml);
    for settings in documents.iter().filter_map(settings_in).chain(served) {
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
    let settings = |half: &str| {
        let file = root().join(format!("manifests/{half}.yaml"));
        let manifest: Value = serde_saphyr::from_str(&fs::read_to_string(file).unwrap()).unwrap();
        settings_of(&manifest).clone()
    };
    let mut expected = settings("mutating");
    expected.as_object_mut().unwrap().insert("mutate".to_owned(), false.into());
    assert_eq!(settings("validating"), expected);
}

fn yaml_in_the_documents() -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for (name, text) in documents() {
        for (place, block) in blocks(&name, &text, "yaml") {
            let documents: Vec<Value> =
                serde_saphyr::from_multiple(block).unwrap_or_else(|error| panic!("{place}: {error}"));
            found.extend(documents.into_iter().map(|document| (place.clone(), document)));
        }
    }
    found
}

#[test]
fn registrations_in_the_documents_are_ones_that_kubewarden_takes_as_they_are_meant() {
    let ephemeral = json!({"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods/ephemeralcontainers"], "operations": ["UPDATE"]});
    let mut seen = 0;
    for (place, document) in yaml_in_the_documents() {
        if document.get("kind") != Some(&json!("ClusterAdmissionPolicy")) {
            continue;
        }
        seen += 1;
        let at = |pointer: &str| document.pointer(pointer).cloned().unwrap_or_default();
        let module = at("/spec/module");
        let module = module.as_str().unwrap();
        assert!(module.starts_with("registry://"), "{place}: {module}");
        assert!(module.ends_with(concat!(":v", env!("CARGO_PKG_VERSION"))), "{place}: {module}");
        // A copy of it stops nothing.
        assert_eq!(
            (at("/spec/mode"), at("/spec/failurePolicy")),
            ("monitor".into(), "Ignore".into()),
            "{place}"
        );
        let rules = at("/spec/rules");
        if !rules.to_string().contains("\"pods\"") {
            continue;
        }
        let about: Vec<_> = rules
            .as_array()
            .unwrap()
            .iter()
            .filter(|rule| rule.to_string().contains("ephemeralcontainers"))
            .collect();
        assert_eq!(about, [&ephemeral], "{place}: a rule of its own, for UPDATE alone");
        assert_eq!(
            document.pointer("/spec/namespaceSelector/matchLabels"),
            None,
            "{place}: is not looked at"
        );
        // A registration that mutates is not audited, and one that only validates does not mutate.
        let mutating = at("/spec/mutating").as_bool().unwrap();
        assert_eq!(at("/spec/settings/mutate") == false, !mutating, "{place}");
        assert_eq!(at("/spec/backgroundAudit") == false, mutating, "{place}");
    }
    assert!(seen >= 2, "only {seen} registrations were found");
}

/// The paths of all values; a list is one value.
fn leaves(path: &str, value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                leaves(&format!("{path}/{key}"), value, found);
            }
        }
        _ => found.push(path.to_owned()),
    }
}

#[test]
fn values_of_the_chart_are_ones_that_it_has() {
    let mut found = Vec::new();
    for (_, values) in yaml_in_the_documents().iter().filter(|(_, document)| is_chart_values(document)) {
        leaves("", values, &mut found);
    }
    found.sort_unstable();
    found.dedup();
    let mut expected = CHART_VALUES.to_vec();
    expected.sort_unstable();
    assert_eq!(found, expected);
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

/// A tag can be moved to other content, a digest cannot.
#[test]
fn workflows_pin_their_actions_and_name_the_compiler_and_targets_that_there_are() {
    let makefile = fs::read_to_string(root().join("Makefile")).unwrap();
    for name in ["ci", "pages", "release"] {
        let file = format!(".github/workflows/{name}.yml");
        let text = fs::read_to_string(root().join(&file)).unwrap();
        serde_saphyr::from_str::<Value>(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
        for line in text.lines().map(|line| line.trim().trim_start_matches("- ")) {
            if let Some(action) = line.strip_prefix("uses: ").filter(|action| !action.starts_with("./")) {
                let digest = action.split(['@', ' ']).nth(1).unwrap();
                assert!(
                    digest.len() == 40 && digest.chars().all(|c| c.is_ascii_hexdigit()),
                    "{file}: {action}"
                );
                assert!(action.contains(" # v"), "{file}: {action}: say which version it is");
            }
            if let Some(version) = line.split("rustup toolchain install ").nth(1) {
                assert!(version.starts_with(concat!(env!("CARGO_PKG_RUST_VERSION"), ".")), "{file}: {line}");
            }
            if let Some(target) = line.split("make ").nth(1).and_then(|rest| rest.split([' ', ')']).next())
                && !target.starts_with('-')
            {
                assert!(makefile.contains(&format!("\n{target}:")), "{file}: no target `{target}`");
            }
        }
    }
}

/// Digests are over names without folders, so that `sha256sum --check` finds the files where they were downloaded.
#[test]
fn files_of_a_release_are_verified_where_they_are_downloaded() {
    let run = |program: &str, arguments: &[&str], folder: &Path| {
        let output = Command::new(program).args(arguments).current_dir(folder).output().unwrap();
        assert!(output.status.success(), "{program}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("release");
    fs::remove_dir_all(&folder).ok();
    run("scripts/release-files", &[folder.to_str().unwrap(), "metadata.yml"], &root());

    let verified = run("sha256sum", &["--check", "SHA256SUMS"], &folder);
    for file in [
        "metadata.yml",
        "mutating.yaml",
        "profile-restricted.yaml",
        "settings.schema.json",
        "registration.schema.json",
    ] {
        assert!(verified.contains(&format!("{file}: OK\n")), "{file}: {verified}");
    }
    assert!(!verified.contains('/') && !verified.contains("kustomization"), "{verified}");
}

/// One line for each release, so that a slow decline is seen. A figure that was not taken is empty.
#[test]
fn the_history_of_measurements_is_a_table() {
    let text = fs::read_to_string(root().join("benches/history.csv")).unwrap();
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let columns = lines.next().unwrap().len();
    for line in lines {
        assert_eq!(line.len(), columns, "{line:?}");
        for figure in line.iter().skip(2).filter(|figure| !figure.is_empty()) {
            assert!(figure.parse::<f64>().is_ok_and(|figure| figure > 0.0), "{line:?}");
        }
    }
}

/// The anchors of a page's headings, as GitHub makes them.
fn anchors(text: &str) -> Vec<String> {
    let mut in_block = false;
    let mut anchors = Vec::new();
    for line in text.lines() {
        in_block ^= line.starts_with("```");
        if let Some(heading) = line.strip_prefix('#').filter(|_| !in_block) {
            let heading = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
            anchors.push(heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect());
        }
    }
    anchors
}

#[test]
fn links_in_the_documents_lead_somewhere() {
    for (name, text) in documents() {
        let folder = Path::new(&name).parent().unwrap();
        for rest in text.split("](").skip(1) {
            let link = rest.split(')').next().unwrap();
            if link.starts_with("https://") {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { PathBuf::from(&name) } else { folder.join(file) };
            assert!(target.exists(), "{name}: {link}");
            if !anchor.is_empty() {
                let page = fs::read_to_string(&target).unwrap();
                assert!(
                    anchors(&page).iter().any(|known| known == anchor),
                    "{name}: {link}: no such heading"
                );
            }
        }
    }
}

/// The module, Artifact Hub and chart repositories show these pages elsewhere, where a relative link leads nowhere.
#[test]
fn pages_that_are_shown_elsewhere_have_absolute_links() {
    let links = |name: &str| {
        let text = fs::read_to_string(root().join(name)).unwrap();
        let links = text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap().to_owned());
        links.filter(|link| !link.starts_with("https://")).collect::<Vec<_>>()
    };
    assert_eq!(links("USAGE.md"), Vec::<String>::new());
    assert_eq!(links("charts/pod-security-policy/README.md"), Vec::<String>::new());
}

/// A link to a page of this repository by its address leads to a file that there is.
#[test]
fn absolute_links_into_the_repository_lead_to_files() {
    let repository = concat!(env!("CARGO_PKG_REPOSITORY"), "/");
    let mut seen = 0;
    for (name, text) in documents() {
        for rest in text.split(repository).skip(1) {
            let link = rest.split([')', '#', ' ', '?', '`', '\n', '<']).next().unwrap();
            let within =
                ["blob/main/", "tree/main/", "raw/main/"].iter().find_map(|kind| link.strip_prefix(kind));
            if let Some(file) = within {
                assert!(root().join(file).exists(), "{name}: {link}");
                seen += 1;
            }
        }
    }
    assert!(seen >= 8, "only {seen} links were found");
}

/// Where images and charts are, and whose they are, is said once: in the metadata.
#[test]
fn every_page_names_the_published_module() {
    let metadata: Value =
        serde_saphyr::from_str(&fs::read_to_string(root().join("metadata.yml")).unwrap()).unwrap();
    let module =
        metadata.pointer("/annotations/io.kubewarden.policy.ociUrl").unwrap().as_str().unwrap().to_owned();
    let organisation = module.rsplit_once('/').unwrap().0;
    // Besides the module: charts, the image of the command line, and Kubewarden's own.
    let ours = ["charts", "kubectl-psp"].map(|name| format!("{organisation}/{name}"));
    let known = [&ours[..], &[module.clone(), "ghcr.io/kubewarden/".to_owned()]].concat();
    for (name, text) in documents() {
        for (at, _) in text.match_indices("ghcr.io/") {
            let rest = text.get(at..).unwrap();
            assert!(
                known.iter().any(|known| rest.starts_with(known)),
                "{name}: {}",
                rest.lines().next().unwrap()
            );
        }
        assert!(!text.contains("registry.example.com/policies"), "{name}: a placeholder");
    }
}

/// The chart says it, and the manifest says the same.
#[test]
fn the_image_of_the_policy_server_is_named_once() {
    let read = |file: &str| fs::read_to_string(root().join(file)).unwrap();
    let values: Value = serde_saphyr::from_str(&read("charts/pod-security-policy/values.yaml")).unwrap();
    let part = |key: &str| values.pointer(&format!("/policyServer/image/{key}")).unwrap().as_str().unwrap();
    let image = format!("{}/{}:{}", part("registry"), part("repository"), part("tag"));
    let documents: Vec<Value> = serde_saphyr::from_multiple(&read("manifests/policy-server.yaml")).unwrap();
    let server =
        documents.iter().find(|document| document.get("kind") == Some(&json!("PolicyServer"))).unwrap();
    assert_eq!(server.pointer("/spec/image"), Some(&json!(image)));
}
