//! From a request to a response.
//!
//! ```
//! use pod_security_policy::admission::{Cluster, Evaluator, Question};
//! use pod_security_policy::{json::Reader, settings::Settings};
//!
//! struct Offline;
//! impl Cluster for Offline {
//!     fn may_use(&self, _: &Question<'_>) -> Result<bool, String> {
//!         Err("offline".to_owned())
//!     }
//! }
//!
//! let settings = Settings::parse(r#"{"podSecurityStandards": {"enforce": "baseline"}}"#).unwrap();
//! let request = r#"{"operation": "CREATE", "kind": {"kind": "Pod"}, "object": {"spec": {"hostPID": true, "containers": []}}}"#;
//! let response = Evaluator::new(&settings, &Offline).review(Reader::document(request).unwrap());
//! assert_eq!(
//!     response.rejection.as_deref(),
//!     Some("violates PodSecurity \"baseline:latest\": host namespaces (hostPID=true)")
//! );
//! ```

use crate::json::edit::{Edit, Path, Step, graft};
use crate::json::{Quoted, Read, Reader, Text};
use crate::pod::controllers::Controllers;
use crate::pod::diff::{Writable, changes};
use crate::pod::{ADMITTED_BY, Container, List, Names, Pod, Slot, template};
use crate::policy::{Policy, Scope};
use crate::request::{Payload, Request};
use crate::rule::{Action, Findings};
use crate::settings::Settings;
use crate::standards::Exempted;
use cluster::Grants;
use pod_security::{has_new_ephemeral_images, is_significant};
use update::{changes_governed, kept_ephemeral_containers};

pub(crate) mod cluster;
mod deny;
mod exemptions;
mod namespace;
mod persistent_volume;
mod pod_security;
mod report;
mod resource_claim;
pub(crate) mod response;
mod select;
mod stand_in;
mod unknown_fields;
mod update;
mod workload;

pub use cluster::{Cluster, Identity, Question};
pub use report::{Opinion, Report, SetDefault};
pub use response::{Cause, Response};
pub use unknown_fields::{UnknownField, unknown_fields};

/// How mutation is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Changes are written back.
    Apply,
    /// The pod must fit as it is.
    Refuse,
    /// A copy is changed to evaluate the pods that a template describes; nothing is written.
    DryRun,
}

/// A pod, or a template, and how it is evaluated.
struct PodReview<'c, 'a> {
    request: &'c Request<'a>,
    /// The pod as its author wrote it.
    pod: Box<Pod<'a>>,
    /// Its path in the object, with a trailing dot.
    root: String,
    mode: Mode,
    scope: Scope,
    /// What is evaluated for it.
    checks: Checks,
    /// Who creates the pods of the template.
    controllers: Controllers,
}

/// What is evaluated for a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Checks {
    /// The policies, and the Pod Security Standards if there are any.
    All,
    /// Only the policies: no field that the standards look at has changed.
    Policies,
    /// Only the standards: the policies admitted this before, and at most set their defaults.
    Standards,
}

impl<'c, 'a> PodReview<'c, 'a> {
    /// A pod as it is in the request.
    fn of_pod(request: &'c Request<'a>, pod: Box<Pod<'a>>, mode: Mode) -> Self {
        let scope =
            Scope { writable: Writable { nothing: mode == Mode::Refuse, added: None }, ..Scope::default() };
        let controllers = Controllers::Unknown;
        PodReview { request, pod, root: String::new(), mode, scope, checks: Checks::All, controllers }
    }

    /// The service account that the pod will run as: of a template that names none, the namespace's `default`.
    fn service_account(&self) -> Option<&str> {
        let fallback = if self.mode == Mode::DryRun { Some("default") } else { None };
        self.pod.service_account().or(fallback)
    }

    /// The accounts that may create the pod: its requester, or the controllers of a workload.
    fn creators(&self) -> Vec<Identity<'a>> {
        match self.mode {
            Mode::DryRun => Identity::controllers(self.controllers),
            Mode::Apply | Mode::Refuse => Identity::requesting_user(self.request).into_iter().collect(),
        }
    }

    /// The message that a policy admits the pods of a workload and none of their accounts may use it.
    fn missing_grant(&self, policy: &str, grants: &Grants<'_>) -> String {
        let (accounts, policy) = (grants.describe_in_order(), Quoted(policy));
        let unknown = match self.controllers {
            Controllers::BuiltIn(_) => "",
            Controllers::Unknown => "; whether the account that creates the pods may use it is not known",
        };
        format!("no role lets {accounts} use PodSecurityPolicy {policy}, which admits these pods{unknown}")
    }

    /// Whether this is an audit of an object in the cluster, which has no requesting user.
    fn is_audit(&self) -> bool {
        self.request.user.username.is_empty()
    }
}

