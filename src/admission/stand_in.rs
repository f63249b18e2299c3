//! Review of objects of the cluster that grant pods what a policy may refuse: policies evaluate a pod in their place.

use std::fmt::Write as _;

use super::cluster::{Grants, Identity};
use super::exemptions::{ExemptionSubject, holds, matches};
use super::response::Response;
use super::{Evaluator, UNANSWERED, first_sentence};
use crate::json::{Quoted, Read, Reader};
use crate::pod::Pod;
use crate::policy::Scope;
use crate::request::Request;
use crate::rule::{Action, Findings, RuleSet, Violation, join};
use crate::rules;
use crate::settings::Authorization;

/// A pod in the place of an object.
pub(super) struct StandIn<'s> {
    /// The kind of the object.
    pub(super) kind: &'static str,
    /// What messages call it.
    pub(super) name: &'static str,
    /// The pod, as JSON.
    pub(super) pod: String,
    /// The rules that are evaluated.
    pub(super) rules: &'static [&'static str],
    /// The index of the option, from which exemptions can free as a whole.
    pub(super) option: usize,
    /// Where its creator must be allowed to use the policy; empty means in all namespaces.
    pub(super) namespace: &'s str,
}

impl<'e> Evaluator<'e> {
    /// Reviews an object. `retell` turns a violation by the pod into one by the object.
    pub(super) fn review_by(
        &self,
        stand_in: &StandIn<'_>,
        action: Action,
        request: &Request<'_>,
        retell: &dyn Fn(Violation) -> Violation,
    ) -> Read<Response> {
        let mut response = Response::accepted();
        let pod = Reader::document(&stand_in.pod)?;
        match self.admits_object(request, stand_in, &pod, retell, &mut response) {
            Ok(None) => {}
            Ok(Some(reason)) if action == Action::Warn => {
                response.cause = None;
                response.warnings.push(format!("this {} would be rejected: {reason}", stand_in.kind));
            }
            Ok(Some(reason)) => response.rejection = Some(reason),
            Err(cause) => {
                return Ok(Response::error(format_args!("{UNANSWERED}{}", first_sentence(&cause))));
            }
        }
        Ok(response)
    }

    /// Finds a policy that admits the pod; otherwise returns why none does.
    fn admits_object(
        &self,
        request: &Request<'_>,
        stand_in: &StandIn<'_>,
        pod: &Pod<'_>,
        retell: &dyn Fn(Violation) -> Violation,
        response: &mut Response,
    ) -> Result<Option<String>, String> {
        let scope = self.scope_of_object(request, stand_in, response);
        let namespace = stand_in.namespace;
        let mut grants = match self.settings.authorization {
            Authorization::None => Grants::to_everybody(self.cluster),
            Authorization::Rbac => {
                Grants::new(self.cluster, namespace, Identity::requesting_user(request).into_iter().collect())
            }
        };
        let mut reasons = String::new();
        for policy in &self.settings.policies {
            let mut found = Findings::collecting("", &self.settings.enforcement);
            policy.validate(pod, &scope, &mut found);
            let (denials, in_all) = (found.denials(), found.tolerated());
            if !grants.allow(&policy.name)? {
                continue;
            }
            let (denying, tolerated): (Vec<_>, Vec<_>) = found
                .into_violations()
                .into_iter()
                .map(retell)
                .partition(|violation| violation.action == Action::Deny);
            if denials == 0 {
                response.policy = Some(policy.name.to_string());
                response.tolerate(tolerated, in_all);
                return Ok(None);
            }
            let before = if reasons.is_empty() { "" } else { "; " };
            // Writing to a String cannot fail.
            let _ = write!(reasons, "{before}{}: {}", Quoted(&policy.name), join(&denying, denials));
            if let [_] = &*self.settings.policies {
                let reason = join(&denying, denials);
                if let Some(first) = denying.first().filter(|first| !first.path.is_empty()) {
                    let start = first.path.len() + ": ".len();
                    response.set_cause(&first.path, reason.get(start..).unwrap_or_default());
                }
                return Ok(Some(reason));
            }
        }
        if reasons.is_empty() {
            let place = match namespace {
                "" => "all namespaces".to_owned(),
                namespace => format!("namespace {}", Quoted(namespace)),
            };
            reasons = format!("none may be used by {} in {place}", grants.describe());
        }
        Ok(Some(format!("no PodSecurityPolicy admits this {}: {reasons}", stand_in.name)))
    }

    /// Only the rules that concern the object are evaluated, without those that the user is exempt from.
    fn scope_of_object(
        &self,
        request: &Request<'_>,
        stand_in: &StandIn<'_>,
        response: &mut Response,
    ) -> Scope {
        let others = rules::all().filter(|(_, entry)| !stand_in.rules.contains(&entry.id));
        let mut exempt = others.fold(RuleSet::NONE, |exempt, (index, _)| exempt.with(index));
        let requester: Vec<_> = Identity::requesting_user(request).into_iter().collect();
        let subject = ExemptionSubject {
            namespace: stand_in.namespace,
            users: &requester,
            service_account: None,
            runtime_class: None,
        };
        let concerned = stand_in.rules.iter().filter_map(|rule| rules::index(rule));
        let concerned = concerned.fold(RuleSet::NONE, RuleSet::with);
        for exemption in &self.settings.exemptions {
            let mut freed = exemption.rules.and(concerned);
            if exemption.rules.has(stand_in.option) {
                freed = concerned;
            }
            if !freed.is_empty()
                && exemption.frees_pod()
                && matches(exemption, &subject)
                && holds(exemption, self.cluster, response)
            {
                response.exemptions.push(exemption.name.to_string());
                exempt = exempt.or(freed);
            }
        }
        Scope { exempt, ..Scope::default() }
    }
}
