//! Review of a `PersistentVolume`.

use std::fmt::Write as _;

use super::cluster::{Grants, Identity};
use super::exemptions::{ExemptionSubject, holds, matches};
use super::response::Response;
use super::{Evaluator, UNANSWERED, first_sentence};
use crate::json::{Quoted, Read, Reader, Text, Tree, lookup};
use crate::pod::Pod;
use crate::policy::Scope;
use crate::request::Request;
use crate::rule::{Action, Findings, RuleSet, Violation, ViolationKind, join};
use crate::rules;
use crate::settings::persistent_volumes::OnVolumes;
use crate::settings::{Authorization, rule_names};

/// The rules that concern volumes.
const RULES: [&str; 3] = ["volumes", "allowedHostPaths", "allowedFlexVolumes"];

/// A source that policies evaluate: its key here, and the path or the driver.
type Source<'a> = (&'static str, Text<'a>);

/// The sources of a volume that reach into nodes.
fn sources<'a>(volume: &'a str) -> Read<Vec<Source<'a>>> {
    let tree: Tree<'a> = Reader::document(volume)?;
    let mut sources = Vec::new();
    for (key, field) in [("hostPath", "path"), ("local", "path"), ("flexVolume", "driver")] {
        if !lookup::at(tree.root(), &["spec", key])?.is_null() {
            let value = lookup::text(tree.root(), &["spec", key, field])?;
            sources.push((key, value.unwrap_or_default()));
        }
    }
    Ok(sources)
}

/// A pod, as JSON, that mounts the sources for writing, as some pod may.
fn mounting(sources: &[Source<'_>]) -> String {
    let mut pod = String::from(r#"{"spec":{"containers":[{"volumeMounts":[{"name":"v"}]}],"volumes":["#);
    for (nth, (key, value)) in sources.iter().enumerate() {
        let comma = if nth == 0 { "" } else { "," };
        let (key, field) = match *key {
            "flexVolume" => ("flexVolume", "driver"),
            // A local volume is a path of its node, too.
            _ => ("hostPath", "path"),
        };
        // Writing to a String cannot fail.
        let _ = write!(pod, r#"{comma}{{"name":"v","{key}":{{"{field}":{}}}}}"#, Quoted(value));
    }
    pod.push_str("]}}");
    pod
}

/// Turns a violation by that pod into one by the volume.
fn retold(mut violation: Violation, sources: &[Source<'_>]) -> Violation {
    let volume = violation.path.strip_prefix("spec.volumes[").and_then(|rest| rest.split_once(']'));
    let (index, field) = volume.unwrap_or(("0", ""));
    let Some((key, _)) = index.parse().ok().and_then(|index: usize| sources.get(index)) else {
        return violation;
    };
    if volume.is_none() {
        // The mount exists only to ask for the right to write.
        violation.kind = ViolationKind::Forbidden;
        violation.value.clear();
        violation.detail = "the path is allowed for reading alone, and nothing keeps pods from writing to a PersistentVolume".to_owned();
    }
    // Behind the index is the source with its field, or nothing.
    let field = field.rsplit_once('.').map_or("", |(_, field)| field);
    violation.path = ["spec.", key, if field.is_empty() { "" } else { "." }, field].concat();
    violation
}

impl<'e> Evaluator<'e> {
    /// Reviews a volume of the cluster.
    pub(crate) fn review_volume(&self, on_volumes: OnVolumes, request: &Request<'_>) -> Read<Response> {
        if on_volumes == OnVolumes::Ignore {
            return Ok(Response::accepted());
        }
        let Some(object) = request.object else { return Ok(Response::missing_object()) };
        let sources = sources(object)?;
        if let ("UPDATE", Some(old)) = (&*request.operation, request.old_object)
            && self::sources(old).map_err(|error| error.in_path("oldObject"))? == sources
        {
            return Ok(Response::accepted());
        }
        if sources.is_empty() {
            return Ok(Response::accepted());
        }
        let mut response = Response::accepted();
        let pod = mounting(&sources);
        let pod = Reader::document(&pod)?;
        match self.admits_volume(request, &sources, &pod, &mut response) {
            Ok(None) => {}
            Ok(Some(reason)) if on_volumes == OnVolumes::Warn => {
                response.cause = None;
                response.warnings.push(format!("this PersistentVolume would be rejected: {reason}"));
            }
            Ok(Some(reason)) => response.rejection = Some(reason),
            Err(cause) => {
                return Ok(Response::error(format_args!("{UNANSWERED}{}", first_sentence(&cause))));
            }
        }
        Ok(response)
    }

    /// Finds a policy that admits a pod with these volumes; otherwise returns why none does.
    fn admits_volume(
        &self,
        request: &Request<'_>,
        sources: &[Source<'_>],
        pod: &Pod<'_>,
        response: &mut Response,
    ) -> Result<Option<String>, String> {
        let scope = self.scope_of_volume(request, response);
        let mut grants = match self.settings.authorization {
            Authorization::None => Grants::to_everybody(self.cluster),
            // An empty namespace means all namespaces.
            Authorization::Rbac => {
                Grants::new(self.cluster, "", Identity::requesting_user(request).into_iter().collect())
            }
        };
        let mut usable = 0;
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
                .map(|violation| retold(violation, sources))
                .partition(|violation| violation.action == Action::Deny);
            if denials == 0 {
                response.policy = Some(policy.name.to_string());
                response.tolerate(tolerated, in_all);
                return Ok(None);
            }
            let before = if usable == 0 { "" } else { "; " };
            usable += 1;
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
        if usable == 0 {
            reasons = format!("none may be used by {} in all namespaces", grants.describe());
        }
        Ok(Some(format!("no PodSecurityPolicy admits this volume: {reasons}")))
    }

    /// Only the rules about volumes are evaluated, without those that the user is exempt from.
    fn scope_of_volume(&self, request: &Request<'_>, response: &mut Response) -> Scope {
        let others = rules::all().filter(|(_, entry)| !RULES.contains(&entry.id));
        let mut exempt = others.fold(RuleSet::NONE, |exempt, (index, _)| exempt.with(index));
        let requester: Vec<_> = Identity::requesting_user(request).into_iter().collect();
        let subject =
            ExemptionSubject { namespace: "", users: &requester, service_account: None, runtime_class: None };
        let about_volumes = RULES.iter().filter_map(|rule| rules::index(rule));
        let about_volumes = about_volumes.fold(RuleSet::NONE, RuleSet::with);
        for exemption in &self.settings.exemptions {
            let mut freed = exemption.rules.and(about_volumes);
            if exemption.rules.has(rule_names::persistent_volumes()) {
                freed = about_volumes;
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

#[cfg(test)]
mod tests;
