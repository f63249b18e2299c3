//! The option `enforcement`: what an objection of each rule does.
//!
//! A rule that only warns or only reaches the audit log still fills in its defaults: a cluster is prepared for a rule
//! by having it do all but deny.

use crate::prose::prose;
use crate::rule_ids;
use crate::shape::{Field, Path, Problems, Shape};
use crate::value::Value;
use crate::violation::Leniency;

/// What an objection can do.
const ACTION: Shape = Shape::OneOf(&["Deny", "Warn", "Audit"]);

pub(crate) const FIELD: Field = Field {
    name: "enforcement",
    shape: Shape::Object(&[
        Field {
            name: "default",
            shape: ACTION,
            doc: prose("What an objection does (`Deny`) if `rules` does not say otherwise."),
        },
        Field {
            name: "rules",
            shape: Shape::Map(&ACTION),
            doc: prose(
                "What the objections of single rules do: those of PodSecurityPolicy by their fields (`privileged`), the checks of the Pod Security Standards as `pss/ID`.",
            ),
        },
    ]),
    doc: prose("What objections do: `Deny`, `Warn`, or `Audit`. Changes nothing of what is filled in."),
};

/// Reads the option, whose shape has been checked.
pub(crate) fn load(root: Value<'_, '_>, problems: &mut Problems) -> Leniency {
    let mut leniency = Leniency::default();
    let Some(option) = root.get(FIELD.name) else { return leniency };
    let rules = option.get("rules").unwrap_or_default();
    for (name, _) in rules.entries() {
        if rule_ids::index(&name).is_none() {
            let at = Path::Key(&Path::Root, FIELD.name);
            problems.add(Path::Key(&Path::Key(&at, "rules"), &name), rule_ids::unknown(&name));
        }
    }
    let default = option.get("default");
    for (index, name) in rule_ids::all() {
        match rules.get(&name).or(default).and_then(Value::text).as_deref() {
            Some("Warn") => leniency.warned = leniency.warned.with(index),
            Some("Audit") => leniency.audited = leniency.audited.with(index),
            _ => {}
        }
    }
    leniency
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Reader;
    use crate::rule::RuleSet;
    use crate::settings::Settings;
    use crate::testing::{policy, problems};
    use crate::value::Tree;
    use rstest::rstest;
    use serde_json::json;

    fn loaded(enforcement: &serde_json::Value) -> (Vec<String>, Vec<String>) {
        let text = json!({ "enforcement": enforcement }).to_string();
        let mut problems = Problems::default();
        let leniency = load(Reader::document::<Tree<'_>>(&text).unwrap().root(), &mut problems);
        assert_eq!(problems, Problems::default());
        let names = |set: RuleSet| {
            rule_ids::all().filter(|(index, _)| set.has(*index)).map(|(_, name)| name).collect()
        };
        (names(leniency.warned), names(leniency.audited))
    }

    #[rstest]
    #[case::nothing(json!({}), &[], &[])]
    #[case::nulls(json!({"default": null, "rules": null}), &[], &[])]
    #[case::single_rules(json!({"rules": {"privileged": "Warn", "pss/hostPorts": "Audit", "volumes": "Deny"}}),
        &["privileged"], &["pss/hostPorts"])]
    #[case::of_both_kinds(json!({"default": "Deny", "rules": {"pss/privileged": "Warn", "seccomp": "Warn"}}),
        &["seccomp", "pss/privileged"], &[])]
    fn loads(#[case] enforcement: serde_json::Value, #[case] warned: &[&str], #[case] audited: &[&str]) {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(loaded(&enforcement), (names(warned), names(audited)));
    }

    #[test]
    fn a_default_holds_for_all_others() {
        let (warned, audited) =
            loaded(&json!({"default": "Warn", "rules": {"privileged": "Deny", "pss/procMount": "Audit"}}));
        assert_eq!(warned.len(), rule_ids::all().count() - 2);
        assert!(!warned.contains(&"privileged".to_owned()));
        assert_eq!(audited, ["pss/procMount"]);
    }

    #[rstest]
    #[case::rule(json!({"rules": {"privilegd": "Warn"}}),
        "enforcement.rules.privilegd: unknown rule; did you mean \"privileged\"?")]
    #[case::check(json!({"rules": {"pss/procMounts": "Warn"}}),
        "enforcement.rules[pss/procMounts]: unknown rule; did you mean \"pss/procMount\"?")]
    #[case::action(json!({"rules": {"privileged": "warn"}}),
        "enforcement.rules.privileged: Unsupported value: \"warn\": supported values: \"Deny\", \"Warn\", \"Audit\"")]
    #[case::default(json!({"default": "Ignore"}),
        "enforcement.default: Unsupported value: \"Ignore\": supported values: \"Deny\", \"Warn\", \"Audit\"")]
    #[case::key(json!({"rule": {}}), "enforcement.rule: unknown field; did you mean \"rules\"?")]
    #[case::no_object(json!("Warn"), "enforcement: must be an object, not the string \"Warn\"")]
    fn refuses(#[case] enforcement: serde_json::Value, #[case] expected: &str) {
        assert_eq!(problems(&json!({ "enforcement": enforcement })), expected);
    }

    #[test]
    fn settings_hold_it() {
        let text = policy(&json!({"enforcement": {"rules": {"privileged": "Warn"}}})).to_string();
        assert!(!Settings::parse(&text).unwrap().leniency.is_none());
    }
}
