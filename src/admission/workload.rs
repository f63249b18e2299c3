//! Workloads: evaluation of the pods that their templates describe.

use super::response::Response;
use super::{Checks, Evaluator, Mode, PodReview, resource_claim};
use crate::json::equal::same;
use crate::json::{Quoted, Read, joined};
use crate::pod::controllers::Controllers;
use crate::pod::template::{self, PathSegment, Template};
use crate::request::Request;
use crate::rule::{Action, ROOM};

/// How many pod templates of one object are evaluated: each is a review of its own.
pub(super) const TEMPLATES: usize = 4096;

/// The least room for the reasons of one more template.
const SHARE: usize = 512;

impl<'e> Evaluator<'e> {
    /// Evaluates every template of the object as a dry run of its pods.
    pub(super) fn review_workload(&self, request: &Request<'_>) -> Read<Response> {
        let kind = &request.kind;
        let declared = self.settings.pod_templates.iter().filter(|known| known.kind == *kind);
        let declared = declared.map(|known| known.path.clone());
        let paths: Vec<_> = template::built_in(kind).into_iter().chain(declared).collect();
        if paths.is_empty() {
            return Ok(self.unsupported_kind(request));
        }
        if self.settings.workloads == Action::Ignore {
            return Ok(Response::accepted());
        }
        let Some(object) = request.object else { return Ok(Response::missing_object()) };
        let mut response = Response::accepted();
        for path in &paths {
            let templates = template::templates(object, path)?;
            let checks = match (&*request.operation, request.old_object) {
                ("UPDATE", Some(old)) if all_same(&templates, &template::templates(old, path)?)? => {
                    Checks::Standards
                }
                _ => Checks::All,
            };
            if checks == Checks::Standards && self.settings.standards.is_none() {
                continue;
            }
            if templates.len() > TEMPLATES {
                let (count, path) =
                    (templates.len(), templates.first().map_or("", |template| &template.path));
                return Ok(Response::error(format_args!(
                    "the object holds {count} pod templates, the first at {path}: more than {TEMPLATES} are not judged"
                )));
            }
            for (nth, template) in templates.iter().enumerate() {
                // There is no room for more reasons, and the verdict does not change.
                if response.rejection.as_ref().is_some_and(|reason| reason.len() > ROOM - SHARE) {
                    let left = templates.len() - nth;
                    let templates = if left == 1 { "template" } else { "templates" };
                    response.rejection.iter_mut().for_each(|reason| {
                        reason.push_str(&format!("; and {left} more {templates}, which were not judged"));
                    });
                    break;
                }
                self.dry_run(request, object, (template, path, checks), &mut response)?;
            }
        }
        Ok(response)
    }

    fn dry_run<'a>(
        &self,
        request: &Request<'a>,
        object: &'a str,
        (template, path, checks): (&Template<'a>, &[PathSegment<'_>], Checks),
        response: &mut Response,
    ) -> Read<()> {
        let mut pod = template::decode_pod(template)?;
        template::complete(&mut pod, &request.kind, object)?;
        let root = if template.path.is_empty() { String::new() } else { format!("{}.", template.path) };
        let controllers = Controllers::of(&request.kind, object)?;
        let review = PodReview { root, controllers, checks, ..PodReview::of_pod(request, pod, Mode::DryRun) };
        let mut result = self.response(review, object)?;
        // Operators have fields of their own in the templates of their kinds.
        if self.settings.unknown_fields.is_some() && template::built_in(&request.kind).is_some() {
            let old = match (&*request.operation, request.old_object) {
                ("UPDATE", Some(old)) => template::templates(old, path)?,
                _ => Vec::new(),
            };
            let old: Vec<&str> = old.iter().map(|template| template.text).collect();
            let root = if template.path.is_empty() { String::new() } else { format!("{}.", template.path) };
            self.judge_unknown_fields(template.text, &old, (&root, ""), &mut result)?;
        }
        let rejection = result.rejection.take();
        response.absorb(result);
        match rejection {
            Some(reason) if self.settings.workloads == Action::Warn => {
                let warning = format!("pods of this {} would be rejected: {reason}", request.kind.kind);
                response.predict(&warning);
                response.warn(warning);
            }
            Some(reason) => {
                response.rejection = Some(match response.rejection.take() {
                    Some(earlier) => earlier + "; " + &reason,
                    None => reason,
                });
            }
            None => {}
        }
        Ok(())
    }

    /// Rejects kinds that this policy does not review: a registration for them must not leave them unguarded.
    pub(super) fn unsupported_kind(&self, request: &Request<'_>) -> Response {
        let declared = self.settings.pod_templates.iter().map(|known| known.kind.kind.to_string());
        let with_pods = std::iter::once("Pod").chain(template::built_in_kinds()).map(str::to_owned);
        let with_pods = with_pods.filter(|_| self.settings.judges_pods());
        let namespace = (!self.settings.namespace_labels.is_empty()).then(|| "Namespace".to_owned());
        let volume = self.settings.persistent_volumes.map(|_| "PersistentVolume".to_owned());
        let claims = self.settings.resource_claims.into_iter();
        let claims = claims.flat_map(|_| resource_claim::KINDS.map(str::to_owned));
        let known = with_pods.chain(namespace).chain(volume).chain(claims).chain(declared);
        let (group, kind) = (&*request.kind.group, Quoted(&request.kind.kind));
        let of_group =
            if group.is_empty() { String::new() } else { format!(" of the API group {}", Quoted(group)) };
        let remedy = match (group, &*request.kind.kind) {
            ("", "Namespace") => "set `namespaceLabels`",
            ("", "PersistentVolume") => "set `persistentVolumes`",
            (resource_claim::GROUP, kind) if resource_claim::KINDS.contains(&kind) => "set `resourceClaims`",
            _ if !self.settings.judges_pods() => "give a policy or `podSecurityStandards`",
            _ => "name further kinds in `podTemplates`",
        };
        let known = joined(known, ", ");
        let problem = format_args!(
            "{kind}{of_group} is not judged by this policy; judged are: {known}; register it for those, or {remedy}"
        );
        Response::error(format_args!("request.kind: {problem}")).with_cause("request.kind", problem)
    }
}

fn all_same(new: &[Template<'_>], old: &[Template<'_>]) -> Read<bool> {
    if new.len() != old.len() {
        return Ok(false);
    }
    for (new, old) in new.iter().zip(old) {
        if !same(new.text, old.text)? {
            return Ok(false);
        }
    }
    Ok(true)
}
