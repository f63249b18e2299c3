//! The violations listed in a rejection: for each, the field as the author of the pod wrote it, the problem, and
//! the value, of all policies together.

use std::collections::BTreeSet;

use serde_json::Value;

use super::fields::same_set;
use crate::case::Reasons;
use crate::deviations;
use crate::difference::Difference;

/// The possible starts of a field error after its path.
const PROBLEMS: [&str; 3] = ["Invalid value", "Required value", "Forbidden"];
/// The start of a rejection by several policies.
const SEVERAL: &str = "no PodSecurityPolicy admits this pod: ";
/// The lists of containers.
const LISTS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];
const SECCOMP: &str = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";
const APP_ARMOR_CONTAINER: &str = "container.apparmor.security.beta.kubernetes.io/";

/// A field and its problem.
type Violation = (String, String);

/// Whether two rejections of a pod list the same violations.
pub(super) fn same(pod: &Value, refusal: &str, message: &str) -> Result<(), Difference> {
    let original: BTreeSet<Violation> =
        errors(refusal).flat_map(|error| as_written(pod, &error).into_iter()).collect();
    let ours: BTreeSet<Violation> = errors(message).map(|error| located(pod, &error)).collect();
    // Beyond 32 violations of a policy ours are only counted.
    let cut = message.contains("; and ");
    let missing: Vec<&Violation> = original.difference(&ours).filter(|_| !cut).collect();
    let added: Vec<&Violation> = ours.difference(&original).collect();
    if added.is_empty() && missing.is_empty() {
        return Ok(());
    }
    let text = format!(
        "only the original has {missing:?}, only we have {added:?}; the original says {refusal:?}, we say {message:?}"
    );
    let paths = match deviations::problems(message) {
        Some(problems) => problems.map(|problem| format!("settings: {problem}")).collect(),
        None => missing.into_iter().chain(added).map(|(path, _)| path.clone()).collect(),
    };
    Err(Difference::new("violations", text, vec![paths]))
}

/// Explanations for a rejection by the original only: it does not say which policy has which violation, so each may
/// have been the one that kept a policy from accepting the pod. That a policy would have to change the pod is never
/// reported: it can be the only reason, or be hidden by the violations of others.
pub(super) fn of_original(pod: &Value, refusal: &str, unchanged: bool) -> Vec<Vec<String>> {
    let mut ways: Vec<Vec<String>> =
        errors(refusal).flat_map(|error| as_written(pod, &error)).map(|(path, _)| vec![path]).collect();
    if ways.is_empty() || unchanged {
        ways.push(vec!["unchanged".to_owned()]);
    }
    ways
}

/// All objections of the original to the pod under the policy that admits it with us: only a missing grant, if it
/// gives no reason.
pub(super) fn reasons(pod: &Value, all: &[Reasons], winner: &str) -> Vec<String> {
    let Some(reasons) = all.iter().find(|reasons| reasons.policy == winner) else {
        return vec!["granted".to_owned()];
    };
    let errors = errors(&reasons.errors).flat_map(|error| as_written(pod, &error)).map(|(path, _)| path);
    let changes = reasons.changes.iter().map(|path| {
        let field = annotation(path).and_then(|key| field_of(pod, key));
        // A missing annotation does not imply that the field would differ.
        field.map_or_else(|| path.clone(), |field| format!("{field}.annotation"))
    });
    errors.chain(changes).collect()
}

/// Explanations for a rejection by us only: all objections of one of the policies to the pod; without any, a grant is
/// missing.
pub(super) fn of_ours(pod: &Value, message: &str) -> Vec<Vec<String>> {
    let policies =
        message.strip_prefix(SEVERAL).map_or_else(|| vec![message], |list| list.split("; \"").collect());
    let paths = |policy: &str| -> Vec<String> {
        let before = ["would have to be changed: ", "would be filled in: "];
        let changes = before.iter().flat_map(|before| policy.split(before).skip(1));
        let changed = changes.filter_map(|change| change.split_once(" = ")).map(|(path, value)| {
            if is_reordered(pod, path, value) { format!("{path}.order") } else { path.to_owned() }
        });
        errors(policy).map(|error| located(pod, &error).0).chain(changed).collect()
    };
    let ways: Vec<Vec<String>> = policies.into_iter().map(paths).filter(|paths| !paths.is_empty()).collect();
    if ways.is_empty() { vec![vec!["granted".to_owned()]] } else { ways }
}

/// Whether a list would only be sorted, if the text begins with its new value.
fn is_reordered(pod: &Value, path: &str, text: &str) -> bool {
    let after = serde_json::Deserializer::from_str(text).into_iter::<Value>().next();
    let before = pod.pointer(&pointer(path)).and_then(Value::as_array);
    match (before, after) {
        (Some(before), Some(Ok(Value::Array(after)))) => same_set(before, &after),
        _ => false,
    }
}

/// The path of a field as a JSON pointer.
fn pointer(path: &str) -> String {
    format!("/{}", path.replace(['.', '['], "/").replace(']', ""))
}

/// One field error in a rejection.
struct Error<'t> {
    path: &'t str,
    problem: &'static str,
    /// The text after the problem, up to the next error.
    rest: &'t str,
}