/// The policy that admits the pod, or why none does.
enum Verdict<'v, 'a> {
    /// This policy admits the pod as it is after mutation.
    Admitted {
        policy: &'v Policy<'v>,
        pod: Box<Pod<'a>>,
        /// Whether it does so only because some rules do not deny.
        is_tolerant: bool,
        /// Of a workload: why its pods will be rejected nevertheless.
        ungranted: Option<String>,
    },
    /// No policy does.
    Denied(Denial),
}

/// Why no policy admits a pod.
struct Denial {
    reason: String,
    /// What the first policy would fill in that then admits the pod, where the settings keep it from doing so.
    defaults: String,
}

/// Reviews one request, from the payload of the policy server to the response.
pub fn review(payload: &str, cluster: &dyn Cluster) -> Response {
    match Reader::document(payload) {
        Ok(payload) => judge(payload, cluster),
        Err(error) => Response::unreadable(&error),
    }
}

/// Reviews one request that has been read.
pub fn judge(payload: Payload<'_>, cluster: &dyn Cluster) -> Response {
    match Settings::load(payload.settings.root()) {
        Ok(settings) => Evaluator::new(&settings, cluster).review(payload.request),
        Err(problems) => Response::error(format_args!("the policy's settings are not valid: {problems}")),
    }
}

/// Evaluates requests against settings, and asks the cluster for information that neither of them has.
#[derive(Clone, Copy)]
pub struct Evaluator<'e> {
    settings: &'e Settings<'e>,
    cluster: &'e dyn Cluster,
}

impl<'e> Evaluator<'e> {
    /// An evaluator of these settings.
    pub fn new(settings: &'e Settings<'e>, cluster: &'e dyn Cluster) -> Self {
        Evaluator { settings, cluster }
    }

    /// Reviews one request.
    #[inline(never)]
    pub fn review(&self, mut request: Request<'_>) -> Response {
        let pod = request.pod.take();
        let request = &request;
        match &*request.operation {
            "DELETE" | "CONNECT" => return Response::accepted(),
            "CREATE" | "UPDATE" => {}
            other => {
                let other = Quoted(other);
                return Response::error(format_args!(
                    "request.operation: Unsupported value: {other}: supported values: \"CREATE\", \"UPDATE\", \"DELETE\", \"CONNECT\""
                ));
            }
        }
        let adds_containers = request.sub_resource == "ephemeralcontainers" && request.kind.is_pod();
        let is_namespace = request.kind.is_namespace();
        // The API server keeps labels that are sent to a namespace's subresources.
        let keeps_labels = is_namespace && !self.settings.namespace_labels.is_empty();
        let is_ungoverned = UNGOVERNED_SUBRESOURCES.contains(&&*request.sub_resource)
            || (is_namespace && request.sub_resource == "finalize");
        if is_ungoverned && !keeps_labels {
            return Response::accepted();
        }
        let reviewed = match (&*request.kind.group, &*request.kind.kind) {
            ("", "Namespace") if !self.settings.namespace_labels.is_empty() => self.review_namespace(request),
            ("", "PersistentVolume") if let Some(on_volumes) = self.settings.persistent_volumes => {
                self.review_volume(on_volumes, request)
            }
            (resource_claim::GROUP, kind)
                if resource_claim::KINDS.contains(&kind)
                    && let Some(on_claims) = self.settings.resource_claims =>
            {
                self.review_claim(on_claims, request)
            }
            _ if !self.settings.judges_pods() => Ok(self.unsupported_kind(request)),
            ("", "Pod") if adds_containers => self.review_added_containers(request),
            ("", "Pod") => self.review_pod(request, pod),
            _ => self.review_workload(request),
        };
        reviewed.unwrap_or_else(|error| Response::unreadable_object(&error))
    }

