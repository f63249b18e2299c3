//! Pages and profiles name the newest version.

use pod_security_policy::schema::kubernetes::NEWEST;
use std::fs;
use std::path::Path;

fn read(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

#[test]
fn the_page_says_which_version_latest_is() {
    let sentence = format!("`latest` is `v1.{NEWEST}` in this release");
    assert!(read("docs/pod-security-standards.md").contains(&sentence), "no longer so: {sentence}");
}

#[test]
fn the_profiles_pin_the_version_that_is_the_newest() {
    for level in ["privileged", "baseline", "restricted"] {
        let pinned = format!("enforce: {level}:v1.{NEWEST}\n");
        assert!(read(&format!("manifests/profiles/{level}.yaml")).contains(&pinned), "{level}");
    }
}
