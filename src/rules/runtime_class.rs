//! The runtime class chooses the sandbox that a pod runs in, and some are not a sandbox at all.

use crate::json::{Listed, Quoted, Text, Value};
use crate::pod::Pod;
use crate::rule::spec::texts;
use crate::rule::{Entry, Findings, Rule, Spec};
use crate::schema::names::subdomain_problem;
use crate::schema::{Field, Shape};

pub(crate) const ENTRIES: &[Entry] = &[Entry {
    id: "runtimeClass",
    purpose: "The runtime classes that pods may name.",
    shape: Some(Shape::Object(&[
        Field::new(
            "allowedRuntimeClassNames",
            Shape::List(&Shape::Text),
            "The allowed names; `*` is any; empty allows none to be named.",
        ),
        Field::new("defaultRuntimeClassName", Shape::Text, "The class of pods that name none."),
    ])),
    pod_fields: "`runtimeClassName`",
    mutates: "the pod's `runtimeClassName`",
    default: "any runtime class",
    ..Entry::USUAL
}];

const ALLOWED: &str = "runtimeClass.allowedRuntimeClassNames";

/// Refuses classes that are not listed, and sets a default where the pod has none.
pub(crate) struct RuntimeClass<'s> {
    allowed: Vec<Text<'s>>,
    default: Option<Text<'s>>,
}

pub(super) fn load<'s>(spec: &mut Spec<'_, 's>) -> Option<RuntimeClass<'s>> {
    let settings = spec.get("runtimeClass")?;
    let allowed = settings.get("allowedRuntimeClassNames").map(texts).unwrap_or_default();
    let default = settings.get("defaultRuntimeClassName").and_then(Value::text);
    for (index, name) in allowed.iter().enumerate() {
        let path = format_args!("{ALLOWED}[{index}]");
        if let Some(problem) = subdomain_problem(name).filter(|_| name != "*") {
            spec.invalid(path, Quoted(name), problem);
        }
        if allowed.iter().take(index).any(|earlier| earlier == name) {
            spec.problem(path, format_args!("Duplicate value: {}", Quoted(name)));
        }
    }
    let any = allowed.iter().any(|name| name == "*");
    if let Some(default) = &default {
        if let Some(problem) = subdomain_problem(default) {
            spec.invalid("runtimeClass.defaultRuntimeClassName", Quoted(default), problem);
        }
        if !any && !allowed.contains(default) {
            spec.required(ALLOWED, format_args!("default {} must be allowed", Quoted(default)));
        }
    }
    if any && allowed.len() > 1 {
        let reason = "if '*' is present, must not specify other RuntimeClass names";
        spec.invalid(ALLOWED, format_args!("[{}]", Listed(&allowed)), reason);
    }
    Some(RuntimeClass { allowed, default })
}

impl Rule for RuntimeClass<'_> {
    fn mutate(&self, pod: &mut Pod<'_>) {
        if pod.spec.runtime_class_name.is_none() {
            pod.spec.runtime_class_name = self.default.as_ref().map(|name| Text::Owned(name.to_string()));
        }
    }

    fn validate(&self, pod: &Pod<'_>, found: &mut Findings<'_>) {
        let Some(name) = &pod.spec.runtime_class_name else { return };
        if !self.allowed.iter().any(|allowed| allowed == "*" || allowed == name) {
            found.invalid("spec.runtimeClassName", Quoted(name), "");
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use crate::testing::Outcome::{self, Admitted, Mutated, Rejected};
    use crate::testing::{judge_pod, problems};

    fn classes(allowed: &[&str], default: Option<&str>) -> Value {
        json!({"runtimeClass": {"allowedRuntimeClassNames": allowed, "defaultRuntimeClassName": default}})
    }

    #[rstest]
    #[case::any_without_the_setting(json!({}), json!("b"), Admitted)]
    #[case::null_setting(json!({"runtimeClass": null}), json!("b"), Admitted)]
    #[case::empty_setting_allows_none(json!({"runtimeClass": {}}), json!("b"), Rejected("spec.runtimeClassName: Invalid value: \"b\""))]
    #[case::empty_list_and_none_named(classes(&[], None), json!(null), Admitted)]
    #[case::empty_list_and_one_named(classes(&[], None), json!("b"), Rejected("spec.runtimeClassName: Invalid value: \"b\""))]
    #[case::unset_gets_the_default(classes(&["d"], Some("d")), json!(null), Mutated(json!({"runtimeClassName": "d"})))]
    #[case::without_a_default_unset_stays(classes(&["d"], None), json!(null), Admitted)]
    #[case::an_allowed_one_is_not_overwritten(classes(&["d", "b"], Some("d")), json!("b"), Admitted)]
    #[case::another(classes(&["d"], Some("d")), json!("b"), Rejected("spec.runtimeClassName: Invalid value: \"b\""))]
    #[case::any(classes(&["*"], Some("d")), json!("b"), Admitted)]
    #[case::empty_is_a_name(classes(&["d"], Some("d")), json!(""), Rejected("spec.runtimeClassName: Invalid value: \"\""))]
    fn judges(#[case] policy: Value, #[case] name: Value, #[case] expected: Outcome) {
        judge_pod(policy, json!({"spec": {"runtimeClassName": name}}), expected);
    }

    #[test]
    fn windows_pods_have_runtime_classes_too() {
        let pod = json!({"spec": {"os": {"name": "windows"}}});
        judge_pod(classes(&["d"], Some("d")), pod, Mutated(json!({"runtimeClassName": "d"})));
    }

    const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

    #[rstest]
    #[case::not_a_name(classes(&["A"], None), format!("runtimeClass.allowedRuntimeClassNames[0]: Invalid value: \"A\": {SUBDOMAIN}"))]
    #[case::named_twice(classes(&["a", "a"], None), "runtimeClass.allowedRuntimeClassNames[1]: Duplicate value: \"a\"".to_owned())]
    #[case::default_is_not_allowed(classes(&["a"], Some("b")),
        "runtimeClass.allowedRuntimeClassNames: Required value: default \"b\" must be allowed".to_owned())]
    #[case::default_is_no_wildcard(classes(&["*"], Some("*")),
        format!("runtimeClass.defaultRuntimeClassName: Invalid value: \"*\": {SUBDOMAIN}"))]
    #[case::wildcard_is_not_alone(classes(&["*", "a"], None),
        "runtimeClass.allowedRuntimeClassNames: Invalid value: [\"*\", \"a\"]: if '*' is present, must not specify other RuntimeClass names".to_owned())]
    fn refuses_settings(#[case] policy: Value, #[case] expected: String) {
        assert_eq!(problems(&policy), expected);
    }
}