/// The field errors in a text, however they are joined: each begins with a path and a known problem.
fn errors(text: &str) -> impl Iterator<Item = Error<'_>> {
    let mut starts: Vec<(usize, usize, &'static str)> = Vec::new();
    let mut at = 0;
    for word in text.split(' ') {
        let start = at + usize::from(word.starts_with('['));
        at += word.len() + 1;
        let path = word.trim_start_matches('[');
        let rooted = ["spec.", "pod.", "metadata."].iter().any(|root| path.starts_with(root));
        let behind = text.get(at..).unwrap_or_default();
        if let (true, true, Some(problem)) =
            (rooted, path.ends_with(':'), PROBLEMS.into_iter().find(|problem| behind.starts_with(problem)))
        {
            starts.push((start, at, problem));
        }
    }
    let ends: Vec<usize> = starts.iter().skip(1).map(|(start, ..)| *start).chain([text.len()]).collect();
    starts.into_iter().zip(ends).map(move |((start, behind, problem), end)| Error {
        path: text.get(start..behind).unwrap_or_default().trim_end_matches([' ', ':']),
        problem,
        rest: text.get(behind + problem.len()..end).unwrap_or_default(),
    })
}

impl Error<'_> {
    /// The problem, with its value, spelt alike on both sides.
    fn problem(&self) -> String {
        if self.problem != "Invalid value" {
            return self.problem.to_owned();
        }
        let rest = self.rest.trim_start_matches(": ");
        let text = rest.strip_prefix('"').and_then(|text| text.split('"').next());
        if let Some(text) = text {
            return format!("Invalid value: {text}");
        }
        let value = rest.split([':', ';']).next().unwrap_or_default().trim_end_matches([' ', ']']);
        let plain = value.replace("[]int64", "").replace(['{', '}', '[', ']'], "");
        format!("Invalid value: {plain}")
    }
}

/// A violation of the original, at the field that the author of the pod wrote. A host port has no index there, and
/// several ports may be meant.
fn as_written(pod: &Value, error: &Error<'_>) -> Vec<Violation> {
    let path = error.path.strip_prefix("pod.").unwrap_or(error.path);
    let problem = error.problem();
    if let Some(container) = path.strip_suffix(".hostPort") {
        let port = problem.rsplit(' ').next().unwrap_or_default();
        return ports(pod, container, port)
            .map(|index| (format!("{container}.ports[{index}].hostPort"), problem.clone()))
            .collect();
    }
    if let Some(key) = annotation(path) {
        // An empty profile is a missing one.
        let missing = error.rest.starts_with(":  is not an allowed seccomp profile");
        let problem = if missing { "Required value".to_owned() } else { problem };
        return vec![(field_of(pod, key).unwrap_or_else(|| path.to_owned()), problem)];
    }
    let path = match path.strip_prefix("spec.securityContext.") {
        Some(field @ ("hostNetwork" | "hostPID" | "hostIPC")) => format!("spec.{field}"),
        _ if path.ends_with("].securityContext") => format!("{path}.runAsGroup"),
        _ => {
            path.replace(".hostPath.pathPrefix", ".hostPath.path").replace("].driver", "].flexVolume.driver")
        }
    };
    vec![(path, problem)]
}

/// One of ours, at the field rather than at an annotation that it replaced.
fn located(pod: &Value, error: &Error<'_>) -> Violation {
    let field = annotation(error.path).and_then(|key| field_of(pod, key));
    (field.unwrap_or_else(|| error.path.to_owned()), error.problem())
}

fn annotation(path: &str) -> Option<&str> {
    path.strip_prefix("metadata.annotations[")?.strip_suffix(']')
}

/// The field that replaced an annotation.
fn field_of(pod: &Value, key: &str) -> Option<String> {
    let of = |name: &str, field: &str| {
        LISTS.into_iter().find_map(|list| {
            let containers = pod.pointer(&format!("/spec/{list}"))?.as_array()?;
            let named = |container: &Value| container.get("name").and_then(Value::as_str) == Some(name);
            let index = containers.iter().position(named)?;
            Some(format!("spec.{list}[{index}].securityContext.{field}"))
        })
    };
    if key == SECCOMP {
        Some("spec.securityContext.seccompProfile".to_owned())
    } else if let Some(name) = key.strip_prefix(SECCOMP_CONTAINER) {
        of(name, "seccompProfile")
    } else {
        of(key.strip_prefix(APP_ARMOR_CONTAINER)?, "appArmorProfile")
    }
}

/// The indexes of the ports of a container with this host port.
fn ports<'p>(pod: &'p Value, container: &str, port: &'p str) -> impl Iterator<Item = usize> + use<'p> {
    // The API server fills in host ports for all containers but ephemeral ones.
    let host_network = pod.pointer("/spec/hostNetwork") == Some(&Value::Bool(true))
        && !container.contains("ephemeralContainers");
    let list =
        pod.pointer(&format!("{}/ports", pointer(container))).and_then(Value::as_array).into_iter().flatten();
    list.enumerate().filter_map(move |(index, entry)| {
        let number = |key: &str| entry.get(key).and_then(Value::as_i64).filter(|number| *number != 0);
        let taken = number("hostPort").or_else(|| number("containerPort").filter(|_| host_network));
        (taken?.to_string() == port).then_some(index)
    })
}