    fn review_pod<'a>(&self, request: &Request<'a>, decoded: Option<Box<Pod<'a>>>) -> Read<Response> {
        let Some(object) = request.object else { return Ok(Response::missing_object()) };
        let created = request.operation == "CREATE" && request.sub_resource.is_empty();
        let old = request.old_object.filter(|_| !created);
        if let Some(old) = old
            && !changes_governed(object, old)?
        {
            return Ok(Response::accepted());
        }
        let mut pod = match decoded {
            Some(pod) => pod,
            None => Reader::document(object)?,
        };
        template::default_pod(&mut pod);
        let mode = if created && self.settings.mutate { Mode::Apply } else { Mode::Refuse };
        let mut review = PodReview::of_pod(request, pod, mode);
        if let Some(old) = old {
            if !review.pod.spec.ephemeral_containers.is_empty() {
                let kept = kept_ephemeral_containers(object, old)?;
                review.scope.reviewed = Some(all_but(&review.pod, &kept));
            }
            if !self.settings.standards.is_none() {
                let old: Box<Pod<'_>> = Reader::document(old).map_err(|error| error.in_path("oldObject"))?;
                review.checks =
                    if is_significant(&review.pod, &old) { Checks::All } else { Checks::Policies };
            }
        }
        let mut response = self.response(review, object)?;
        self.judge_unknown_fields(object, old.as_slice(), ("", ""), &mut response)?;
        Ok(response)
    }

    /// Reviews new ephemeral containers in the pod that exists: of the request's pod, the API server keeps nothing but
    /// their list.
    ///
    /// One policy must admit a new container together with all that it shares with the pod. Otherwise a user who may
    /// use a lax policy and finds a pod of a strict one, or the reverse, has what neither of them allows.
    fn review_added_containers(&self, request: &Request<'_>) -> Read<Response> {
        let Some(object) = request.object else { return Ok(Response::missing_object()) };
        let asked: Box<Pod<'_>> = Reader::document(object)?;
        let mut pod: Box<Pod<'_>> = Reader::document(request.old_object.unwrap_or(object))?;
        template::default_pod(&mut pod);
        let mut present =
            std::mem::replace(&mut pod.spec.ephemeral_containers, asked.spec.ephemeral_containers);
        if request.old_object.is_none() {
            present.clear();
        }
        let known = Names::of(present.iter().map(|container| &*container.name));
        let new = |container: &Container<'_>| !known.contain(&container.name);
        let added: Vec<usize> = indexes(&pod.spec.ephemeral_containers, new);
        let checks = if added.is_empty() { Checks::Standards } else { Checks::All };
        if added.is_empty()
            && (self.settings.standards.is_none()
                || !has_new_ephemeral_images(&pod.spec.ephemeral_containers, &present))
        {
            return Ok(Response::accepted());
        }
        let reviewed = shared_with(&pod, &added);
        for list in List::ALL {
            for (index, container) in pod.list_mut(list).iter_mut().enumerate() {
                // Volumes of containers that the new ones cannot reach are not reviewed.
                if reviewed.binary_search(&Slot { list, index }).is_err() {
                    container.volume_mounts.clear();
                    container.volume_devices.clear();
                }
            }
        }
        let mounted: Vec<Text<'_>> =
            pod.containers().flat_map(|(_, container)| container.used_volumes().cloned()).collect();
        let mounted = Names::of(mounted.iter().map(|name| &**name));
        for volume in &mut pod.spec.volumes {
            volume.not_reviewed = !mounted.contain(&volume.name);
        }
        pod.gains_containers = true;
        let mode = if self.settings.mutate { Mode::Apply } else { Mode::Refuse };
        let mut review = PodReview::of_pod(request, pod, mode);
        review.scope.reviewed = Some(reviewed);
        review.scope.writable.added = Some(added);
        review.checks = checks;
        let mut response = self.response(review, object)?;
        let old = request.old_object.unwrap_or("{}");
        self.judge_unknown_fields(object, &[old], ("", "spec.ephemeralContainers"), &mut response)?;
        Ok(response)
    }

    /// Evaluates a pod and writes the response.
    fn response<'a>(&self, mut review: PodReview<'_, 'a>, object: &str) -> Read<Response> {
        let mut response = Response::accepted();
        let mut active = Vec::new();
        if !self.settings.exemptions.is_empty() {
            active = self.apply_exemptions(&mut review, &mut response);
        }
        let review = &review;
        let mut admitted = None;
        let settled = review.checks == Checks::Standards && review.mode != Mode::DryRun;
        if !self.settings.policies.is_empty() && !settled {
            match self.select(review) {
                Ok(Verdict::Admitted { policy, pod, is_tolerant, ungranted }) => {
                    if review.checks != Checks::Standards {
                        response.policy = Some(policy.name.to_string());
                        if is_tolerant {
                            self.tolerate(review, policy, &pod, &mut response);
                        }
                        match ungranted {
                            // When a workload is applied, the grant can still follow; an audited one runs without it.
                            Some(reason)
                                if review.is_audit() && review.controllers != Controllers::Unknown =>
                            {
                                self.record_effective_exemptions(
                                    review,
                                    Some(policy),
                                    &active,
                                    &mut response,
                                );
                                return Ok(Response { rejection: Some(reason), ..response });
                            }
                            reason => response.warnings.extend(reason),
                        }
                    }
                    admitted = Some((policy, pod));
                }
                // A pod that was admitted before stays admitted, even if the policies have changed since.
                Ok(Verdict::Denied(_)) | Err(_) if review.checks == Checks::Standards => {
                    return Ok(Response::accepted());
                }
                Ok(Verdict::Denied(Denial { reason, defaults })) => {
                    self.record_effective_exemptions(review, None, &active, &mut response);
                    return Ok(Response { rejection: Some(reason), defaults, ..response });
                }
                Err(cause) => {
                    return Ok(Response::error(format_args!("{UNANSWERED}{}", first_sentence(&cause))));
                }
            }
        }
        if !self.settings.standards.is_none() && review.checks != Checks::Policies {
            let pod: &Pod<'a> = admitted.as_ref().map_or(&review.pod, |(_, pod)| pod);
            let exempted =
                Exempted { everywhere: review.scope.exempt, in_containers: &review.scope.exempt_in };
            let is_template = review.mode == Mode::DryRun;
            self.judge_by_standards(pod, is_template, exempted, &mut response);
        }
        self.record_effective_exemptions(
            review,
            admitted.as_ref().map(|(policy, _)| *policy),
            &active,
            &mut response,
        );
        if let (Mode::Apply, Some((policy, pod)), true) = (review.mode, &admitted, response.is_accepted()) {
            response.edits = changes(&review.pod, pod);
            response.edits.extend(self.admission_mark(review, policy));
            if !response.edits.is_empty() {
                response.mutated_object = Some(graft(object, &response.edits)?);
            }
        }
        Ok(response)
    }

    /// Reports the violations that do not deny.
    fn tolerate(
        &self,
        review: &PodReview<'_, '_>,
        policy: &Policy<'_>,
        pod: &Pod<'_>,
        response: &mut Response,
    ) {
        let pass = self.tolerant(review);
        let mut found = Findings::collecting(&review.root, &pass.enforcement);
        policy.validate(pod, &pass.scope, &mut found);
        let in_all = found.tolerated();
        let mut tolerated = found.into_violations();
        tolerated.retain(|violation| violation.action != Action::Deny);
        response.tolerate(tolerated, in_all);
    }

    /// The annotation that names the policy that admits the pod, on a pod being created, if policies are a list.
    fn admission_mark(&self, review: &PodReview<'_, '_>, policy: &Policy<'_>) -> Option<Edit<'static>> {
        let marked = review.pod.annotations.get(ADMITTED_BY).is_some_and(|name| *name == policy.name);
        if !self.settings.listed || review.scope.writable.added.is_some() || marked {
            return None;
        }
        let path = Path::of(&[Step::Key("metadata"), Step::Key("annotations"), Step::Key(ADMITTED_BY)]);
        Some(Edit { path, value: Quoted(&policy.name).to_string() })
    }
}

