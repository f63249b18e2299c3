//! The option `enforcement`: the action of each rule's violations.
//!
//! A rule that only warns or only reaches the audit log still sets its defaults: a cluster is prepared for a rule by
//! having it do all but deny. So does a rule that is ignored, since this option never changes how pods are mutated; an
//! exemption from the rule does.

use crate::json::Value;
use crate::rule::{Action, Enforcement};
use crate::schema::{Field, Path, Problems, Shape};
use crate::settings::rule_names;

/// The actions of a violation.
const ACTION: Shape = Shape::OneOf(&["Deny", "Warn", "Audit", "Ignore"]);

pub(crate) const FIELD: Field = Field::new(
    "enforcement",
    Shape::Object(&[
        Field::new("default", ACTION, "Action for violations of rules that `rules` does not list (`Deny`)."),
        Field::new(
            "rules",
            Shape::Map(&ACTION),
            "Actions for single rules: those of PodSecurityPolicy by their fields (`privileged`), the checks of the Pod Security Standards as `pss/ID`.",
        ),
    ]),
    "Action for violations: `Deny`, `Warn`, `Audit`, or `Ignore` to drop them. Does not change which defaults are written.",
);

/// Reads the option, whose shape has been checked.
pub(crate) fn load(option: Option<Value<'_, '_>>, problems: &mut Problems) -> Enforcement {
    let mut enforcement = Enforcement::default();
    let Some(option) = option else { return enforcement };
    let rules = option.get("rules").unwrap_or_default();
    for (name, _) in rules.entries() {
        if rule_names::index(&name).is_none() {
            let at = Path::ROOT.key(FIELD.name);
            problems.add(at.key("rules").key(&name), rule_names::unknown(&name, &[]));
        }
    }
    let default = option.get("default");
    for (index, name) in rule_names::all() {
        match action(rules.get(&name).or(default)).unwrap_or_default() {
            Action::Deny => {}
            Action::Warn => enforcement.warned = enforcement.warned.with(index),
            Action::Audit => enforcement.audited = enforcement.audited.with(index),
            Action::Ignore => enforcement.ignored = enforcement.ignored.with(index),
        }
    }
    enforcement
}

