//! What runs in pipelines: the steps of the action, of GitLab's template and of the hooks, with a release that is packed and
//! installed as a real one.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::data;
use rstest::rstest;
use serde_json::{Value, json};

const VERSION: &str = concat!("v", env!("CARGO_PKG_VERSION"));
const PLATFORMS: [&str; 5] = [
    "linux-amd64.tar.gz",
    "linux-arm64.tar.gz",
    "darwin-amd64.tar.gz",
    "darwin-arm64.tar.gz",
    "windows-amd64.zip",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn yaml(path: impl AsRef<Path>) -> Value {
    serde_saphyr::from_str(&fs::read_to_string(root().join(path)).unwrap()).unwrap()
}

/// The result of a shell script: exit status and output.
fn sh(script: &str, folder: &Path, variables: &BTreeMap<String, String>) -> (i32, String) {
    let ended = Command::new("bash")
        .args(["-c", &format!("exec 2>&1\nset -eo pipefail\n{script}")])
        .current_dir(folder)
        .envs(variables)
        .output()
        .unwrap();
    (ended.status.code().unwrap(), String::from_utf8(ended.stdout).unwrap())
}

/// A project with manifests, and releases of this program.
struct Project {
    folder: tempfile::TempDir,
    variables: BTreeMap<String, String>,
}

impl Project {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let script = format!(
            "mkdir temp latest && cp -r {data}/* . && cd latest && cp {root}/scripts/install.sh . &&
            printf '#!/bin/sh\\nexec {program} \"$@\"\\n' >program && {root}/scripts/archive program \"$PLATFORM\" . && rm program &&
            sha256sum -- * >SHA256SUMS && mkdir -p ../releases/latest/download ../releases/download &&
            cp * ../releases/latest/download && cp -r . ../releases/download/{VERSION}",
            data = data().display(),
            root = root().display(),
            program = env!("CARGO_BIN_EXE_kubectl-psp"),
        );
        let system = if cfg!(target_os = "macos") { "darwin" } else { "linux" };
        let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
        let mut variables = BTreeMap::from([("PLATFORM".to_owned(), format!("{system}-{architecture}"))]);
        let (code, printed) = sh(&script, folder.path(), &variables);
        assert_eq!(code, 0, "{printed}");
        for (name, value) in [
            ("RELEASES", format!("file://{}", at("releases").display())),
            ("PSP_RELEASES", format!("file://{}", at("releases").display())),
            ("CI_PROJECT_DIR", folder.path().display().to_string()),
            ("GITHUB_ACTION_PATH", root().display().to_string()),
            ("RUNNER_TEMP", at("temp").display().to_string()),
            ("GITHUB_PATH", at("temp/path").display().to_string()),
            ("GITHUB_OUTPUT", at("temp/output").display().to_string()),
            ("GITHUB_STEP_SUMMARY", at("temp/summary").display().to_string()),
        ] {
            variables.insert(name.to_owned(), value);
        }
        Project { folder, variables }
    }

    fn run(&self, script: &str) -> (i32, String) {
        sh(script, self.folder.path(), &self.variables)
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.folder.path().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
    }

    /// Runs the steps of the action with inputs. The result is the last exit status.
    fn act(&mut self, inputs: &Value) -> (i32, String) {
        let action = yaml("action.yml");
        let (mut code, mut output) = (0, String::new());
        for step in action["runs"]["steps"].as_array().unwrap() {
            let Some(script) = step["run"].as_str().filter(|_| step["name"] != "Comment on the pull request")
            else {
                continue;
            };
            if code != 0 && step.get("if").is_none() {
                continue;
            }
            let mut variables = self.variables.clone();
            for (name, value) in step["env"].as_object().into_iter().flatten() {
                let value = self.evaluated(value.as_str().unwrap(), &action, inputs);
                variables.insert(name.clone(), value);
            }
            let path = fs::read_to_string(self.folder.path().join("temp/path")).unwrap_or_default();
            let path = format!("{}:{}", path.trim(), std::env::var("PATH").unwrap());
            variables.insert("PATH".to_owned(), path);
            let (status, printed) = sh(script, self.folder.path(), &variables);
            output += &printed;
            code = if status == 0 { code } else { status };
        }
        (code, output)
    }

    /// The value of `${{ inputs.a }}` or `${{ steps.check.outputs.a }}`.
    fn evaluated(&self, expression: &str, action: &Value, inputs: &Value) -> String {
        let inside = expression.strip_prefix("${{ ").and_then(|rest| rest.strip_suffix(" }}")).unwrap();
        if inside == "inputs.releases" {
            return self.variables["RELEASES"].clone();
        }
        if let Some(input) = inside.strip_prefix("inputs.") {
            let known = &action["inputs"][input];
            assert!(known.is_object(), "{input} is not an input");
            return inputs.get(input).or_else(|| known.get("default")).unwrap().as_str().unwrap().to_owned();
        }
        let output = inside.strip_prefix("steps.check.outputs.").unwrap_or_else(|| panic!("{inside}"));
        let outputs = fs::read_to_string(self.folder.path().join("temp/output")).unwrap_or_default();
        let mut values = outputs.lines().filter_map(|line| line.split_once('='));
        values.find(|(name, _)| *name == output).map(|(_, value)| value.to_owned()).unwrap_or_default()
    }
}

