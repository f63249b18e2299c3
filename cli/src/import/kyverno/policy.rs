//! ClusterPolicies and Policies, whose rules are patterns, conditions, expressions or levels of the Pod Security Standards.

mod preconditions;
mod validate;

use serde_json::{Map, Value};

use super::exception::{self, Exception};
use super::fact::{Fact, Unread};
use super::governed::{is_workload, word};
use super::matching::{self, add, texts};
use super::{action, demand, mutation, pod_security};
use crate::import::piece::{Action, Piece};
use crate::import::reach::Reach;
use crate::input::Object;
use preconditions::preconditions;
use validate::facts;

/// What became of a rule: its pieces, or why it is left alone.
pub(super) enum Outcome {
    Converted(Vec<Piece>),
    LeftAlone(String),
}

/// A policy with its rules, which may depend on each other.
pub(super) struct Policy<'o> {
    object: &'o Object,
    spec: Value,
    base: Reach,
    /// What all rules demand.
    whole: Vec<Fact>,
}

/// What surrounds a policy.
#[derive(Clone, Copy)]
pub(super) struct Context<'c> {
    pub(super) exceptions: &'c [Exception],
    /// The names of the namespaces of a dump.
    pub(super) namespaces: &'c [String],
}

impl<'o> Policy<'o> {
    /// Reads what is common to all rules; fails for a policy that is left alone, with the reason.
    pub(super) fn of(object: &'o Object) -> Result<Self, String> {
        let spec = object.value().get("spec").cloned().unwrap_or_default();
        if spec.get("admission") == Some(&Value::Bool(false)) {
            return Err("only reports in the background".to_owned());
        }
        let mut base = Reach::default();
        if object.kind == "Policy" {
            base.namespace = Some(object.namespace.clone().unwrap_or_else(|| "default".to_owned()));
        }
        let conditions = spec.pointer("/webhookConfiguration/matchConditions").and_then(Value::as_array);
        for condition in conditions.into_iter().flatten() {
            let expression = condition.get("expression").and_then(Value::as_str);
            expression.into_iter().for_each(|expression| add(&mut base, expression.to_owned()));
        }
        let mut policy = Policy { object, spec, base, whole: Vec::new() };
        for (nth, rule) in policy.rules().iter().enumerate() {
            let facts =
                rule.get("validate").map(|validate| facts(validate, &format!("spec.rules[{nth}].validate")));
            policy.whole.extend(facts.and_then(Result::ok).flatten().unwrap_or_default());
        }
        Ok(policy)
    }

    pub(super) fn rules(&self) -> Vec<Value> {
        self.spec.get("rules").and_then(Value::as_array).cloned().unwrap_or_default()
    }

    /// Converts one rule.
    pub(super) fn convert(&self, nth: usize, rule: &Value, context: Context<'_>) -> Result<Outcome, Unread> {
        let at = format!("spec.rules[{nth}]");
        let left = |reason: &str| Ok(Outcome::LeftAlone(reason.to_owned()));
        let (validate, mutate) = (rule.get("validate"), rule.get("mutate"));
        let Some(body) = validate.or(mutate) else {
            return left("generates objects or verifies images");
        };
        if body.get("podSecurity").is_none() && word(body).is_none() {
            return left("checks no field that settings govern");
        }
        if mutate.is_some_and(|mutate| mutate.get("targets").is_some()) {
            return left("changes objects that exist");
        }
        let mut matched = matching::read(rule, &self.base, &at)?;
        if matched.reaches.is_empty() {
            let kinds = texts(rule.pointer("/match/any/0/resources/kinds"));
            if kinds.iter().any(|kind| is_workload(kind)) {
                return Err(Unread::new(
                    format!("{at}.match"),
                    "a rule for workloads alone: settings judge them by their pods",
                ));
            }
            return left("is not about pods");
        }
        self.known_keys(rule, &at)?;
        let controllers = self.controllers();
        if controllers == Controllers::None {
            matched.reaches.iter_mut().for_each(|reach| reach.workloads = false);
        }
        let facts = match validate {
            Some(validate) => facts(validate, &format!("{at}.validate"))?,
            None => None,
        };
        for reach in &mut matched.reaches {
            preconditions(rule, facts.as_deref(), reach, &at)?;
        }
        let mut pieces = Vec::new();
        for reach in &matched.reaches {
            for (reach, action) in
                action::split(&self.spec, validate, reach, "spec.validationFailureActionOverrides")?
            {
                pieces.extend(self.pieces(rule, &at, facts.as_deref(), reach, action, context)?);
            }
        }
        if let (Controllers::Some(names), true) = (&controllers, matched.autogen) {
            for piece in &mut pieces {
                piece.differs(
                    "autogen-controllers",
                    format!("of workloads only {names} judged"),
                    "all",
                    "settings make no difference between workloads",
                );
            }
        }
        Ok(Outcome::Converted(pieces))
    }

