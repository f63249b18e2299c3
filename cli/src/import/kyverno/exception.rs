//! Exceptions from policies.

use serde_json::{Map, Value};

use super::fact::Unread;
use super::matching::{self, add, is_pattern, texts};
use crate::import::piece::Piece;
use crate::input::Object;

/// One exception.
pub(super) struct Exception {
    pub(super) title: String,
    name: String,
    spec: Value,
    /// Whether it is one from policies in CEL.
    in_cel: bool,
}

impl Exception {
    pub(super) fn of(object: &Object) -> Self {
        let spec = object.value().get("spec").cloned().unwrap_or_default();
        let in_cel = object.group() == "policies.kyverno.io";
        Exception { title: object.title(), name: object.name.clone(), spec, in_cel }
    }

    /// Whether it is from a policy.
    pub(super) fn names(&self, policy: &Object) -> bool {
        if self.in_cel {
            let refs = self.spec.get("policyRefs").and_then(Value::as_array);
            let is_named = |one: &Value| {
                let text = |key: &str| one.get(key).and_then(Value::as_str).unwrap_or_default();
                text("name") == policy.name && (text("kind") == policy.kind || text("kind").is_empty())
            };
            return policy.group() == "policies.kyverno.io" && refs.into_iter().flatten().any(is_named);
        }
        policy.group() == "kyverno.io" && self.entries(policy).next().is_some()
    }

    /// Whether it is from a rule of a policy; in CEL policies have no rules.
    pub(super) fn is_for(&self, policy: &Object, rule: &str) -> bool {
        self.names(policy)
            && (self.in_cel
                || self
                    .entries(policy)
                    .any(|one| texts(one.get("ruleNames")).iter().any(|pattern| fits(pattern, rule))))
    }

    /// The entries for a policy, which may name it with its namespace.
    fn entries<'e>(&'e self, policy: &'e Object) -> impl Iterator<Item = &'e Value> {
        let exceptions = self.spec.get("exceptions").and_then(Value::as_array);
        let full = policy.namespace.as_ref().map(|namespace| format!("{namespace}/{}", policy.name));
        exceptions.into_iter().flatten().filter(move |one| {
            let name = one.get("policyName").and_then(Value::as_str).unwrap_or_default();
            name == policy.name || full.as_deref() == Some(name)
        })
    }

    /// Whether it concerns single controls of the standards.
    fn controls(&self) -> Option<&Vec<Value>> {
        self.spec.get("podSecurity").and_then(Value::as_array).filter(|list| !list.is_empty())
    }

    /// The namespaces, if it is for these and nothing else.
    fn namespaces(&self) -> Option<Vec<String>> {
        if self.in_cel || self.spec.get("conditions").is_some() {
            return None;
        }
        matching::only_namespaces(self.spec.get("match")?)
    }

    /// Takes what it excepts out of a piece; what cannot be taken out is noted, and stays demanded.
    pub(super) fn apply(&self, piece: &mut Piece) {
        if self.controls().is_some() && self.namespaces().is_some() {
            // Taken out by `split`.
            return;
        }
        match self.taken_out(piece) {
            Ok(()) => {}
            Err(Unread { path, reason }) => piece.differs(
                &self.title,
                "an exception",
                "not applied: what it excepts is judged",
                format!("{path}: {reason}"),
            ),
        }
    }

    fn taken_out(&self, piece: &mut Piece) -> Result<(), Unread> {
        let unread = |path: &str, reason: &str| Err(Unread::new(path, reason));
        if self.controls().is_some() {
            return unread("spec.podSecurity", "controls can be excepted in whole namespaces only");
        }
        if self.spec.get("conditions").is_some() {
            return unread("spec.conditions", "conditions cannot be said in a registration");
        }
        if self.in_cel {
            return self.conditions(piece);
        }
        if let Some(namespaces) = self.namespaces() {
            let mut exemption = Map::new();
            exemption.insert("name".to_owned(), self.name.clone().into());
            exemption.insert("reason".to_owned(), format!("from {}", self.title).into());
            exemption.insert("match".to_owned(), serde_json::json!({"namespaces": namespaces}));
            piece.exemptions.push(exemption);
            return Ok(());
        }
        let Some(matching) = self.spec.get("match") else { return unread("spec.match", "is missing") };
        if !matching::has_pods(matching) {
            return unread("spec.match", "is for workloads and not for their pods");
        }
        let mut reach = piece.reach.clone();
        matching::exclude_all(matching, &mut reach, "spec.match")?;
        piece.reach = reach;
        Ok(())
    }

    /// Leaves out what all conditions of an exception in CEL match.
    fn conditions(&self, piece: &mut Piece) -> Result<(), Unread> {
        let extra = ["images", "allowedValues"].into_iter().find(|key| self.spec.get(key).is_some());
        if let Some(key) = extra {
            return Err(Unread::new(format!("spec.{key}"), "single values cannot be excepted"));
        }
        let mut terms = Vec::new();
        for (nth, one) in
            self.spec.get("matchConditions").and_then(Value::as_array).into_iter().flatten().enumerate()
        {
            let at = format!("spec.matchConditions[{nth}]");
            let expression = one.get("expression").and_then(Value::as_str).unwrap_or_default().trim();
            terms.push(guarded(expression).ok_or_else(|| {
                Unread::new(
                    at,
                    "reads more than name, namespace and user, or may fail where a field is not set",
                )
            })?);
        }
        if terms.is_empty() {
            return Err(Unread::new("spec.matchConditions", "are missing"));
        }
        add(&mut piece.reach, format!("!({})", terms.join(" && ")));
        Ok(())
    }
}

/// An expression that a match condition can evaluate without an error, which would skip the policy.
fn guarded(expression: &str) -> Option<String> {
    let mut rest = expression.to_owned();
    let mut guards = Vec::new();
    for (field, guard) in [
        ("object.metadata.namespace", "has(object.metadata.namespace)"),
        ("object.metadata.name", "has(object.metadata.name)"),
    ] {
        if rest.contains(field) {
            rest = rest.replace(field, "");
            guards.push(guard.to_owned());
        }
    }
    for field in ["request.namespace", "request.name", "request.operation", "request.userInfo.username"] {
        rest = rest.replace(field, "");
    }
    let reads_more =
        ["object", "request", "variables", "resource", "http", "globalContext", "image", "oldObject"];
    if reads_more.iter().any(|name| rest.contains(name)) || expression.is_empty() {
        return None;
    }
    guards.push(format!("({expression})"));
    Some(guards.join(" && "))
}

/// A piece, and others for namespaces where single controls are excepted, each with these.
pub(super) fn split(piece: Piece, exceptions: &[&Exception]) -> Vec<(Piece, Vec<Value>)> {
    let mut rest = piece;
    let mut parts = Vec::new();
    for exception in exceptions {
        let (Some(controls), Some(namespaces)) = (exception.controls(), exception.namespaces()) else {
            continue;
        };
        let mut part = rest.clone();
        part.reach.only_in(&namespaces);
        rest.reach.not_in(&namespaces);
        parts.push((part, controls.clone()));
    }
    parts.insert(0, (rest, Vec::new()));
    parts
}

fn fits(pattern: &str, name: &str) -> bool {
    if !is_pattern(pattern) {
        return pattern == name;
    }
    match pattern.split_once('*') {
        Some((start, "")) => name.starts_with(start),
        Some(("", end)) if !is_pattern(end) => name.ends_with(end),
        _ => false,
    }
}