#[test]
fn a_release_is_installed_after_its_digest_is_compared() {
    let project = Project::new();
    let install = "DESTINATION=$PWD/bin sh latest/install.sh";
    let (code, printed) = project.run(&format!("PATH=$PWD/bin:$PATH; {install}"));
    let program = format!("{}/bin/kubectl-psp", project.folder.path().display());
    assert_eq!((code, printed), (0, format!("{program}: kubectl-psp {}\n", env!("CARGO_PKG_VERSION"))));
    assert_ne!(fs::metadata(program).unwrap().permissions().mode() & 0o111, 0);
    let (code, printed) = project.run(&format!("VERSION={VERSION} {install}"));
    assert!(code == 0 && printed.ends_with("is not in PATH, which kubectl needs to find it\n"), "{printed}");
    let (code, printed) = project.run(&format!("VERSION=v9 {install}"));
    assert!(
        code != 0 && printed.contains("v9/kubectl-psp-") && printed.contains("cannot be downloaded"),
        "{printed}"
    );
    let (code, printed) = project
        .run(&format!("for archive in releases/latest/download/*.gz; do echo >>$archive; done; {install}"));
    assert!(code != 0 && printed.contains("is not that of SHA256SUMS"), "{printed}");
}

#[test]
fn archives_have_licences_and_no_owner() {
    let project = Project::new();
    let (_, listed) =
        project.run("tar --numeric-owner -tvzf latest/kubectl-psp-*.tar.gz | awk '{ print $2, $NF }'");
    assert_eq!(listed, "0/0 kubectl-psp\n0/0 LICENSE\n0/0 LICENSES-OF-LIBRARIES.txt\n");
    let (_, licences) = project.run("tar -xOzf latest/kubectl-psp-*.tar.gz LICENSES-OF-LIBRARIES.txt");
    assert!(licences.lines().count() > 50 && licences.contains("\nserde_json v1"), "{licences}");
    assert!(
        licences.lines().all(|line| line.split_once(": ").is_some_and(|(_, licence)| !licence.is_empty())),
        "{licences}"
    );
    assert!(!licences.contains(&*root().display().to_string()), "{licences}");
}

#[test]
fn the_action_runs_as_in_the_example() {
    let example = yaml("docs/examples/github-action.yaml");
    let step = &example["jobs"]["check"]["steps"][1];
    assert_eq!(step["uses"], format!("pod-security-policy/pod-security-policy@{VERSION}"));
    let mut project = Project::new();
    let (code, printed) = project.act(&step["with"]);
    assert_eq!(code, 1, "{printed}");
    let sarif: Value = serde_json::from_str(&project.read("temp/kubectl-psp.sarif")).unwrap();
    assert_eq!(sarif["runs"][0]["results"].as_array().unwrap().len(), 4);
    let summary = project.read("temp/summary");
    assert!(
        summary.starts_with("### kubectl psp\n**3 objects: 1 allowed, 1 changed, 1 rejected"),
        "{summary}"
    );
}