/// Reads an action, whose shape has been checked.
pub(crate) fn action(option: Option<Value<'_, '_>>) -> Option<Action> {
    match &*option?.text()? {
        "Deny" => Some(Action::Deny),
        "Warn" => Some(Action::Warn),
        "Audit" => Some(Action::Audit),
        "Ignore" => Some(Action::Ignore),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Reader;
    use crate::json::Tree;
    use crate::rule::RuleSet;
    use crate::settings::Settings;
    use crate::testing::{policy, problems};
    use rstest::rstest;
    use serde_json::json;

    fn loaded(enforcement: &serde_json::Value) -> [Vec<String>; 3] {
        let text = json!({ "enforcement": enforcement }).to_string();
        let mut problems = Problems::default();
        let enforcement =
            load(Reader::document::<Tree<'_>>(&text).unwrap().root().get(FIELD.name), &mut problems);
        assert_eq!(problems, Problems::default());
        let names = |set: RuleSet| {
            rule_names::all().filter(|(index, _)| set.has(*index)).map(|(_, name)| name).collect()
        };
        [enforcement.warned, enforcement.audited, enforcement.ignored].map(names)
    }

    #[rstest]
    #[case::nothing(json!({}), &[], &[], &[])]
    #[case::nulls(json!({"default": null, "rules": null}), &[], &[], &[])]
    #[case::single_rules(json!({"rules": {"privileged": "Warn", "pss/hostPorts": "Audit", "volumes": "Deny", "hostIPC": "Ignore"}}),
        &["privileged"], &["pss/hostPorts"], &["hostIPC"])]
    #[case::of_both_kinds(json!({"default": "Deny", "rules": {"pss/privileged": "Warn", "seccomp": "Warn", "pss/sysctls": "Ignore"}}),
        &["seccomp", "pss/privileged"], &[], &["pss/sysctls"])]
    fn loads(
        #[case] enforcement: serde_json::Value,
        #[case] warned: &[&str],
        #[case] audited: &[&str],
        #[case] ignored: &[&str],
    ) {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(loaded(&enforcement), [warned, audited, ignored].map(names));
    }

    #[rstest]
    #[case::warn("Warn", 0)]
    #[case::audit("Audit", 1)]
    #[case::ignore("Ignore", 2)]
    fn a_default_holds_for_all_others(#[case] action: &str, #[case] set: usize) {
        let sets =
            loaded(&json!({"default": action, "rules": {"privileged": "Deny", "pss/procMount": "Deny"}}));
        let excepted = |name: &String| ["privileged", "pss/procMount"].contains(&name.as_str());
        assert_eq!(sets[set].len(), rule_names::all().count() - 2);
        assert!(!sets[set].iter().any(excepted));
        assert_eq!(sets.concat().len(), sets[set].len());
    }

    fn created(
        settings: &serde_json::Value,
        spec: serde_json::Value,
    ) -> crate::admission::response::Response {
        let request =
            json!({"operation": "CREATE", "kind": {"group": "", "kind": "Pod"}, "object": {"spec": spec}});
        crate::testing::review(settings, &request)
    }

    #[rstest]
    #[case::as_it_is("Ignore", false, None, &[])]
    #[case::where_others_warn("Warn", false, None,
        &["spec.hostPID: Invalid value: true: Host PID is not allowed to be used",
          "spec.containers[0].securityContext.privileged: Invalid value: true: Privileged containers are not allowed"])]
    #[case::where_others_deny("Deny", true, Some("spec.hostPID: Invalid value: true: Host PID is not allowed to be used"), &[])]
    fn an_ignored_rule_says_nothing(
        #[case] others: &str,
        #[case] ignored: bool,
        #[case] rejection: Option<&str>,
        #[case] warnings: &[&str],
    ) {
        let mut enforcement = json!({"default": others});
        if ignored {
            enforcement["rules"] = json!({"privileged": "Ignore"});
        }
        let response = created(
            &policy(&json!({ "enforcement": enforcement })),
            json!({"hostPID": true, "containers": [{"name": "c", "securityContext": {"privileged": true}}]}),
        );
        let tolerated: Vec<String> = response.tolerated.iter().map(ToString::to_string).collect();
        assert_eq!((response.rejection.as_deref(), response.warnings.as_slice()), (rejection, &*tolerated));
        assert_eq!(response.warnings, warnings);
    }

    #[test]
    fn an_ignored_rule_fills_in_its_default() {
        let fields = json!({"readOnlyRootFilesystem": true, "enforcement": {"rules": {"readOnlyRootFilesystem": "Ignore"}}});
        let response = created(
            &policy(&fields),
            json!({"containers": [{"name": "a"}, {"name": "b", "securityContext": {"readOnlyRootFilesystem": false}}]}),
        );
        let object: serde_json::Value = serde_json::from_str(&response.mutated_object.unwrap()).unwrap();
        let expected = json!([
            {"name": "a", "securityContext": {"readOnlyRootFilesystem": true}},
            {"name": "b", "securityContext": {"readOnlyRootFilesystem": false}},
        ]);
        assert_eq!(
            (&object["spec"]["containers"], response.rejection, response.tolerated),
            (&expected, None, vec![])
        );
    }

    /// Another rule that leaves a field to the ignored one has to report the violation itself.
    #[test]
    fn a_rule_objects_to_what_an_ignored_one_would_have_refused() {
        let fields = json!({"volumes": [], "allowedHostPaths": [{"pathPrefix": "/data"}], "enforcement": {"rules": {"volumes": "Ignore"}}});
        let response = created(
            &policy(&fields),
            json!({"containers": [{"name": "c"}], "volumes": [{"name": "v", "hostPath": {"path": "/etc"}}]}),
        );
        assert_eq!(
            response.rejection.unwrap(),
            "spec.volumes[0].hostPath.path: Invalid value: \"/etc\": is not allowed to be used"
        );
    }

    #[test]
    fn an_ignored_check_is_not_run_in_any_mode() {
        let standards = json!({"enforce": "baseline", "warn": "restricted", "audit": "restricted"});
        let off =
            json!({"default": "Ignore", "rules": {"pss/hostPorts": "Deny", "pss/runAsNonRoot": "Deny"}});
        let settings = json!({"podSecurityStandards": standards, "enforcement": off});
        let response =
            created(&settings, json!({"hostPID": true, "containers": [{"name": "c", "image": "i"}]}));
        let reported = "would violate PodSecurity \"restricted:latest\": runAsNonRoot != true (pod or container \"c\" must set securityContext.runAsNonRoot=true)";
        assert_eq!(response.rejection, None);
        assert_eq!(
            (response.warnings, response.audit_violations),
            (vec![reported.to_owned()], vec![reported.to_owned()])
        );
    }

    #[rstest]
    #[case::rule(json!({"rules": {"privilegd": "Warn"}}),
        "enforcement.rules.privilegd: unknown rule; did you mean \"privileged\"?")]
    #[case::check(json!({"rules": {"pss/procMounts": "Warn"}}),
        "enforcement.rules[pss/procMounts]: unknown rule; did you mean \"pss/procMount\"?")]
    #[case::action(json!({"rules": {"privileged": "warn"}}),
        "enforcement.rules.privileged: Unsupported value: \"warn\": supported values: \"Deny\", \"Warn\", \"Audit\", \"Ignore\"")]
    #[case::default(json!({"default": "Off"}),
        "enforcement.default: Unsupported value: \"Off\": supported values: \"Deny\", \"Warn\", \"Audit\", \"Ignore\"")]
    #[case::key(json!({"rule": {}}), "enforcement.rule: unknown field; did you mean \"rules\"?")]
    #[case::no_object(json!("Warn"), "enforcement: must be an object, not the string \"Warn\"")]
    fn refuses(#[case] enforcement: serde_json::Value, #[case] expected: &str) {
        assert_eq!(problems(&json!({ "enforcement": enforcement })), expected);
    }

    #[test]
    fn settings_hold_it() {
        let text = policy(&json!({"enforcement": {"rules": {"privileged": "Warn"}}})).to_string();
        assert!(!Settings::parse(&text).unwrap().enforcement.is_none());
    }
}
