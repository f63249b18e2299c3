//! Options that the original did not have must not change its decisions.
//!
//! Each case is tried with options derived from its name, so that it breaks the same law on every run.

use anyhow::Result;
use serde_json::{Value, json};

use super::Held;
use crate::case::Case;
use crate::difference::Difference;
use crate::generate::Rng;
use crate::ours::{self, Answer};
use crate::subject::{Library, Subject};

/// The rules, as settings name them.
pub(super) fn all_rules() -> Vec<&'static str> {
    pod_security_policy::rules::all().map(|(_, rule)| rule.id).collect()
}

/// The equivalent of absence in a policy, for rules that fill nothing in.
fn without(rule: &str) -> Option<Value> {
    Some(match rule {
        "hostIPC" | "hostPID" => true.into(),
        "hostPorts" => json!([{"min": 0, "max": 65_535}]),
        // Nor `allowedHostPaths`, which rejects `..` even where it is empty.
        "allowedFlexVolumes" | "forbiddenSysctls" => json!([]),
        "allowedCSIDrivers" => Value::Null,
        "volumes" => json!(["*"]),
        _ => return None,
    })
}

/// The law that our answers to a case break, if they break one.
///
/// # Errors
///
/// When the subject cannot be run.
pub fn broken(subject: &mut dyn Subject, case: &Case, answer: &Answer) -> Result<Option<Difference>> {
    let mut rng = Rng::of_name(&case.name);
    // Half of the cases: the laws cost as much as the cases.
    let law = match rng.count(0, 5) {
        0 => selection_comes_first,
        1 => ignored_is_absent,
        2 => defaults_satisfy_restricted,
        _ => return Ok(None),
    };
    law(subject, case, answer, &mut rng)
}

/// The same, for the library.
pub(super) fn holds(case: &Case, answer: &Answer, _: &mut Rng) -> Held {
    match broken(&mut Library, case, answer) {
        Ok(None) => Held::Holds,
        Ok(Some(difference)) => Held::Broken(format!("{}: {}", difference.what, difference.text)),
        Err(fault) => Held::Broken(fault.to_string()),
    }
}

/// A policy that admits the pod under full enforcement wins under any, and fills in the same: `Warn`, `Audit` and
/// exemptions only count where no policy would admit the pod.
fn selection_comes_first(
    subject: &mut dyn Subject,
    case: &Case,
    answer: &Answer,
    rng: &mut Rng,
) -> Result<Option<Difference>> {
    if !answer.accepted {
        return Ok(None);
    }
    let namespace = case.pod.pointer("/metadata/namespace");
    let count = rng.count(1, 6);
    let rules = rng.some(&all_rules(), count);
    let options = match rng.count(0, 4) {
        0 => json!({"enforcement": {"default": rng.pick(&["Warn", "Audit"])}}),
        1 | 2 => {
            let actions: serde_json::Map<String, Value> =
                rules.iter().map(|rule| ((*rule).to_owned(), rng.pick(&["Warn", "Audit"]).into())).collect();
            json!({"enforcement": {"rules": actions}})
        }
        3 => json!({"exemptions": [exemption(&json!({"namespaces": [namespace]}), &rules)]}),
        _ => {
            let matched = json!({"namespaces": [namespace], "images": ["registry.example.com/*"]});
            json!({"exemptions": [exemption(&matched, &rules)]})
        }
    };
    let mut tolerant = subject.answer(case, &options)?;
    if options.get("exemptions").is_some() {
        // A rule from which the pod is exempt fills nothing in, whichever policy wins.
        tolerant.mutated.clone_from(&answer.mutated);
    }
    Ok(compared("selection comes first", &options, answer, &tolerant))
}

fn exemption(matched: &Value, rules: &[&str]) -> Value {
    json!({"name": "tried", "reason": "a law", "match": matched, "rules": rules})
}

/// A rule that is switched off decides nothing: as if the policies did not have it.
fn ignored_is_absent(
    subject: &mut dyn Subject,
    case: &Case,
    _: &Answer,
    rng: &mut Rng,
) -> Result<Option<Difference>> {
    let absent = |rule| without(rule).map(|value| (rule, value));
    let rule = rng.pick(&all_rules().into_iter().map(absent).collect::<Vec<_>>());
    let Some((rule, instead)) = rule.filter(|_| ours::problems(case).is_none()) else { return Ok(None) };
    let mut absent = case.clone();
    for policy in &mut absent.psps {
        if let Some(spec) = policy.get_mut("spec").and_then(Value::as_object_mut) {
            spec.insert(rule.to_owned(), instead.clone());
        }
    }
    let options = json!({"enforcement": {"rules": {rule: "Ignore"}}});
    let expected = subject.answer(&absent, &Value::Null)?;
    let ignoring = subject.answer(case, &options)?;
    Ok(compared("ignored is absent", &options, &expected, &ignoring))
}

