//! The table of checks in the documentation is that of the registry.

use pod_security_policy::standards::{all, newest_version};
use std::fs;
use std::path::Path;

fn table() -> String {
    let mut table = String::from(
        "| ID | Level | Purpose | Reads in a pod | Since | Replaced by |\n|---|---|---|---|---|---|\n",
    );
    for (_, check) in all() {
        let versions: Vec<_> = check.variants.iter().map(|variant| format!("v1.{}", variant.since)).collect();
        let replaced = check.overridden_by().map(|other| format!("`{}`", other.id)).unwrap_or_default();
        let row = [
            &format!("`{}`", check.id),
            check.level.name(),
            check.purpose,
            check.pod_fields,
            &versions.join(", "),
            &replaced,
        ];
        table += &format!("| {} |\n", row.map(|cell: &str| cell.replace('|', "\\|")).join(" | "));
    }
    table
}

fn read(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

#[test]
fn the_page_says_which_version_latest_is() {
    let sentence = format!("`latest` is `{}` in this release", newest_version());
    assert!(read("docs/pod-security-standards.md").contains(&sentence), "no longer so: {sentence}");
}

#[test]
fn the_profiles_pin_the_version_that_is_the_newest() {
    for level in ["privileged", "baseline", "restricted"] {
        let pinned = format!("enforce: {level}:{}\n", newest_version());
        assert!(read(&format!("manifests/profiles/{level}.yaml")).contains(&pinned), "{level}");
    }
}

#[test]
fn the_table_of_checks_is_that_of_the_registry() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/pod-security-standards.md");
    let page = fs::read_to_string(&file).unwrap();
    let (head, rest) = page.split_once("<!-- checks: begin").unwrap();
    let (note, rest) = rest.split_once("-->\n").unwrap();
    let (_, tail) = rest.split_once("<!-- checks: end -->").unwrap();
    let expected = format!("{head}<!-- checks: begin{note}-->\n{}<!-- checks: end -->{tail}", table());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(file, expected).unwrap();
    } else {
        assert!(
            page == expected,
            "the table of checks has drifted: UPDATE_DOCS=1 cargo test --test standards"
        );
    }
}
