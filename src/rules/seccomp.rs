//! The seccomp profile decides which system calls a container can make.
//!
//! PodSecurityPolicy kept its settings in annotations and evaluated those of the pod. Since Kubernetes 1.27 only the
//! field counts (KEP-135): defaults are written to it, an annotation without a field is turned into the field when a
//! pod is created, as the API server did up to 1.26, and an annotation alone satisfies nothing.
//!
//! The profile of the pod counts for the containers that have none. Where each has one of its own that the policy
//! lists, the pod's makes no difference: it is neither validated nor defaulted. PodSecurityPolicy validated an
//! annotation of the pod even there, and changed pods that satisfy the standard `restricted` by their containers alone.

use crate::json::Text;
use crate::pod::diff::profiles;
use crate::pod::{Container, Pod, Profile, SECCOMP_CONTAINER, SECCOMP_POD};
use crate::rule::pattern::has_parent_element;
use crate::rule::{Demands, Entry, Findings, Rule, Spec};

pub(crate) const ENTRIES: &[Entry] = &[Entry {
    id: "seccomp",
    purpose: "The seccomp profiles that pods may run with.",
    shape: None,
    annotations: &[ALLOWED, DEFAULT],
    pod_fields: "`securityContext.seccompProfile` of pod and containers",
    mutates: "the pod's `seccompProfile`, unless each container has a listed one of its own",
    default: "no profile or `RuntimeDefault`",
    ..Entry::USUAL
}];

const ALLOWED: &str = "seccomp.security.alpha.kubernetes.io/allowedProfileNames";
const DEFAULT: &str = "seccomp.security.alpha.kubernetes.io/defaultProfileName";

/// Refuses profiles that are not allowed, and sets a default for pods that have none.
pub(crate) struct Seccomp<'s> {
    allowed: Allowed<'s>,
    default: Option<Text<'s>>,
}

/// The allow list.
enum Allowed<'s> {
    /// Absent: `RuntimeDefault` is never weaker than nothing, so it is allowed, and so is no profile at all.
    Unstated,
    /// A list with a `*`.
    Any,
    /// The list as written, names separated by commas; an empty one allows no profile to be named.
    Named(Text<'s>),
}

pub(super) fn load<'s>(spec: &mut Spec<'_, 's>) -> Option<Seccomp<'s>> {
    let default = spec.annotation(DEFAULT).filter(|name| !name.is_empty());
    if let Some(name) = &default {
        report_malformed(spec, DEFAULT, name);
    }
    let allowed = match spec.annotation(ALLOWED) {
        None => Allowed::Unstated,
        Some(list) => {
            for name in list.split(',').filter(|name| *name != "*" && !list.is_empty()) {
                report_malformed(spec, ALLOWED, name);
            }
            if list.split(',').any(|name| name == "*") { Allowed::Any } else { Allowed::Named(list) }
        }
    };
    if let Some(name) = default.as_ref().filter(|name| !allowed.allow(canonical(name))) {
        let reason = "the allowed profiles leave it out, so that no pod that relies on it could be admitted";
        spec.invalid_in_annotation(DEFAULT, name, reason);
    }
    match (&allowed, &default) {
        (Allowed::Any, None) => None,
        _ => Some(Seccomp { allowed, default }),
    }
}

/// Reports that a name is not a profile.
fn report_malformed(spec: &mut Spec<'_, '_>, annotation: &str, name: &str) {
    let (value, reason) = match name.strip_prefix("localhost/") {
        Some(path) if path.starts_with('/') => (path, "must be a relative path"),
        Some(path) if has_parent_element(path) => (path, "must not contain '..'"),
        Some(path) if !path.is_empty() => return,
        None if matches!(name, "runtime/default" | "docker/default" | "unconfined") => return,
        _ => (name, "must be a valid seccomp profile"),
    };
    spec.invalid_in_annotation(annotation, value, reason);
}

/// The current name of a profile.
fn canonical(name: &str) -> &str {
    if name == "docker/default" { "runtime/default" } else { name }
}

impl Allowed<'_> {
    /// Whether a profile is allowed; no profile at all is the empty name.
    fn allow(&self, profile: &str) -> bool {
        match self {
            Allowed::Unstated => matches!(profile, "" | "runtime/default"),
            Allowed::Any => true,
            Allowed::Named(list) => list.split(',').any(|name| canonical(name) == profile),
        }
    }
}