/// Subresources that change nothing that policies look at, whatever kind of object they belong to.
const UNGOVERNED_SUBRESOURCES: &[&str] =
    &["attach", "binding", "eviction", "exec", "log", "portforward", "proxy", "resize", "scale", "status"];

/// Precedes the cause of an access review that failed.
pub(crate) const UNANSWERED: &str = "cannot determine who may use which policy: ";

/// The first sentence of a host's error: the rest is for its developers.
pub(crate) fn first_sentence(cause: &str) -> &str {
    let cause = cause.trim_start();
    let ends = |(at, byte): (usize, &u8)| {
        *byte == b'\n' || (*byte == b'.' && cause.as_bytes().get(at + 1) == Some(&b' '))
    };
    let end = cause.as_bytes().iter().enumerate().position(ends).unwrap_or(cause.len());
    match cause.get(..end).unwrap_or(cause).trim_end_matches(['.', ':', ' ', '\r']) {
        "" => "the host gives no reason",
        sentence => sentence,
    }
}

/// All containers of a pod except the ephemeral ones with the indexes in `kept`, in visiting order.
fn all_but(pod: &Pod<'_>, kept: &[usize]) -> Vec<Slot> {
    let is_kept = |slot: &Slot| slot.list == List::Ephemeral && kept.binary_search(&slot.index).is_ok();
    pod.containers().map(|(slot, _)| slot).filter(|slot| !is_kept(slot)).collect()
}

/// The ephemeral containers with these indexes, and all containers that they can look into, in visiting order: those
/// whose process namespace they share.
fn shared_with(pod: &Pod<'_>, added: &[usize]) -> Vec<Slot> {
    let new = added.iter().filter_map(|index| pod.spec.ephemeral_containers.get(*index));
    let targets = Names::of(new.map(|container| &*container.target_container_name));
    let is_shared = |slot: Slot, container: &Container<'_>| {
        let is_added = slot.list == List::Ephemeral && added.binary_search(&slot.index).is_ok();
        let is_target = !container.name.is_empty() && targets.contain(&container.name);
        pod.spec.share_process_namespace || is_added || is_target
    };
    pod.containers().filter(|(slot, container)| is_shared(*slot, container)).map(|(slot, _)| slot).collect()
}

fn indexes(containers: &[Container<'_>], fits: impl Fn(&Container<'_>) -> bool) -> Vec<usize> {
    let fitting = containers.iter().enumerate().filter(|(_, container)| fits(container));
    fitting.map(|(index, _)| index).collect()
}

#[cfg(test)]
mod tests;
