//! From a request to an answer.

use crate::answer::Answer;
use crate::changes::changes;
use crate::cluster::Cluster;
use crate::compare::only_bookkeeping;
use crate::graft::{Edit, Step, graft};
use crate::json::{Quoted, Read, Reader};
use crate::pod::{ADMITTED_BY, Pod};
use crate::pod_security::{has_new_ephemeral_images, is_significant};
use crate::policy::{Policy, Scope};
use crate::request::{Payload, Request};
use crate::settings::Settings;
use crate::standards::Excuses;
use crate::violation::{Action, Findings};
use crate::workloads;

mod deny;
mod excuses;
mod report;
mod select;
mod workload;

pub use report::{Opinion, Report};

/// What mutation comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Changes are written back.
    Apply,
    /// The pod must fit as it is.
    Refuse,
    /// A copy is changed to judge the pods to come; nothing is written.
    Rehearse,
}

/// A pod, or a template, and how it is judged.
struct Case<'c, 'a> {
    request: &'c Request<'a>,
    /// The pod as its author wrote it.
    pod: Pod<'a>,
    /// Where it stands in the object, with a trailing dot.
    root: String,
    mode: Mode,
    scope: Scope,
    /// Who is asked about it.
    judges: Judges,
}

/// Who is asked about a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Judges {
    /// The policies, and the Pod Security Standards if there are any.
    All,
    /// The policies: to the standards, nothing that counts has changed.
    Policies,
    /// The standards: the policies let this pass before, and say at most what they fill in.
    Standards,
}

impl Case<'_, '_> {
    /// The service account that the pod will run as: of a template that names none, the namespace's `default`.
    fn service_account(&self) -> Option<&str> {
        let fallback = if self.mode == Mode::Rehearse { Some("default") } else { None };
        self.pod.service_account().or(fallback)
    }
}

/// Who wins, or why nobody does.
enum Verdict<'v, 'a> {
    /// This policy admits the pod as it then is.
    Admitted { policy: &'v Policy<'v>, pod: Box<Pod<'a>>, granted: bool },
    /// No policy does.
    Denied(String),
}

/// Judges one request, from the text that the policy server hands over to the answer.
pub fn review(payload: &str, cluster: &dyn Cluster) -> Answer {
    match Reader::document(payload) {
        Ok(payload) => judge(payload, cluster),
        Err(fault) => Answer::unreadable(&fault),
    }
}

/// Judges one request that has been read.
pub fn judge(payload: Payload<'_>, cluster: &dyn Cluster) -> Answer {
    match Settings::load(payload.settings.root()) {
        Ok(settings) => settings.review(payload.request, cluster),
        Err(problems) => Answer::unjudged(format_args!("the policy's settings are not valid: {problems}")),
    }
}

impl Settings<'_> {
    /// Judges one request.
    pub fn review(&self, mut request: Request<'_>, cluster: &dyn Cluster) -> Answer {
        let pod = request.pod.take();
        let request = &request;
        let adds_containers = request.sub_resource == "ephemeralcontainers" && request.kind.is_pod();
        match &*request.operation {
            "DELETE" | "CONNECT" => return Answer::accepted(),
            "CREATE" | "UPDATE" => {}
            other => {
                let other = Quoted(other);
                return Answer::unjudged(format_args!(
                    "request.operation: Unsupported value: {other}: supported values: \"CREATE\", \"UPDATE\", \"DELETE\", \"CONNECT\""
                ));
            }
        }
        // Of a namespace's subresources, the API server keeps the labels that are sent there.
        let may_label = request.kind.is_namespace() && !self.namespace_labels.is_empty();
        if !request.sub_resource.is_empty() && !adds_containers && !may_label {
            return Answer::accepted();
        }
        let reviewed = match (&*request.kind.group, &*request.kind.kind) {
            ("", "Namespace") if !self.namespace_labels.is_empty() => self.review_namespace(request, cluster),
            ("", "PersistentVolume") if let Some(on_volumes) = self.persistent_volumes => {
                self.review_volume(on_volumes, request, cluster)
            }
            _ if !self.judges_pods() => Ok(self.unjudged(request)),
            ("", "Pod") if adds_containers => self.review_added_containers(request, cluster),
            ("", "Pod") => self.review_pod(request, pod, cluster),
            _ => self.review_workload(request, cluster),
        };
        reviewed.unwrap_or_else(|fault| Answer::unjudged(format_args!("the object cannot be read: {fault}")))
    }