impl Seccomp<'_> {
    /// Whether the policy lists the allowed profiles, and each container has such a profile of its own, so that none
    /// inherits the pod's.
    ///
    /// Ephemeral containers do not count: each is evaluated by the profile that it has or inherits, and a default goes
    /// into its own field, since nothing else can be written when it is added.
    fn is_satisfied_by_containers(&self, pod: &Pod<'_>) -> bool {
        let has_own = |container: &Container<'_>| {
            let profile = container.security_context.seccomp_profile.as_ref();
            profile.and_then(Profile::name).is_some_and(|name| self.allowed.allow(&name))
        };
        !matches!(self.allowed, Allowed::Unstated)
            && pod.spec.init_containers.iter().chain(&pod.spec.containers).all(has_own)
    }

    fn default_profile(&self) -> Option<Profile<'static>> {
        self.default.as_ref().and_then(|name| Profile::named(name))
    }

    fn judge(
        &self,
        profile: Option<&Profile<'_>>,
        windows: bool,
        field: &str,
        note: &str,
        found: &mut Findings<'_>,
    ) {
        let name = match profile.map(Profile::name) {
            Some(None) => {
                let detail = "is not a seccomp profile: type must be RuntimeDefault, Unconfined, or Localhost with a localhostProfile";
                return found.forbidden(field, format_args!("{detail}{note}"));
            }
            Some(Some(name)) => name,
            None if windows => return,
            None => "".into(),
        };
        if self.allowed.allow(&name) {
            return;
        }
        let Allowed::Named(list) = &self.allowed else {
            let detail = format_args!("seccomp may not be set to {name}, only to runtime/default{note}");
            return found.forbidden(field, detail);
        };
        let refused = format_args!("is not an allowed seccomp profile. Valid values are {list}{note}");
        if name.is_empty() {
            found.required(field, format_args!("no profile is set, which {refused}"));
        } else {
            found.forbidden(field, format_args!("{name} {refused}"));
        }
        found.wants(|| profiles(list));
    }
}

/// Why no default is filled in next to an annotation that names no profile, such as `localhost/`.
const ANNOTATED: &str = " (the annotation names none, and the API server would refuse a field that differs: remove the annotation)";

/// Whether the pod has the annotation, which the API server compares with the field. One that names a profile has
/// become the field when the pod is created.
fn is_annotated(pod: &Pod<'_>) -> bool {
    pod.annotations.get(SECCOMP_POD).is_some_and(|name| !name.is_empty())
}

fn is_container_annotated(pod: &Pod<'_>, container: &Container<'_>) -> bool {
    pod.annotations.of_container(SECCOMP_CONTAINER, &container.name).is_some_and(|name| !name.is_empty())
}

impl Rule for Seccomp<'_> {
    fn mutate(&self, pod: &mut Pod<'_>) {
        let open = pod.spec.security_context.seccomp_profile.is_none() && !pod.is_windows();
        let is_writable = open && !pod.gains_containers && !is_annotated(pod);
        if is_writable && self.default.is_some() && !self.is_satisfied_by_containers(pod) {
            pod.spec.security_context.seccomp_profile = self.default_profile();
        }
    }

    fn mutate_container(&self, pod: &Pod<'_>, container: &mut Container<'_>, _: Demands) {
        let open = container.seccomp_profile(pod).is_none() && !pod.is_windows();
        if open && !is_container_annotated(pod, container) {
            container.security_context.seccomp_profile = self.default_profile();
        }
    }

    fn validate(&self, pod: &Pod<'_>, found: &mut Findings<'_>) {
        // An added container is evaluated by its effective profile, its own or the pod's.
        if pod.gains_containers {
            return;
        }
        let profile = pod.spec.security_context.seccomp_profile.as_ref();
        let is_malformed = profile.is_some_and(|profile| profile.name().is_none());
        // A profile that the API server refuses is refused here, whether or not it is inherited.
        if is_malformed || !self.is_satisfied_by_containers(pod) {
            let note =
                if profile.is_none() && self.default.is_some() && is_annotated(pod) { ANNOTATED } else { "" };
            self.judge(profile, pod.is_windows(), "spec.securityContext.seccompProfile", note, found);
        }
    }

    fn validate_container(&self, pod: &Pod<'_>, container: &Container<'_>, found: &mut Findings<'_>) {
        let profile = container.seccomp_profile(pod);
        let note = match profile {
            None if self.default.is_some() && is_container_annotated(pod, container) => ANNOTATED,
            Some(_) if container.security_context.seccomp_profile.is_none() => " (inherited from the pod)",
            _ => "",
        };
        self.judge(profile, pod.is_windows(), "securityContext.seccompProfile", note, found);
    }
}

/// The pod with annotations turned into the fields they stood for, where those are not set (`applySeccompVersionSkew`
/// in pkg/registry/core/pod/strategy.go); `None` if it has no such annotation. A Windows pod may not have the fields.
pub fn adopt_annotations<'a>(pod: &Pod<'a>) -> Option<Box<Pod<'a>>> {
    let annotated = |(key, _)| key == SECCOMP_POD || str::starts_with(key, SECCOMP_CONTAINER);
    if pod.is_windows() || !pod.annotations.iter().any(annotated) {
        return None;
    }
    let mut pod = Box::new(pod.clone());
    let adopted = pod.annotations.get(SECCOMP_POD).and_then(|name| Profile::named(name));
    let own = &mut pod.spec.security_context.seccomp_profile;
    *own = own.take().or(adopted);
    pod.visit_containers(|pod, _, container| {
        let annotation = pod.annotations.of_container(SECCOMP_CONTAINER, &container.name);
        let adopted = annotation.and_then(|name| Profile::named(name));
        let own = &mut container.security_context.seccomp_profile;
        *own = own.take().or(adopted);
    });
    Some(pod)
}

#[cfg(test)]
mod tests;