#[rstest]
#[case::several(json!({"policies": "psp.yaml\nbaseline:v1.31\n", "manifests": "manifests/web.yaml\npod.yaml", "arguments": "--namespace\nshop"}), 1)]
#[case::nothing_rejected(json!({"policies": "psp.yaml", "manifests": "manifests/web.yaml"}), 0)]
#[case::no_policies(json!({"policies": "none.yaml"}), 2)]
#[case::a_bad_manifest(json!({"policies": "psp.yaml", "manifests": "bad.yaml\nmanifests/agent.yaml"}), 2)]
fn the_action_has_a_status_and_always_a_sarif_file(#[case] inputs: Value, #[case] expected: i32) {
    let mut project = Project::new();
    fs::write(project.folder.path().join("bad.yaml"), "kind: Pod\n  a: b\n").unwrap();
    let (code, printed) = project.act(&inputs);
    assert_eq!(code, expected, "{printed}");
    let output = project.read("temp/output");
    assert!(output.starts_with(&format!("status={expected}\nsarif=")), "{output}");
    let sarif: Value = serde_json::from_str(&project.read("temp/kubectl-psp.sarif")).unwrap();
    assert_eq!(sarif["runs"][0]["tool"]["driver"]["name"], "kubectl-psp");
    let summary = project.read("temp/summary");
    assert_eq!(summary.contains("error: "), expected == 2, "{summary}");
}

#[rstest]
#[case::rejected("manifests/", 1, 4)]
#[case::admitted("manifests/web.yaml", 0, 0)]
fn gitlab_gets_code_quality_and_tests(
    #[case] manifests: &str,
    #[case] expected: i32,
    #[case] violations: usize,
) {
    let example = yaml("docs/examples/gitlab-ci.yaml");
    let template =
        example["include"][0]["remote"].as_str().unwrap().rsplit_once(&format!("/{VERSION}/")).unwrap().1;
    let job = &yaml(template)["kubectl-psp"];
    let mut project = Project::new();
    for variables in [&job["variables"], &example["variables"], &json!({"PSP_MANIFESTS": manifests})] {
        for (name, value) in variables.as_object().unwrap().iter().filter(|(name, _)| *name != "PSP_RELEASES")
        {
            project.variables.insert(name.clone(), value.as_str().unwrap().to_owned());
        }
    }
    let lines = |part: &str| {
        job[part].as_array().unwrap().iter().map(|line| line.as_str().unwrap().to_owned() + "\n")
    };
    let (code, printed) = project.run(&lines("before_script").chain(lines("script")).collect::<String>());
    assert_eq!(code, expected, "{printed}");
    let reports = &job["artifacts"]["reports"];
    let quality: Vec<Value> =
        serde_json::from_str(&project.read(reports["codequality"].as_str().unwrap())).unwrap();
    assert_eq!(quality.len(), violations);
    let tests = project.read(reports["junit"].as_str().unwrap());
    assert!(tests.contains("<testsuites name=\"kubectl psp check\""), "{tests}");
}

#[test]
fn hooks_run_as_in_the_example() {
    let hooks = yaml(".pre-commit-hooks.yaml");
    let example = yaml("docs/examples/pre-commit-config.yaml");
    assert_eq!(example["repos"][0]["rev"], VERSION);
    let project = Project::new();
    let bin = Path::new(env!("CARGO_BIN_EXE_kubectl-psp")).parent().unwrap().display().to_string();
    let expected = [
        ("kubectl-psp-check", "manifests/agent.yaml", 1),
        ("kubectl-psp-lint", "psp.yaml", 0),
        ("kubectl-psp-test", "tests.yaml", 1),
    ];
    for ((id, file, code), used) in expected.into_iter().zip(example["repos"][0]["hooks"].as_array().unwrap())
    {
        assert_eq!(used["id"], id);
        let hook = hooks.as_array().unwrap().iter().find(|hook| hook["id"] == id).unwrap();
        let arguments =
            used["args"].as_array().into_iter().flatten().map(|argument| argument.as_str().unwrap());
        let entry = hook["entry"].as_str().unwrap();
        let line = [entry].into_iter().chain(arguments).chain([file]).collect::<Vec<_>>().join(" ");
        let (status, printed) = project.run(&format!("PATH={bin}:$PATH; {line}"));
        assert_eq!(status, code, "{line}: {printed}");
    }
}