    /// The pieces of a rule in one reach.
    fn pieces(
        &self,
        rule: &Value,
        at: &str,
        facts: Option<&[Fact]>,
        reach: Reach,
        action: Action,
        context: Context<'_>,
    ) -> Result<Vec<Piece>, Unread> {
        let name = rule.get("name").and_then(Value::as_str).unwrap_or_default();
        let mut piece = Piece::new(self.object, reach);
        piece.place = self.object.place(at);
        piece.action = action;
        if self.rules().len() > 1 {
            piece.title = format!("{}, rule {name}", piece.title);
        }
        let exceptions: Vec<&Exception> =
            context.exceptions.iter().filter(|one| one.is_for(self.object, name)).collect();
        exceptions.iter().for_each(|exception| exception.apply(&mut piece));
        let validate = rule.get("validate");
        let mut pieces = match (facts, validate.and_then(|validate| validate.get("podSecurity"))) {
            (Some(facts), _) => {
                demand::add(facts, &self.whole, &mut piece)
                    .map_err(|reason| Unread::new(format!("{at}.validate"), reason))?;
                vec![piece]
            }
            (None, Some(level)) => {
                let at = format!("{at}.validate.podSecurity");
                let mut pieces = Vec::new();
                for (piece, more) in exception::split(piece, &exceptions) {
                    pieces.extend(pod_security::pieces(level, &more, piece, context.namespaces, &at)?);
                }
                pieces
            }
            (None, None) => {
                let mutate = rule.get("mutate").cloned().unwrap_or_default();
                mutation::add(&mutate, &mut piece, &format!("{at}.mutate"))?;
                vec![piece]
            }
        };
        pieces.iter_mut().for_each(standards_and_workloads);
        Ok(pieces)
    }

    /// Refuses parts of a rule that would be dropped.
    fn known_keys(&self, rule: &Value, at: &str) -> Result<(), Unread> {
        const KNOWN: [&str; 10] = [
            "name",
            "match",
            "exclude",
            "context",
            "preconditions",
            "celPreconditions",
            "validate",
            "mutate",
            "skipBackgroundRequests",
            "reportProperties",
        ];
        let unknown =
            rule.as_object().into_iter().flat_map(Map::keys).find(|key| !KNOWN.contains(&key.as_str()));
        if let Some(key) = unknown {
            return Err(Unread::new(format!("{at}.{key}"), "is not known"));
        }
        if self.spec.get("applyRules").and_then(Value::as_str) == Some("One") && self.rules().len() > 1 {
            return Err(Unread::new(
                "spec.applyRules",
                "all rules hold in settings, not only the first that matches",
            ));
        }
        Ok(())
    }

    /// The workloads that rules are made for.
    fn controllers(&self) -> Controllers {
        let value = self.object.value();
        let list = value.pointer("/metadata/annotations/pod-policies.kyverno.io~1autogen-controllers");
        match list.and_then(Value::as_str) {
            None => Controllers::All,
            Some("none") => Controllers::None,
            Some(list) => {
                const ALL: [&str; 4] = ["DaemonSet", "Deployment", "Job", "StatefulSet"];
                let has = |kind: &&str| list.split(',').any(|one| one.trim() == *kind);
                if ALL.iter().all(has) { Controllers::All } else { Controllers::Some(list.to_owned()) }
            }
        }
    }
}

#[derive(PartialEq, Eq)]
enum Controllers {
    All,
    None,
    Some(String),
}

/// Notes that the standards only warn of workloads.
pub(super) fn standards_and_workloads(piece: &mut Piece) {
    if !piece.standards.is_empty() && piece.reach.workloads && piece.action == Action::Deny {
        piece.differs(
            "autogen",
            "workloads rejected for their templates",
            "a warning; their pods are rejected",
            "the Pod Security Standards reject no workloads, as in Pod Security admission",
        );
    }
}
