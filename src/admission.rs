//! From a request to an answer.

use std::borrow::Cow;

use crate::answer::{Answer, joined};
use crate::changes::{changes, is_changed, restore};
use crate::cluster::{Cluster, Grants, Identity};
use crate::compare::{only_bookkeeping, same};
use crate::graft::{Edit, Step, graft};
use crate::json::{Quoted, Read, Reader};
use crate::persistent_volumes::OnVolumes;
use crate::pod::{ADMITTED_BY, Pod};
use crate::pod_security::{has_new_ephemeral_images, is_significant};
use crate::policy::{Policy, Scope};
use crate::request::{Payload, Request};
use crate::settings::{Authorization, OnWorkloads, Settings};
use crate::standards::Excuses;
use crate::violation::{Action, Findings, SPELT_OUT, Violation, and_more, cut, join};
use crate::workloads::{self, Template};

mod excuses;

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

/// A pod as a policy fills it in.
///
/// One copy is filled in and restored for each policy in turn: a pod of its own for each would be memory that a new
/// instance has never touched.
struct Filled<'c, 'v, 'a> {
    pod: Box<Pod<'a>>,
    arrived: &'c Pod<'a>,
    scope: &'c Scope,
    /// Whose changes are in the pod.
    changed_by: Option<&'v Policy<'v>>,
}

impl<'c, 'v, 'a> Filled<'c, 'v, 'a> {
    fn of(arrived: &'c Pod<'a>, scope: &'c Scope) -> Self {
        Filled { pod: Box::new(arrived.clone()), arrived, scope, changed_by: None }
    }