/// krew reads what the script makes of the template.
#[test]
fn the_krew_manifest_names_archives_and_digests() {
    let folder = tempfile::tempdir().unwrap();
    let sums: String = (1..)
        .zip(PLATFORMS)
        .map(|(digit, platform)| format!("{}  kubectl-psp-{platform}\n", digit.to_string().repeat(64)))
        .collect();
    fs::write(folder.path().join("SHA256SUMS"), sums).unwrap();
    let script = format!("{}/scripts/krew {VERSION} .", root().display());
    let (code, printed) = sh(&script, folder.path(), &BTreeMap::new());
    assert_eq!(code, 0, "{printed}");
    let plugin: Value = serde_saphyr::from_str(&printed).unwrap();
    assert_eq!((&plugin["kind"], &plugin["metadata"]["name"]), (&json!("Plugin"), &json!("psp")));
    assert_eq!(plugin["spec"]["version"], VERSION);
    let base = format!("{}/releases/download/{VERSION}", env!("CARGO_PKG_REPOSITORY"));
    for ((digit, platform), known) in
        (1..).zip(PLATFORMS).zip(plugin["spec"]["platforms"].as_array().unwrap())
    {
        assert_eq!(known["uri"], format!("{base}/kubectl-psp-{platform}"));
        assert_eq!(known["sha256"], digit.to_string().repeat(64));
    }
    fs::write(folder.path().join("SHA256SUMS"), "").unwrap();
    let (code, printed) = sh(&script, folder.path(), &BTreeMap::new());
    assert!(
        code != 0 && printed.contains("SHA256SUMS does not name kubectl-psp-linux-amd64.tar.gz"),
        "{printed}"
    );
}

/// The image is made of the unpacked archives: of those for Linux, whose program stands where the image starts it.
#[test]
fn the_image_holds_what_the_archive_has() {
    let containerfile = fs::read_to_string(root().join("ci/kubectl-psp.Containerfile")).unwrap();
    let instructions: Vec<&str> = containerfile.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(instructions.first(), Some(&"FROM scratch"));
    for expected in ["COPY linux-${TARGETARCH}/ /", "USER 65532:65532", "ENTRYPOINT [\"/kubectl-psp\"]"] {
        assert!(instructions.contains(&expected), "{expected}: {containerfile}");
    }
    // Nothing is built or downloaded for it.
    assert!(
        !instructions.iter().any(|line| line.starts_with("RUN") || line.starts_with("ADD")),
        "{containerfile}"
    );
    let release = fs::read_to_string(root().join(".github/workflows/release.yml")).unwrap();
    let unpack = "tar --extract --gzip --file \"dist/kubectl-psp-linux-$architecture.tar.gz\" --directory \"image/linux-$architecture\"";
    assert!(release.contains(unpack) && release.contains("--file ci/kubectl-psp.Containerfile"));
    let folder = tempfile::tempdir().unwrap();
    let script = format!(
        "printf '#!/bin/sh\\nexec \"{}\" \"$@\"\\n' >program && \"{}/scripts/archive\" program linux-amd64 dist",
        env!("CARGO_BIN_EXE_kubectl-psp"),
        root().display(),
    );
    // Cargo, which lists the licences, may say that it waits for another one.
    let (code, printed) = sh(&script, folder.path(), &BTreeMap::new());
    assert_eq!(code, 0, "{printed}");
    let script = format!(
        "mkdir -p image/linux-amd64 && architecture=amd64 && {unpack} && LC_ALL=C ls image/linux-amd64 &&
        ./image/linux-amd64/kubectl-psp --version"
    );
    let (code, printed) = sh(&script, folder.path(), &BTreeMap::new());
    let version = format!("kubectl-psp {}", env!("CARGO_PKG_VERSION"));
    assert_eq!(
        (code, printed.trim_end()),
        (0, &*format!("LICENSE\nLICENSES-OF-LIBRARIES.txt\nkubectl-psp\n{version}"))
    );
}

