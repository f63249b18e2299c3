//! An unmasked `/proc` shows the node's kernel to a container.

use crate::json::{Quoted, Text};
use crate::pod::{Container, Pod};
use crate::rule::{Entry, Findings, Rule, Spec};
use crate::schema::Shape;

pub(crate) const ENTRIES: &[Entry] = &[Entry {
    id: "allowedProcMountTypes",
    purpose: "The ways in which `/proc` may be mounted.",
    shape: Some(Shape::List(&Shape::OneOf(&["Default", "Unmasked"]))),
    pod_fields: "containers' `securityContext.procMount`; absent reads as `Default`",
    default: "only `Default`",
    ..Entry::USUAL
}];

/// Refuses types that are not listed.
pub(crate) struct ProcMount<'s>(Vec<Text<'s>>);

pub(super) fn load<'s>(spec: &mut Spec<'_, 's>) -> Option<ProcMount<'s>> {
    let mut allowed = spec.texts("allowedProcMountTypes");
    if allowed.is_empty() {
        allowed.push("Default".into());
    }
    Some(ProcMount(allowed))
}

impl Rule for ProcMount<'_> {
    fn validate_container(&self, pod: &Pod<'_>, container: &Container<'_>, found: &mut Findings<'_>) {
        let own = container.security_context.proc_mount.as_deref();
        if own.is_none() && pod.is_windows() {
            return;
        }
        let actual = own.unwrap_or("Default");
        if !self.0.iter().any(|allowed| allowed == actual) {
            found.invalid("securityContext.procMount", Quoted(actual), "ProcMountType is not allowed");
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use crate::testing::Outcome::{self, Admitted, Rejected};
    use crate::testing::{judge, judge_within, problems};

    #[rstest]
    #[case::unset(json!({}), json!({}), Admitted)]
    #[case::default(json!({}), json!({"procMount": "Default"}), Admitted)]
    #[case::unmasked(json!({}), json!({"procMount": "Unmasked"}),
        Rejected("securityContext.procMount: Invalid value: \"Unmasked\": ProcMountType is not allowed"))]
    #[case::empty_list_is_the_default(json!({"allowedProcMountTypes": []}), json!({"procMount": "Unmasked"}),
        Rejected("securityContext.procMount: Invalid value: \"Unmasked\": ProcMountType is not allowed"))]
    #[case::unmasked_allowed(json!({"allowedProcMountTypes": ["Default", "Unmasked"]}), json!({"procMount": "Unmasked"}), Admitted)]
    #[case::only_unmasked_refuses_bare_containers(json!({"allowedProcMountTypes": ["Unmasked"]}), json!({}),
        Rejected("securityContext.procMount: Invalid value: \"Default\": ProcMountType is not allowed"))]
    #[case::only_unmasked_allows_it(json!({"allowedProcMountTypes": ["Unmasked"]}), json!({"procMount": "Unmasked"}), Admitted)]
    #[case::unknown_type(json!({}), json!({"procMount": "default"}),
        Rejected("securityContext.procMount: Invalid value: \"default\": ProcMountType is not allowed"))]
    fn judges(#[case] policy: Value, #[case] security_context: Value, #[case] expected: Outcome) {
        judge(policy, json!({"securityContext": security_context}), expected);
    }

    #[rstest]
    #[case::need_none(json!({}), Admitted)]
    #[case::are_judged_if_they_have_one(json!({"procMount": "Default"}),
        Rejected("securityContext.procMount: Invalid value: \"Default\": ProcMountType is not allowed"))]
    fn windows_pods(#[case] security_context: Value, #[case] expected: Outcome) {
        let policy = json!({"allowedProcMountTypes": ["Unmasked"]});
        let pod = json!({"spec": {"os": {"name": "windows"}}});
        judge_within(pod, policy, json!({"securityContext": security_context}), expected);
    }

    #[test]
    fn refuses_settings() {
        assert_eq!(
            problems(&json!({"allowedProcMountTypes": ["Default", "unmasked"]})),
            "allowedProcMountTypes[1]: Unsupported value: \"unmasked\": supported values: \"Default\", \"Unmasked\""
        );
    }
}