    /// Makes it the pod as this policy fills it in, and says whether that is another than it arrived as.
    fn by(&mut self, policy: &'v Policy<'v>) -> bool {
        if self.changed_by.is_some_and(|earlier| std::ptr::eq(earlier, policy)) {
            return true;
        }
        if self.changed_by.is_some() {
            restore(&mut self.pod, self.arrived);
        }
        policy.mutate(&mut self.pod, self.scope);
        self.changed_by = is_changed(self.arrived, &self.pod).then_some(policy);
        self.changed_by.is_some()
    }
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
        if !request.sub_resource.is_empty() && !adds_containers {
            return Answer::accepted();
        }
        let reviewed = match (&*request.kind.group, &*request.kind.kind) {
            ("", "Pod") if adds_containers => self.review_added_containers(request, cluster),
            ("", "Pod") => self.review_pod(request, pod, cluster),
            ("", "Namespace") if !self.namespace_labels.is_empty() => self.review_namespace(request),
            ("", "PersistentVolume") => self.review_volume(request, cluster),
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

    /// Rehearses the pods to come of every template in the object.
    fn review_workload(&self, request: &Request<'_>, cluster: &dyn Cluster) -> Read<Answer> {
        let kind = &request.kind;
        let built_in = workloads::built_in(kind);
        let declared =
            self.pod_templates.iter().filter(|known| known.group == kind.group && known.kind == kind.kind);
        let paths: Vec<_> =
            built_in.clone().into_iter().chain(declared.map(|known| known.path.clone())).collect();
        if paths.is_empty() {
            return Ok(self.unjudged(request));
        }
        if self.workloads == OnWorkloads::Ignore {
            return Ok(Answer::accepted());
        }
        let Some(object) = request.object else { return Ok(Answer::missing_object()) };
        let mut answer = Answer::accepted();
        for path in &paths {
            let templates = workloads::find(object, path)?;
            if templates.is_empty() && built_in.is_some() {
                return Err(crate::json::Fault::new("must hold a pod template"));
            }
            let judges = match (&*request.operation, request.old_object) {
                ("UPDATE", Some(old)) if all_same(&templates, &workloads::find(old, path)?)? => {
                    Judges::Standards
                }
                _ => Judges::All,
            };
            if judges == Judges::Standards && self.standards.is_none() {
                continue;
            }
            for template in &templates {
                self.rehearse(request, object, (template, judges), cluster, &mut answer)?;
            }
        }
        Ok(answer)
    }

    fn rehearse<'a>(
        &self,
        request: &Request<'a>,
        object: &'a str,
        (template, judges): (&Template<'a>, Judges),
        cluster: &dyn Cluster,
        answer: &mut Answer,
    ) -> Read<()> {
        let mut pod = workloads::decode_pod(template)?;
        workloads::complete(&mut pod, &request.kind, object)?;
        let root = if template.path.is_empty() { String::new() } else { format!("{}.", template.path) };
        let case = Case { request, pod, root, mode: Mode::Rehearse, scope: Scope::default(), judges };
        let rehearsed = self.answer(case, object, cluster)?;
        // Templates of one object can share a warning.
        let known = answer.warnings.clone();
        answer.warnings.extend(rehearsed.warnings.into_iter().filter(|warning| !known.contains(warning)));
        answer.tolerated.extend(rehearsed.tolerated);
        answer.audit_violations.extend(rehearsed.audit_violations);
        let known = answer.exemptions.clone();
        answer.exemptions.extend(rehearsed.exemptions.into_iter().filter(|name| !known.contains(name)));
        answer.untold += rehearsed.untold;
        answer.policy = answer.policy.take().or(rehearsed.policy);
        answer.unjudged |= rehearsed.unjudged;
        match rehearsed.rejection {
            Some(reason) if self.workloads == OnWorkloads::Warn => {
                answer
                    .warnings
                    .push(format!("pods of this {} would be rejected: {reason}", request.kind.kind));
            }
            Some(reason) => {
                let before =
                    answer.rejection.take().map(|earlier| format!("{earlier}; ")).unwrap_or_default();
                answer.rejection = Some(format!("{before}{reason}"));
            }
            None => {}
        }
        Ok(())
    }

    fn unjudged(&self, request: &Request<'_>) -> Answer {
        let declared = self.pod_templates.iter().map(|known| known.kind.to_string());
        let built_in = workloads::built_in_kinds().map(str::to_owned);
        let namespace = (!self.namespace_labels.is_empty()).then(|| "Namespace".to_owned());
        let volume = (self.persistent_volumes != OnVolumes::Ignore).then(|| "PersistentVolume".to_owned());
        let known: Vec<String> = std::iter::once("Pod".to_owned())
            .chain(built_in)
            .chain(namespace)
            .chain(volume)
            .chain(declared)
            .collect();
        let (group, kind) = (&request.kind.group, Quoted(&request.kind.kind));
        let of_group =
            if group.is_empty() { String::new() } else { format!(" of the API group {}", Quoted(group)) };
        Answer::unjudged(format_args!(
            "request.kind: {kind}{of_group} is not judged by this policy; judged are: {}; register it for those, or name further kinds in `podTemplates`",
            joined(&known, ", ")
        ))
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

    /// Finds the policy that admits the pod (spec 3.3): the first that accepts it as it is, else the first that accepts
    /// it after mutation.
    fn select<'v, 'a>(
        &'v self,
        case: &Case<'v, 'a>,
        cluster: &'v dyn Cluster,
    ) -> Result<Verdict<'v, 'a>, String> {
        let arrived = case.arrived();
        let filling = self.filling(case);
        let mut grants = self.grants(case, cluster);
        let mut ungranted = None;
        let mut changed = Vec::new();
        let mut filled = Filled::of(&arrived, &filling);
        for policy in self.candidates(case) {
            if filled.by(policy) {
                // Whether it accepts the pod so changed only matters if none accepts it as it is.
                changed.extend((case.mode != Mode::Refuse).then_some(policy));
            } else if self.accepts(policy, &filled.pod, case) {
                if grants.hold(&policy.name)? {
                    return Ok(Verdict::Admitted { policy, pod: filled.pod, granted: true });
                }
                ungranted = ungranted.or(Some(policy));
            }
        }
        for policy in changed {
            filled.by(policy);
            if self.accepts(policy, &filled.pod, case) {
                if grants.hold(&policy.name)? {
                    return Ok(Verdict::Admitted { policy, pod: filled.pod, granted: true });
                }
                ungranted = ungranted.or(Some(policy));
            }
        }
        if let Some(policy) = ungranted.filter(|_| case.mode == Mode::Rehearse) {
            filled.by(policy);
            return Ok(Verdict::Admitted { policy, pod: filled.pod, granted: false });
        }
        self.deny(case, &arrived, &mut grants).map(Verdict::Denied)
    }

    fn accepts(&self, policy: &Policy<'_>, pod: &Pod<'_>, case: &Case<'_, '_>) -> bool {
        let mut found = Findings::counting(&case.root, &self.leniency);
        policy.validate(pod, &case.scope, &mut found);
        found.denials() == 0
    }

    /// The policies in the order in which they are tried: by name, but the one that is said to have admitted the pod
    /// comes first when nothing may change.
    fn candidates<'v>(&'v self, case: &Case<'_, '_>) -> impl Iterator<Item = &'v Policy<'v>> {
        let hint = case.pod.annotations.get(ADMITTED_BY).filter(|_| case.mode == Mode::Refuse);
        let hinted = hint.and_then(|name| self.policies.iter().position(|policy| policy.name == *name));
        let first = hinted.and_then(|index| self.policies.get(index));
        first
            .into_iter()
            .chain(self.policies.iter().enumerate().filter(move |(i, _)| Some(*i) != hinted).map(|(_, p)| p))
    }

    /// Which rules fill something in. Where nothing may change, what a rule would have to fill in is an objection: one
    /// that does not deny leaves the pod as it is, and objects to that.
    fn filling<'v>(&self, case: &'v Case<'_, '_>) -> Cow<'v, Scope> {
        if case.mode != Mode::Refuse || self.leniency.is_none() {
            return Cow::Borrowed(&case.scope);
        }
        let excused = case.scope.excused.or(self.leniency.warned).or(self.leniency.audited);
        Cow::Owned(Scope { excused, ..case.scope.clone() })
    }

    fn grants<'v>(&'v self, case: &Case<'v, '_>, cluster: &'v dyn Cluster) -> Grants<'v> {
        if self.authorization == Authorization::None {
            return Grants::to_everybody(cluster);
        }
        let namespace = &*case.request.namespace;
        let account = case.service_account().map(|name| Identity::service_account(namespace, name));
        let user = Identity::requesting_user(case.request).filter(|user| {
            case.mode != Mode::Rehearse && account.as_ref().is_none_or(|account| account.user != user.user)
        });
        Grants::new(cluster, namespace, account.into_iter().chain(user).collect())
    }

    /// Why no policy admits the pod, policy by policy.
    fn deny(
        &self,
        case: &Case<'_, '_>,
        arrived: &Pod<'_>,
        grants: &mut Grants<'_>,
    ) -> Result<String, String> {
        let mut usable = Vec::new();
        for policy in &self.policies {
            if grants.hold(&policy.name)? {
                usable.push(policy);
            }
        }
        let rehearsed = case.mode == Mode::Rehearse;
        let filling = self.filling(case);
        if usable.is_empty() && !rehearsed {
            return Ok(format!(
                "no PodSecurityPolicy admits this pod: none may be used by {} in namespace {}",
                grants.describe(),
                Quoted(&case.request.namespace)
            ));
        }
        if usable.is_empty() {
            usable = self.policies.iter().collect();
        }
        let reasons = usable.iter().map(|policy| {
            let mut pod = arrived.clone();
            policy.mutate(&mut pod, &filling);
            let (violations, denials) = self.objections(policy, case, &pod);
            let denying: Vec<_> =
                violations.into_iter().filter(|violation| violation.action == Action::Deny).collect();
            let mut reason = join(&denying, denials);
            if case.mode == Mode::Refuse {
                let edits = changes(arrived, &pod);
                for edit in edits.iter().take(SPELT_OUT) {
                    let before = if reason.is_empty() { "" } else { "; " };
                    let change = format_args!("{before}would have to be changed: {edit} = {}", edit.value);
                    reason.push_str(&cut(&change));
                }
                reason.push_str(&and_more(edits.len(), "; "));
            }
            reason
        });
        if let [_] = self.policies.as_slice() {
            return Ok(reasons.collect());
        }
        let named: Vec<String> = usable
            .iter()
            .zip(reasons)
            .map(|(policy, reason)| format!("{}: {reason}", Quoted(&policy.name)))
            .collect();
        Ok(format!("no PodSecurityPolicy admits this pod: {}", named.join("; ")))
    }

    /// All objections of a policy to a pod, spelt out, and how many of them deny.
    fn objections(&self, policy: &Policy<'_>, case: &Case<'_, '_>, pod: &Pod<'_>) -> (Vec<Violation>, usize) {
        let mut found = Findings::spelling(&case.root, &self.leniency);
        policy.validate(pod, &case.scope, &mut found);
        let denials = found.denials();
        (found.into_violations(), denials)
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

mod report;
#[cfg(test)]
mod tests;

pub use report::{Opinion, Report};