/// Files that name releases, from which users copy.
const PUBLISHED: [&str; 16] = [
    ".github",
    ".krew.yaml",
    "README.md",
    "SECURITY.md",
    "USAGE.md",
    "action.yml",
    "artifacthub-pkg.yml",
    "charts",
    "ci",
    "docs",
    "examples",
    "manifests",
    "metadata.yml",
    "schema",
    "scripts",
    "web/book",
];

fn texts(path: &Path, found: &mut Vec<(PathBuf, String)>) {
    if path.is_dir() {
        fs::read_dir(path).unwrap().for_each(|entry| texts(&entry.unwrap().path(), found));
    } else if let Ok(text) = fs::read_to_string(path) {
        found.push((path.to_owned(), text));
    }
}

/// `Cargo.toml` is the one place for both.
#[test]
fn version_and_organisation_are_the_same_everywhere() {
    let organisation = env!("CARGO_PKG_REPOSITORY").rsplit('/').nth(1).unwrap();
    let mut found = Vec::new();
    PUBLISHED.iter().for_each(|name| texts(&root().join(name), &mut found));
    let (mut organisations, mut versions) = (0, 0);
    for (file, text) in &found {
        for host in ["github.com/", "ghcr.io/"] {
            for rest in text.split(host).skip(1) {
                let mut parts = rest.split('/');
                let (own, name) = (parts.next().unwrap(), parts.next().unwrap_or_default());
                if name.starts_with("pod-security-policy") {
                    assert_eq!(own, organisation, "{}: {host}{own}/{name}", file.display());
                    organisations += 1;
                }
            }
        }
        for part in ["/pod-security-policy:v", "/pod-security-policy@v", "/pod-security-policy/raw/v"] {
            for rest in text.split(part).skip(1) {
                let version: String = rest.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
                assert_eq!(
                    version.trim_end_matches('.'),
                    env!("CARGO_PKG_VERSION"),
                    "{}: {part}",
                    file.display()
                );
                versions += 1;
            }
        }
    }
    assert!(organisations > 30 && versions > 15, "{organisations} {versions}: has the form changed?");
    let version = env!("CARGO_PKG_VERSION");
    for (file, line) in [
        ("metadata.yml", format!("io.kubewarden.policy.version: {version}")),
        ("artifacthub-pkg.yml", format!("version: \"{version}\"")),
        ("charts/pod-security-policy/Chart.yaml", format!("version: \"{version}\"")),
    ] {
        let text = fs::read_to_string(root().join(file)).unwrap();
        assert!(text.contains(&line), "{file} does not contain `{line}`");
    }
}

/// Building, signing and publishing are apart: no job that runs code of a dependency may write.
#[test]
fn only_jobs_that_build_nothing_may_write() {
    let release = yaml(".github/workflows/release.yml");
    assert_eq!(release["permissions"], json!({"contents": "read"}));
    for (name, job) in release["jobs"].as_object().unwrap() {
        let steps: Vec<&str> =
            job["steps"].as_array().into_iter().flatten().filter_map(|step| step["run"].as_str()).collect();
        let builds = steps
            .iter()
            .any(|script| ["cargo ", "make ", "scripts/archive"].iter().any(|word| script.contains(word)));
        let rights = job["permissions"].as_object().cloned().unwrap_or_default();
        let writes = rights.values().any(|right| right == "write");
        assert!(!(builds && writes), "{name} builds and may write");
        assert_eq!(writes, ["sign", "push", "publish", "artifact-hub"].contains(&&**name), "{name}");
    }
}
