//! The commands that switch registrations on, in order, and the one that switches them off.
//!
//! Defaults come first: a validating half that rejects while nothing is filled in would reject every pod without
//! defaults. Only when both halves have proved themselves may a policy server that is down stop pods.

use serde::Serialize;
use serde_json::Value;

use super::manifests::{Form, Kind, Mode};

/// A command, and what it is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Step {
    pub(super) text: &'static str,
    pub(super) command: String,
}

/// The commands for these registrations, each of which is half of a pair.
pub(super) fn steps(manifests: &[Value], form: &Form) -> Vec<Step> {
    let (mutating, validating): (Vec<&Value>, Vec<&Value>) =
        manifests.iter().partition(|manifest| manifest.pointer("/spec/mutating") == Some(&Value::Bool(true)));
    let [mutating, validating] = [mutating, validating].map(|half| names(&half));
    let both = [&*mutating, &*validating].map(str::to_owned).into_iter().filter(|names| !names.is_empty());
    let both = both.collect::<Vec<_>>().join(" ");
    let mut steps = Vec::new();
    if form.mode == Mode::Monitor {
        let halves = [("fill in defaults", &mutating), ("reject", &validating)];
        for (text, names) in halves.into_iter().filter(|(_, names)| !names.is_empty()) {
            steps.push(Step { text, command: patch(form, names, r#"{"spec":{"mode":"protect"}}"#) });
            steps.push(Step { text: "wait until the policy server does so", command: wait(form, names) });
        }
        let text = "from here on no pod starts while the policy server is down";
        steps.push(Step { text, command: patch(form, &both, r#"{"spec":{"failurePolicy":"Fail"}}"#) });
    }
    let delete = [validating, mutating].into_iter().filter(|names| !names.is_empty());
    let delete: Vec<String> =
        delete.map(|names| format!("kubectl delete {} {names} --ignore-not-found", resource(form))).collect();
    steps.push(Step {
        text: "to switch all of it off, which needs no policy server",
        command: delete.join(" && "),
    });
    steps
}

fn names(half: &[&Value]) -> String {
    let names = half.iter().filter_map(|manifest| manifest.pointer("/metadata/name")?.as_str());
    names.collect::<Vec<_>>().join(" ")
}

/// The kind of the registrations, as arguments of `kubectl`.
fn resource(form: &Form) -> String {
    match form.kind {
        Kind::Cluster => "clusteradmissionpolicy".to_owned(),
        Kind::Namespace => {
            format!("admissionpolicy --namespace {}", form.namespace.as_deref().unwrap_or_default())
        }
    }
}

fn patch(form: &Form, names: &str, patch: &str) -> String {
    format!("kubectl patch {} {names} --type merge --patch '{patch}'", resource(form))
}

/// The mode in the status is that of the server's configuration; its pods have it a little later.
fn wait(form: &Form, names: &str) -> String {
    let resource = resource(form);
    format!(
        "kubectl wait {resource} {names} --for=jsonpath='{{.status.mode}}'=protect --timeout=5m && \
         kubectl wait {resource} {names} --for=condition=PolicyUniquelyReachable --timeout=5m"
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn form(kind: Kind, mode: Mode) -> Form {
        Form {
            kind,
            namespace: (kind == Kind::Namespace).then(|| "shop".to_owned()),
            module: String::new(),
            policy_server: "default".to_owned(),
            mode,
            background_audit: true,
            inside_kubewarden: false,
        }
    }

    fn half(name: &str, mutating: bool) -> Value {
        json!({"metadata": {"name": name}, "spec": {"mutating": mutating}})
    }

    fn commands(manifests: &[Value], form: &Form) -> Vec<String> {
        steps(manifests, form).into_iter().map(|step| step.command).collect()
    }

    #[test]
    fn defaults_come_first_and_the_validating_half_goes_first() {
        let pair = [half("psp-mutating", true), half("psp-validating", false)];

        assert_eq!(
            commands(&pair, &form(Kind::Cluster, Mode::Monitor)),
            [
                r#"kubectl patch clusteradmissionpolicy psp-mutating --type merge --patch '{"spec":{"mode":"protect"}}'"#,
                "kubectl wait clusteradmissionpolicy psp-mutating --for=jsonpath='{.status.mode}'=protect --timeout=5m && kubectl wait clusteradmissionpolicy psp-mutating --for=condition=PolicyUniquelyReachable --timeout=5m",
                r#"kubectl patch clusteradmissionpolicy psp-validating --type merge --patch '{"spec":{"mode":"protect"}}'"#,
                "kubectl wait clusteradmissionpolicy psp-validating --for=jsonpath='{.status.mode}'=protect --timeout=5m && kubectl wait clusteradmissionpolicy psp-validating --for=condition=PolicyUniquelyReachable --timeout=5m",
                r#"kubectl patch clusteradmissionpolicy psp-mutating psp-validating --type merge --patch '{"spec":{"failurePolicy":"Fail"}}'"#,
                "kubectl delete clusteradmissionpolicy psp-validating --ignore-not-found && kubectl delete clusteradmissionpolicy psp-mutating --ignore-not-found",
            ]
        );
    }

    #[test]
    fn what_only_validates_has_one_half() {
        assert_eq!(
            commands(&[half("psp-validating", false)], &form(Kind::Namespace, Mode::Monitor)),
            [
                r#"kubectl patch admissionpolicy --namespace shop psp-validating --type merge --patch '{"spec":{"mode":"protect"}}'"#,
                "kubectl wait admissionpolicy --namespace shop psp-validating --for=jsonpath='{.status.mode}'=protect --timeout=5m && kubectl wait admissionpolicy --namespace shop psp-validating --for=condition=PolicyUniquelyReachable --timeout=5m",
                r#"kubectl patch admissionpolicy --namespace shop psp-validating --type merge --patch '{"spec":{"failurePolicy":"Fail"}}'"#,
                "kubectl delete admissionpolicy --namespace shop psp-validating --ignore-not-found",
            ]
        );
    }

    #[test]
    fn what_protects_from_the_start_can_still_be_switched_off() {
        let pair = [half("psp-mutating", true), half("psp-validating", false)];

        assert_eq!(commands(&pair, &form(Kind::Cluster, Mode::Protect)).len(), 1);
    }
}
