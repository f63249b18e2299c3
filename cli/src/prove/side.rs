//! A set of policies as alternatives, one of which must admit a pod.

use pod_security_policy::json::Reader;
use pod_security_policy::pod::{Pod, template};
use pod_security_policy::policy::{Policy, Scope};
use pod_security_policy::rule::{Action, Enforcement, Findings, RuleSet};
use pod_security_policy::rules;
use pod_security_policy::settings::Settings;
use pod_security_policy::standards::{self, Exempted, Level, Standard};
use serde_json::{Value, json};

use super::component::Component;
use crate::input::Object;
use crate::judge::Requester;
use crate::policies::{Covered, Judge, Policies, Registration};
use crate::rbac::Authority;

/// One way to be admitted: a policy, and the standards that the pod must satisfy with its defaults.
pub(super) struct Alternative<'p> {
    policy: Option<&'p Policy<'p>>,
    enforcement: Enforcement,
    standards: Vec<(Standard, Enforcement)>,
}

/// A set of policies.
pub(super) struct Side<'p> {
    pub(super) alternatives: Vec<Alternative<'p>>,
    /// That no alternative admits a pod does not mean that it is rejected.
    pub(super) depends_on_order: bool,
    /// Who asks decides which alternatives there are.
    pub(super) asks_rbac: bool,
}

/// The rules of a part, as those that are skipped elsewhere.
pub(super) struct Focus {
    /// All others but that which decides whether there is a user namespace.
    unfilled: RuleSet,
    /// All others.
    skipped: RuleSet,
    /// All other checks.
    unchecked: RuleSet,
}

impl Focus {
    pub(super) fn on(component: &Component) -> Self {
        let others = rules::all().filter(|(_, rule)| !component.rules.contains(&rule.id));
        let skipped = others.fold(RuleSet::NONE, |set, (index, _)| set.with(index));
        let others = rules::all()
            .filter(|(_, rule)| !component.rules.contains(&rule.id) && rule.id != "userNamespaceLevel");
        let unfilled = others.fold(RuleSet::NONE, |set, (index, _)| set.with(index));
        let others = standards::all().filter(|(_, check)| !component.checks.contains(&check.id));
        let unchecked = others.fold(RuleSet::NONE, |set, (index, _)| set.with(index));
        Focus { unfilled, skipped, unchecked }
    }
}

impl Alternative<'_> {
    pub(super) fn has_standards(&self) -> bool {
        !self.standards.is_empty()
    }

    /// Whether a rule or a check of the part has a violation that denies.
    pub(super) fn rejects(&self, pod: &Pod<'_>, focus: &Focus) -> bool {
        let mut filled = None;
        if let Some(policy) = self.policy {
            let mut pod = Box::new(pod.clone());
            policy.mutate(&mut pod, &Scope { exempt: focus.unfilled, ..Scope::default() });
            let mut found = Findings::counting("", &self.enforcement);
            policy.validate(&pod, &Scope { exempt: focus.skipped, ..Scope::default() }, &mut found);
            if found.denials() > 0 {
                return true;
            }
            filled = Some(pod);
        }
        let pod = filled.as_deref().unwrap_or(pod);
        let exempted = Exempted { everywhere: focus.unchecked, ..Exempted::default() };
        self.standards.iter().any(|(standard, enforcement)| {
            let failures = standard.evaluate_exempting(pod, exempted);
            failures.iter().any(|failure| enforcement.action(failure.index) == Action::Deny)
        })
    }
}

/// Reads a pod as the engine does before it evaluates one; `None` if it cannot be read.
pub(super) fn read(json: &str) -> Option<Box<Pod<'_>>> {
    let mut pod: Box<Pod<'_>> = Reader::document(json).ok()?;
    template::default_pod(&mut pod);
    rules::adopt_annotations(&pod).or(Some(pod))
}

