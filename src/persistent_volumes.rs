//! The option `persistentVolumes`: whether volumes of the cluster keep to what policies say of volumes in pods.
//!
//! A pod that mounts a claim says nothing of what is behind it, and behind it can be any path of the node (finding
//! TOB-K8S-038 of the Kubernetes audit of 2019). Whoever creates a `PersistentVolume` of a path or a driver of the
//! node needs a policy that allows pods to have it, everywhere.

use std::fmt::Write as _;

use crate::admission::{UNANSWERED, first_sentence};
use crate::answer::Answer;
use crate::cluster::{Cluster, Grants, Identity};
use crate::exemptions::Circumstances;
use crate::json::{Quoted, Read, Reader, Text};
use crate::lookup;
use crate::pod::Pod;
use crate::policy::{Policy, Scope};
use crate::prose::prose;
use crate::request::Request;
use crate::rule::RuleSet;
use crate::rule_ids;
use crate::rules;
use crate::settings::{Authorization, Settings};
use crate::shape::{Field, Path, Problems, Shape};
use crate::value::{Tree, Value};
use crate::violation::{Action, Findings, Violation, join};

pub(crate) const FIELD: Field = Field {
    name: "persistentVolumes",
    shape: Shape::OneOf(&["Deny", "Warn", "Ignore"]),
    doc: prose("What a PersistentVolume of a path or a driver of the node gets that no policy allows."),
};

/// What a volume gets that no policy allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnVolumes {
    /// Rejected.
    Deny,
    /// Accepted, with a warning.
    Warn,
    /// Accepted; nobody looks.
    Ignore,
}

/// The rules that have something to say of volumes.
const RULES: [&str; 3] = ["volumes", "allowedHostPaths", "allowedFlexVolumes"];

