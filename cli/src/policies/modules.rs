//! Which registrations are for this policy.

use crate::input::Object;

/// The modules whose registrations are evaluated: those whose repository is called `pod-security-policy`, and these.
#[derive(Clone, Debug, Default)]
pub struct Modules {
    /// Further modules: registrations of others are skipped.
    pub named: Vec<String>,
}

impl Modules {
    /// Whether a registration is for this policy, from any registry and in any version.
    pub(crate) fn are_ours(&self, registration: &Object) -> bool {
        let value = registration.value();
        let Some(module) = value.pointer("/spec/module").and_then(serde_json::Value::as_str) else {
            return true;
        };
        let repository = repository(module);
        repository.ends_with("pod-security-policy")
            || self.named.iter().any(|named| named == module || self::repository(named) == repository)
    }
}

/// The repository of a module: `ghcr.io/example/policy` of `registry://ghcr.io/example/policy:v1@sha256:…`
fn repository(module: &str) -> &str {
    let bare = module.split_once("://").map_or(module, |(_, rest)| rest);
    let bare = bare.split_once('@').map_or(bare, |(name, _)| name);
    let slash = bare.rfind('/').map_or(0, |at| at + 1);
    // A colon before the last slash separates a port.
    let colon = bare.get(slash..).and_then(|last| last.find(':'));
    let bare = colon.map_or(bare, |at| bare.get(..slash + at).unwrap_or(bare));
    bare.strip_suffix(".wasm").unwrap_or(bare)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case::released("registry://ghcr.io/example/pod-security-policy:v1.2.3", true)]
    #[case::mirrored("registry://localhost:5000/mirror/pod-security-policy", true)]
    #[case::by_digest("registry://r.example/pod-security-policy@sha256:abc", true)]
    #[case::by_both("ghcr.io/example/pod-security-policy:v1@sha256:abc", true)]
    #[case::a_file("file:///policies/pod-security-policy.wasm", true)]
    #[case::of_another("registry://ghcr.io/kubewarden/policies/capabilities-psp:v1", false)]
    #[case::a_folder_of_that_name("registry://r.example/pod-security-policy/other:v1", false)]
    #[case::named("registry://r.example:5000/team/psp:v7", true)]
    fn a_module_is_known_by_its_repository(#[case] module: &str, #[case] expected: bool) {
        let modules = Modules { named: vec!["registry://r.example:5000/team/psp:v1".to_owned()] };
        let registration =
            Object::of_value(&json!({"kind": "ClusterAdmissionPolicy", "spec": {"module": module}}));
        assert_eq!(modules.are_ours(&registration), expected);
    }
}