impl<'p> Side<'p> {
    /// The alternatives of a set of policies.
    ///
    /// # Errors
    ///
    /// What of it is not supported.
    pub(super) fn of(policies: &'p Policies, requester: &Requester) -> Result<Self, String> {
        if matches!(policies.authority, Authority::Dump(_)) {
            return Err("who may use a policy depends on who asks; leave out --rbac".to_owned());
        }
        if let Some(others) = &policies.not_judged {
            return Err(others.clone());
        }
        let pod = pod_object();
        let namespace = &*requester.namespace;
        let mut asked: Vec<&Registration> = Vec::new();
        for registration in &policies.registrations {
            if let Some(caveat) = registration.matches.caveat() {
                return Err(format!("{}: {caveat}", registration.name));
            }
            match pod.as_ref().map(|pod| registration.matches.covers(pod, namespace)) {
                Some(Covered::No) => {}
                Some(Covered::Perhaps) | None => {
                    return Err(format!("{}: whether it is asked is not known", registration.name));
                }
                Some(_) => asked.push(registration),
            }
        }
        if asked.is_empty() {
            return Err(format!("no policy is asked about pods in namespace {namespace}"));
        }
        let asks_rbac = asked.iter().any(|registration| registration.asks());
        let mut standards = Vec::new();
        let mut settings: Option<(&Settings<'static>, &str)> = None;
        for registration in asked {
            match &registration.judge {
                Judge::Standard(standard) => standards.push((*standard, Enforcement::default())),
                // The other half of a pair judges what the first one wrote, which admits it.
                Judge::Settings(own) => match settings {
                    None => settings = Some((own, &registration.document)),
                    Some((first, document))
                        if !own.mutate && first.mutate && is_half(&registration.document, document) => {}
                    Some(_) => {
                        return Err(
                            "several registrations with different settings are asked one after the other"
                                .to_owned(),
                        );
                    }
                },
            }
        }
        let settings = settings.map(|(settings, _)| settings);
        if let Some(reason) = settings.and_then(unsupported) {
            return Err(reason.to_owned());
        }
        let own = |settings: &Settings<'_>| Some((settings.standards.enforce?, settings.enforcement.clone()));
        standards.extend(settings.and_then(own));
        standards.retain(|(standard, _)| standard.level != Level::Privileged);
        if standards.iter().any(|(standard, _)| standard.version.minor() < FIELDS) {
            return Err("standards of Kubernetes 1.18 and older read annotations for seccomp".to_owned());
        }
        let of_policy = |settings: &'p Settings<'static>, policy: &'p Policy<'static>| Alternative {
            policy: Some(policy),
            enforcement: settings.enforcement.clone(),
            standards: standards.clone(),
        };
        let policies = settings
            .into_iter()
            .flat_map(|settings| settings.policies.iter().map(move |policy| (settings, policy)));
        let mut alternatives: Vec<Alternative<'p>> =
            policies.map(|(settings, policy)| of_policy(settings, policy)).collect();
        let depends_on_order = alternatives.len() > 1 && !standards.is_empty();
        if alternatives.is_empty() {
            alternatives.push(Alternative { policy: None, enforcement: Enforcement::default(), standards });
        }
        Ok(Side { alternatives, depends_on_order, asks_rbac })
    }
}

/// The minor version from which the standards read the field for seccomp.
const FIELDS: u64 = 19;

/// Whether two texts are the same settings but for `mutate`.
fn is_half(one: &str, other: &str) -> bool {
    let read = |text: &str| -> Option<Value> {
        let mut value: Value = serde_json::from_str(text).ok()?;
        value.as_object_mut()?.remove("mutate");
        Some(value)
    };
    read(one).is_some_and(|one| Some(one) == read(other))
}

fn unsupported(settings: &Settings<'_>) -> Option<&'static str> {
    if !settings.mutate {
        return Some("with `mutate: false` alone a policy judges what another half wrote");
    }
    if !settings.exemptions.is_empty() {
        return Some("`exemptions` depend on who asks, and where");
    }
    if settings.unknown_fields.is_some() {
        return Some("`unknownFields` judges fields that no policy governs");
    }
    None
}

/// A pod that registrations can be asked about.
fn pod_object() -> Option<Object> {
    super::witness::object(
        &json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "witness"}, "spec": {"containers": []}}),
    )
}
