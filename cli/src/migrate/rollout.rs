//! The commands that switch registrations on, in order, and the one that switches them off.
//!
//! Defaults come first: a validating half that rejects while nothing is filled in would reject every pod without
//! defaults. Only when both halves have proved themselves may a policy server that is down stop pods.

use serde::Serialize;
use serde_json::Value;

use super::manifests::{Form, Mode};

/// The step that no other one leads to.
pub(super) const UNDO: &str = "undo, at any time, without a policy server";

/// A command, and what it is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Step {
    pub(super) text: &'static str,
    pub(super) command: String,
}

/// The commands for these registrations, each of which is half of a pair.
pub(super) fn steps(manifests: &[Value], form: &Form) -> Vec<Step> {
    if manifests.is_empty() {
        return Vec::new();
    }
    let (mutating, validating): (Vec<&Value>, Vec<&Value>) =
        manifests.iter().partition(|manifest| manifest.pointer("/spec/mutating") == Some(&Value::Bool(true)));
    let [mutating, validating] = [mutating, validating].map(|half| targets(&half));
    let both = targets(&manifests.iter().collect::<Vec<_>>());
    let mut steps = Vec::new();
    if form.mode == Mode::Monitor {
        let halves = [("fill in defaults", &mutating), ("reject", &validating)];
        for (text, targets) in halves.into_iter().filter(|(_, targets)| !targets.is_empty()) {
            let protect = |target: &String| patch(target, r#"{"spec":{"mode":"protect"}}"#);
            steps.push(Step { text, command: each(targets, protect) });
            steps.push(Step { text: "wait until the policy server does so", command: each(targets, wait) });
        }
        let text = match manifests.iter().any(judges_pods) {
            true => "also reject while the policy server is down: then no pod starts",
            false => {
                "also reject while the policy server is down: then no namespace is created, nor its labels changed"
            }
        };
        let fail = |target: &String| patch(target, r#"{"spec":{"failurePolicy":"Fail"}}"#);
        steps.push(Step { text, command: each(&both, fail) });
    }
    let all: Vec<String> = validating.into_iter().chain(mutating).collect();
    steps.push(Step {
        text: UNDO,
        command: each(&all, |target| format!("kubectl delete {target} --ignore-not-found")),
    });
    steps
}

/// Whether a registration is for pods, and not for the labels of namespaces.
fn judges_pods(manifest: &Value) -> bool {
    let rules = manifest.pointer("/spec/rules").and_then(Value::as_array).into_iter().flatten();
    let mut resources = rules.filter_map(|rule| rule.get("resources")?.as_array()).flatten();
    resources.any(|resource| resource == "pods")
}

fn each(targets: &[String], command: impl Fn(&String) -> String) -> String {
    targets.iter().map(command).collect::<Vec<_>>().join(" && ")
}

/// The registrations as arguments of `kubectl`, those of each kind and namespace together, mutating ones first.
fn targets(manifests: &[&Value]) -> Vec<String> {
    let mut targets: Vec<String> = Vec::new();
    let text =
        |manifest: &Value, path: &str| manifest.pointer(path).and_then(Value::as_str).map(str::to_owned);
    let mut sorted = manifests.to_vec();
    sorted.sort_by_key(|manifest| manifest.pointer("/spec/mutating") != Some(&Value::Bool(true)));
    for manifest in sorted {
        let Some(name) = text(manifest, "/metadata/name") else { continue };
        let resource = match text(manifest, "/metadata/namespace") {
            None => "clusteradmissionpolicy ".to_owned(),
            Some(namespace) => format!("admissionpolicy --namespace {namespace} "),
        };
        match targets.iter_mut().find(|target| target.starts_with(&resource)) {
            Some(target) => target.extend([" ", &name]),
            None => targets.push(resource + &name),
        }
    }
    targets
}

fn patch(target: &str, patch: &str) -> String {
    format!("kubectl patch {target} --type merge --patch '{patch}'")
}

/// The mode in the status is that of the server's configuration; its pods have it a little later.
fn wait(target: &String) -> String {
    format!(
        "kubectl wait {target} --for=jsonpath='{{.status.mode}}'=protect --timeout=5m && \
         kubectl wait {target} --for=condition=PolicyUniquelyReachable --timeout=5m"
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::migrate::Kind;

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

    fn in_shop(half: Value) -> Value {
        let mut half = half;
        half["metadata"]["namespace"] = "shop".into();
        half
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
            commands(&[in_shop(half("psp-validating", false))], &form(Kind::Namespace, Mode::Monitor)),
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