    fn review_pod<'a>(
        &self,
        request: &Request<'a>,
        decoded: Option<Box<Pod<'a>>>,
        cluster: &dyn Cluster,
    ) -> Read<Answer> {
        let Some(object) = request.object else { return Ok(Answer::missing_object()) };
        let created = request.operation == "CREATE";
        if let (false, Some(old)) = (created, request.old_object)
            && only_bookkeeping(object, old)?
        {
            return Ok(Answer::accepted());
        }
        let mut pod = match decoded {
            Some(pod) => *pod,
            None => Reader::document(object)?,
        };
        workloads::default_pod(&mut pod);
        let mode = if created && self.mutate { Mode::Apply } else { Mode::Refuse };
        let judges = match request.old_object {
            Some(old) if !created && !self.standards.is_none() => {
                let old = Reader::document(old).map_err(|fault| fault.beneath("oldObject"))?;
                if is_significant(&pod, &old) { Judges::All } else { Judges::Policies }
            }
            _ => Judges::All,
        };
        let case = Case { request, pod, root: String::new(), mode, scope: Scope::default(), judges };
        self.answer(case, object, cluster)
    }

    /// Judges new ephemeral containers in the pod that is there: of the request's pod, the API server keeps nothing
    /// but their list.
    fn review_added_containers(&self, request: &Request<'_>, cluster: &dyn Cluster) -> Read<Answer> {
        let Some(object) = request.object else { return Ok(Answer::missing_object()) };
        let asked: Pod<'_> = Reader::document(object)?;
        let mut pod: Pod<'_> = Reader::document(request.old_object.unwrap_or(object))?;
        let mut present =
            std::mem::replace(&mut pod.spec.ephemeral_containers, asked.spec.ephemeral_containers);
        if request.old_object.is_none() {
            present.clear();
        }
        let containers = &pod.spec.ephemeral_containers;
        let is_new = |name: &str| !present.iter().any(|container| container.name == name);
        let added: Vec<usize> = containers
            .iter()
            .enumerate()
            .filter(|(_, new)| is_new(&new.name))
            .map(|(index, _)| index)
            .collect();
        let judges = if added.is_empty() { Judges::Standards } else { Judges::All };
        if added.is_empty() && (self.standards.is_none() || !has_new_ephemeral_images(containers, &present)) {
            return Ok(Answer::accepted());
        }
        let new = || containers.iter().filter(|container| is_new(&container.name));
        for volume in &mut pod.spec.volumes {
            let mounted = new().any(|container| container.uses(&volume.name));
            volume.unconcerned = !mounted;
        }
        let mode = if self.mutate { Mode::Apply } else { Mode::Refuse };
        let scope = Scope { added: Some(added), ..Scope::default() };
        self.answer(Case { request, pod, root: String::new(), mode, scope, judges }, object, cluster)
    }

    /// Judges a pod and writes the answer.
    fn answer<'a>(&self, mut case: Case<'_, 'a>, object: &str, cluster: &dyn Cluster) -> Read<Answer> {
        let mut answer = Answer::accepted();
        let mut excused = Vec::new();
        if !self.exemptions.is_empty() {
            excused = self.excuse(&mut case, cluster, &mut answer);
        }
        let case = &case;
        let mut admitted = None;
        let settled = case.judges == Judges::Standards && case.mode != Mode::Rehearse;
        if !self.policies.is_empty() && !settled {
            match self.select(case, cluster) {
                Ok(Verdict::Admitted { policy, pod, granted }) => {
                    self.admit(case, policy, &pod, granted, &mut answer);
                    admitted = Some((policy, pod));
                }
                // What passed before passes, whatever became of the policies.
                Ok(Verdict::Denied(_)) | Err(_) if case.judges == Judges::Standards => {
                    return Ok(Answer::accepted());
                }
                Ok(Verdict::Denied(reason)) => {
                    self.tell_used(case, None, &excused, &mut answer);
                    return Ok(Answer { rejection: Some(reason), ..answer });
                }
                Err(cause) => {
                    let reason = format_args!("who may use which policy cannot be told, because {cause}");
                    return Ok(Answer::unjudged(reason));
                }
            }
        }
        if !self.standards.is_none() && case.judges != Judges::Policies {
            let pod: &Pod<'a> = admitted.as_ref().map_or(&case.pod, |(_, pod)| pod);
            let excuses = Excuses { everywhere: case.scope.excused, in_containers: &case.scope.excused_in };
            let is_template = case.mode == Mode::Rehearse;
            self.standards.judge(pod, is_template, excuses, &self.leniency, &mut answer);
        }
        self.tell_used(case, admitted.as_ref().map(|(policy, _)| *policy), &excused, &mut answer);
        if let (Mode::Apply, Some((policy, pod)), true) = (case.mode, &admitted, answer.is_accepted()) {
            answer.edits = changes(&case.pod, pod);
            answer.edits.extend(self.admission_mark(case, policy));
            if !answer.edits.is_empty() {
                answer.mutated_object = Some(graft(object, &answer.edits)?);
            }
        }
        Ok(answer)
    }

    /// Says what is to be said of a pod that a policy admits.
    fn admit(
        &self,
        case: &Case<'_, '_>,
        policy: &Policy<'_>,
        pod: &Pod<'_>,
        granted: bool,
        answer: &mut Answer,
    ) {
        if case.judges == Judges::Standards {
            return;
        }
        answer.policy = Some(policy.name.to_string());
        if !self.leniency.is_none() {
            let mut found = Findings::spelling(&case.root, &self.leniency);
            policy.validate(pod, &case.scope, &mut found);
            let in_all = found.tolerated();
            let mut tolerated = found.into_violations();
            tolerated.retain(|violation| violation.action != Action::Deny);
            answer.tolerate(tolerated, in_all);
        }
        if !granted {
            let account = Quoted(case.service_account().unwrap_or_default());
            answer.warnings.push(format!(
                "service account {account} may use no policy that admits its pods, such as {}",
                Quoted(&policy.name)
            ));
        }
    }

    /// The annotation that names the winner of a list, on a pod being created.
    fn admission_mark(&self, case: &Case<'_, '_>, policy: &Policy<'_>) -> Option<Edit<'static>> {
        let marked = case.pod.annotations.get(ADMITTED_BY).is_some_and(|name| *name == policy.name);
        if !self.listed || case.scope.added.is_some() || marked {
            return None;
        }
        let path = vec![Step::Key("metadata"), Step::Key("annotations"), Step::Key(ADMITTED_BY)];
        Some(Edit { path, value: Quoted(&policy.name).to_string() })
    }
}

#[cfg(test)]
mod tests;
