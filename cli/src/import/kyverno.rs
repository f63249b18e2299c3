//! Kyverno's policies.
//!
//! They are free-form, so a rule is recognized by what it checks: patterns, conditions and expressions are all read as
//! demands on fields, and a demand that settings can make is converted, whatever the name of the policy. All others that are
//! about governed fields are refused, with the demand that the published policies make of the field.

mod action;
mod cel;
mod celrules;
mod demand;
mod deny;
mod exception;
mod fact;
mod governed;
mod matching;
mod mutation;
mod pattern;
mod pod_security;
mod policy;
mod validating;

use exception::Exception;
use fact::Unread;
use policy::{Context, Outcome, Policy};

use super::{Findings, Surroundings};
use crate::error::Error;
use crate::input::Object;

const KINDS: [(&str, &str); 8] = [
    ("kyverno.io", "ClusterPolicy"),
    ("kyverno.io", "Policy"),
    ("kyverno.io", "PolicyException"),
    ("policies.kyverno.io", "ValidatingPolicy"),
    ("policies.kyverno.io", "NamespacedValidatingPolicy"),
    ("policies.kyverno.io", "MutatingPolicy"),
    ("policies.kyverno.io", "NamespacedMutatingPolicy"),
    ("policies.kyverno.io", "PolicyException"),
];

/// Whether an object is a policy of Kyverno's, or an exception from one.
pub(super) fn recognizes(object: &Object) -> bool {
    KINDS.iter().any(|(group, kind)| object.group() == *group && object.kind == *kind)
}

/// Reads all policies and exceptions.
pub(super) fn read(objects: &[Object], around: &Surroundings) -> Findings {
    let mut findings = Findings::default();
    let (exceptions, policies): (Vec<&Object>, Vec<&Object>) =
        objects.iter().partition(|object| object.kind == "PolicyException");
    let namespaces: Vec<String> = around.namespaces.iter().map(|namespace| namespace.name.clone()).collect();
    let read: Vec<Exception> = exceptions.into_iter().map(Exception::of).collect();
    let context = Context { exceptions: &read, namespaces: &namespaces };
    for object in &policies {
        if object.group() == "policies.kyverno.io" {
            note(object, object.title(), validating::convert(object, context), &mut findings);
            continue;
        }
        match Policy::of(object) {
            Ok(policy) => convert(object, &policy, context, &mut findings),
            Err(reason) => findings.left_alone.push((object.title(), reason)),
        }
    }
    for exception in &read {
        if !policies.iter().any(|policy| exception.names(policy)) {
            findings.left_alone.push((exception.title.clone(), "names no policy of the input".to_owned()));
        }
    }
    findings
}

/// Converts the rules of a policy.
fn convert(object: &Object, policy: &Policy<'_>, context: Context<'_>, findings: &mut Findings) {
    let rules = policy.rules();
    if rules.is_empty() {
        findings.left_alone.push((object.title(), "has no rules".to_owned()));
    }
    for (nth, rule) in rules.iter().enumerate() {
        let name = rule.get("name").and_then(serde_json::Value::as_str).unwrap_or_default();
        let title = if rules.len() > 1 { format!("{}, rule {name}", object.title()) } else { object.title() };
        note(object, title, policy.convert(nth, rule, context), findings);
    }
}

/// Notes what became of a policy or of one of its rules.
fn note(object: &Object, title: String, outcome: Result<Outcome, Unread>, findings: &mut Findings) {
    match outcome {
        Ok(Outcome::Converted(pieces)) => findings.pieces.extend(pieces),
        Ok(Outcome::LeftAlone(reason)) => findings.left_alone.push((title, reason)),
        Err(Unread { path, reason }) => {
            let reason = format_args!("{title}: cannot be converted: {path}: {reason}");
            findings.refused.push(Error::at(object.place(&path), reason));
        }
    }
}

#[cfg(test)]
#[path = "kyverno/corpus/tests.rs"]
mod corpus;
#[cfg(test)]
mod tests;