/// Where the standard `restricted` denies, a user that a policy fills in brings `runAsNonRoot` with it: otherwise it
/// would reject every such pod. The policy that wins is the same, and nothing else is written.
fn defaults_satisfy_restricted(
    subject: &mut dyn Subject,
    case: &Case,
    answer: &Answer,
    _: &mut Rng,
) -> Result<Option<Difference>> {
    let spec = |field: &str| case.pod.pointer(&format!("/spec/{field}"));
    let relaxed = spec("hostUsers") == Some(&Value::Bool(false)) || spec("os/name").is_some();
    if !answer.accepted || relaxed {
        return Ok(None);
    }
    let options = json!({"podSecurityStandards": {"enforce": "restricted"}});
    let found = subject.answer(case, &options)?;
    let mut expected = answer.clone();
    if let Some(pod) = &mut expected.mutated {
        say_non_root(&case.pod, pod);
    }
    if !found.accepted {
        let restricted = found.message.as_deref().is_some_and(|text| text.contains("violates PodSecurity"));
        let needless = expected.mutated.as_ref().is_some_and(|pod| has_no_root(&case.pod, pod))
            && found.message.as_deref().is_some_and(|text| text.contains("runAsNonRoot != true"));
        return Ok((!restricted || needless).then(|| difference("restricted", &options, &expected, &found)));
    }
    Ok(compared("restricted", &options, &expected, &found))
}

const LISTS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];

fn own<'v>(object: Option<&'v Value>, field: &str) -> Option<&'v Value> {
    object?.pointer(&format!("/securityContext/{field}")).filter(|value| !value.is_null())
}

/// Writes `runAsNonRoot: true` into each container that was given a user above 0 and inherits nothing.
fn say_non_root(sent: &Value, filled: &mut Value) {
    let inherited = own(filled.get("spec"), "runAsNonRoot").is_some();
    for list in LISTS {
        let containers = filled.pointer_mut(&format!("/spec/{list}")).and_then(Value::as_array_mut);
        for (index, container) in containers.into_iter().flatten().enumerate() {
            let before = own(sent.pointer(&format!("/spec/{list}/{index}")), "runAsUser");
            let user = own(Some(&*container), "runAsUser").and_then(Value::as_i64);
            let open = !inherited && own(Some(&*container), "runAsNonRoot").is_none();
            let context = container.pointer_mut("/securityContext").and_then(Value::as_object_mut);
            if let (None, Some(1..), true, Some(context)) = (before, user, open, context) {
                context.insert("runAsNonRoot".to_owned(), true.into());
            }
        }
    }
}

/// Whether every container of a pod was given its user, so that nothing is left to set.
fn has_no_root(sent: &Value, filled: &Value) -> bool {
    own(filled.get("spec"), "runAsNonRoot").is_none()
        && LISTS.into_iter().all(|list| {
            let containers = filled.pointer(&format!("/spec/{list}")).and_then(Value::as_array);
            containers.into_iter().flatten().enumerate().all(|(index, container)| {
                let before = own(sent.pointer(&format!("/spec/{list}/{index}")), "runAsUser");
                before.is_none() && own(Some(container), "runAsNonRoot") == Some(&Value::Bool(true))
            })
        })
}

fn compared(law: &'static str, options: &Value, expected: &Answer, found: &Answer) -> Option<Difference> {
    (expected != found).then(|| difference(law, options, expected, found))
}

fn difference(law: &'static str, options: &Value, expected: &Answer, found: &Answer) -> Difference {
    let text = format!("with {options} we say {found:?} instead of {expected:?}");
    Difference { what: law, text, ..Difference::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate;

    /// Answers the same with and without options, or not.
    struct Subjected(Option<fn(&mut Answer)>);

    impl Subject for Subjected {
        fn answer(&mut self, _: &Case, options: &Value) -> Result<Answer> {
            let mut answer = Answer {
                accepted: true,
                winner: Some("a".to_owned()),
                mutated: Some(json!({})),
                message: None,
            };
            if let (Some(change), false) = (self.0, options.is_null()) {
                change(&mut answer);
            }
            Ok(answer)
        }

        fn problems(&mut self, _: &Case) -> Result<Option<String>> {
            Ok(None)
        }
    }

    /// The laws that a subject breaks.
    fn laws(change: Option<fn(&mut Answer)>) -> std::collections::BTreeSet<&'static str> {
        let cases = (0..300).map(|index| generate::case(4, index));
        let mut subject = Subjected(change);
        cases
            .filter_map(|case| {
                let answer = subject.answer(&case, &Value::Null).unwrap();
                broken(&mut subject, &case, &answer).unwrap()
            })
            .map(|difference| difference.what)
            .collect()
    }

    #[test]
    fn each_law_can_be_broken() {
        let all = ["ignored is absent", "restricted", "selection comes first"];
        assert_eq!(laws(None), [].into());
        assert_eq!(laws(Some(|answer| answer.winner = Some("b".to_owned()))), all.into());
        assert_eq!(laws(Some(|answer| answer.accepted = false)), all.into());
        assert_eq!(laws(Some(|answer| answer.mutated = Some(json!({"kind": "Pod"})))), all.into());
    }

    #[test]
    fn a_user_that_is_filled_in_is_not_root() {
        let sent = json!({"spec": {"containers": [{}, {"securityContext": {"runAsUser": 7}}, {}, {"securityContext": {"runAsNonRoot": false}}]}});
        let filled = json!({"spec": {"containers": [
            {"securityContext": {"runAsUser": 5}},
            {"securityContext": {"runAsUser": 7}},
            {"securityContext": {"runAsUser": 0}},
            {"securityContext": {"runAsUser": 5, "runAsNonRoot": false}},
        ]}});
        let mut said = filled.clone();
        say_non_root(&sent, &mut said);
        let mut expected = filled;
        expected["spec"]["containers"][0]["securityContext"]["runAsNonRoot"] = true.into();
        assert_eq!(said, expected);
    }
}