/// Reads the option, whose shape has been checked.
pub(crate) fn load(
    root: Value<'_, '_>,
    policies: &[Policy<'_>],
    problems: &mut Problems,
) -> Option<OnVolumes> {
    let on_volumes = match root.get(FIELD.name).and_then(Value::text).as_deref() {
        Some("Deny") => OnVolumes::Deny,
        Some("Warn") => OnVolumes::Warn,
        Some(_) => OnVolumes::Ignore,
        None => return None,
    };
    if policies.is_empty() && on_volumes != OnVolumes::Ignore {
        problems.add(Path::Key(&Path::Root, FIELD.name), "needs a policy: no other could allow a volume");
    }
    Some(on_volumes)
}

/// A source that policies judge: its key here, and the path or the driver.
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

/// Tells an objection to that pod as one to the volume.
fn retold(mut violation: Violation, sources: &[Source<'_>]) -> Violation {
    let volume = violation.path.strip_prefix("spec.volumes[").and_then(|rest| rest.split_once(']'));
    let (index, field) = volume.unwrap_or(("0", ""));
    let Some((key, _)) = index.parse().ok().and_then(|index: usize| sources.get(index)) else {
        return violation;
    };
    if volume.is_none() {
        // The mount, which is there only to ask for the right to write.
        violation.problem = "Forbidden: the path is allowed for reading alone, and nothing keeps pods from writing to a PersistentVolume".to_owned();
    }
    // What stands behind the index is the source with its field, or nothing.
    let field = field.rsplit_once('.').map_or("", |(_, field)| field);
    violation.path = ["spec.", key, if field.is_empty() { "" } else { "." }, field].concat();
    violation
}

impl Settings<'_> {
    /// Judges a volume of the cluster.
    pub(crate) fn review_volume(
        &self,
        on_volumes: OnVolumes,
        request: &Request<'_>,
        cluster: &dyn Cluster,
    ) -> Read<Answer> {
        if on_volumes == OnVolumes::Ignore {
            return Ok(Answer::accepted());
        }
        let Some(object) = request.object else { return Ok(Answer::missing_object()) };
        let sources = sources(object)?;
        if let ("UPDATE", Some(old)) = (&*request.operation, request.old_object)
            && self::sources(old).map_err(|fault| fault.beneath("oldObject"))? == sources
        {
            return Ok(Answer::accepted());
        }
        if sources.is_empty() {
            return Ok(Answer::accepted());
        }
        let mut answer = Answer::accepted();
        let pod = mounting(&sources);
        let pod = Reader::document(&pod)?;
        match self.admits_volume(request, &sources, &pod, cluster, &mut answer) {
            Ok(None) => {}
            Ok(Some(reason)) if on_volumes == OnVolumes::Warn => {
                answer.warnings.push(format!("this PersistentVolume would be rejected: {reason}"));
            }
            Ok(Some(reason)) => answer.rejection = Some(reason),
            Err(cause) => {
                return Ok(Answer::unjudged(format_args!("{UNANSWERED}{}", first_sentence(&cause))));
            }
        }
        Ok(answer)
    }

    /// Finds a policy that admits a pod with these volumes; else says why none does.
    fn admits_volume(
        &self,
        request: &Request<'_>,
        sources: &[Source<'_>],
        pod: &Pod<'_>,
        cluster: &dyn Cluster,
        answer: &mut Answer,
    ) -> Result<Option<String>, String> {
        let scope = self.scope_of_volume(request, cluster, answer);
        let mut grants = match self.authorization {
            Authorization::None => Grants::to_everybody(cluster),
            // No namespace is every namespace.
            Authorization::Rbac => {
                Grants::new(cluster, "", Identity::requesting_user(request).into_iter().collect())
            }
        };
        let mut usable = 0;
        let mut reasons = String::new();
        for policy in &self.policies {
            let mut found = Findings::spelling("", &self.leniency);
            policy.validate(pod, &scope, &mut found);
            let (denials, in_all) = (found.denials(), found.tolerated());
            if !grants.hold(&policy.name)? {
                continue;
            }
            let (denying, tolerated): (Vec<_>, Vec<_>) = found
                .into_violations()
                .into_iter()
                .map(|violation| retold(violation, sources))
                .partition(|violation| violation.action == Action::Deny);
            if denials == 0 {
                answer.policy = Some(policy.name.to_string());
                answer.tolerate(tolerated, in_all);
                return Ok(None);
            }
            let before = if usable == 0 { "" } else { "; " };
            usable += 1;
            // Writing to a String cannot fail.
            let _ = write!(reasons, "{before}{}: {}", Quoted(&policy.name), join(&denying, denials));
            if let [_] = &*self.policies {
                return Ok(Some(join(&denying, denials)));
            }
        }
        if usable == 0 {
            reasons = format!("none may be used by {} in all namespaces", grants.describe());
        }
        Ok(Some(format!("no PodSecurityPolicy admits this volume: {reasons}")))
    }

    /// Only the rules about volumes are asked, less those that exemptions for the user excuse.
    fn scope_of_volume(&self, request: &Request<'_>, cluster: &dyn Cluster, answer: &mut Answer) -> Scope {
        let others = rules::all().filter(|(_, entry)| !RULES.contains(&entry.id));
        let mut excused = others.fold(RuleSet::NONE, |excused, (index, _)| excused.with(index));
        let requester: Vec<_> = Identity::requesting_user(request).into_iter().collect();
        let circumstances =
            Circumstances { namespace: "", users: &requester, service_account: None, runtime_class: None };
        let about_volumes = RULES.iter().filter_map(|rule| rules::index(rule));
        let about_volumes = about_volumes.fold(RuleSet::NONE, RuleSet::with);
        for exemption in &self.exemptions {
            let mut freed = exemption.rules.and(about_volumes);
            if exemption.rules.has(rule_ids::persistent_volumes()) {
                freed = about_volumes;
            }
            if !freed.is_empty()
                && exemption.frees_pod()
                && exemption.fits(&circumstances)
                && exemption.holds(cluster, answer)
            {
                answer.exemptions.push(exemption.name.to_string());
                excused = excused.or(freed);
            }
        }
        Scope { excused, ..Scope::default() }
    }
}

#[cfg(test)]
mod tests;
