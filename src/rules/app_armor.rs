//! The AppArmor profile decides which files and capabilities a container can use.
//!
//! PodSecurityPolicy kept its settings in annotations and knew only the annotations of pods. Since Kubernetes 1.30
//! there are fields (KEP-24): a container's profile is its own field, else its annotation, else the pod's field.

use std::borrow::Cow;

use crate::json::{Quoted, Text};
use crate::pod::diff::profiles;
use crate::pod::{APP_ARMOR_CONTAINER, Container, Pod, Profile};
use crate::rule::{Demands, Entry, Findings, Rule, Spec, note_inherited};

pub(crate) const ENTRIES: &[Entry] = &[Entry {
    id: "appArmor",
    purpose: "The AppArmor profiles that containers may run with.",
    shape: None,
    annotations: &[ALLOWED, DEFAULT],
    pod_fields: "`securityContext.appArmorProfile` of pod and containers, the containers' annotations",
    mutates: "containers' `appArmorProfile`",
    default: "any profile or none",
    ..Entry::USUAL
}];

const ALLOWED: &str = "apparmor.security.beta.kubernetes.io/allowedProfileNames";
const DEFAULT: &str = "apparmor.security.beta.kubernetes.io/defaultProfileName";

/// Refuses profiles that are not allowed, and sets a default for containers that have none.
pub(crate) struct AppArmor<'s> {
    /// Names separated by commas, as written; `None` allows any profile and none.
    allowed: Option<Text<'s>>,
    default: Option<Text<'s>>,
}

/// The effective profile of a container, and its source.
enum Effective<'p> {
    Unset,
    Own(&'p Profile<'p>),
    Annotated(&'p str),
    Inherited(&'p Profile<'p>),
}

pub(super) fn load<'s>(spec: &mut Spec<'_, 's>) -> Option<AppArmor<'s>> {
    let default = spec.annotation(DEFAULT).filter(|name| !name.is_empty());
    if let Some(name) = default.as_ref().filter(|name| Profile::named(name).is_none() || !is_profile(name)) {
        report_unknown(spec, DEFAULT, name, name);
    }
    let allowed = spec.annotation(ALLOWED);
    let list = allowed.as_deref().unwrap_or_default();
    for name in list.split(',').filter(|name| !name.is_empty() && !is_profile(name)) {
        report_unknown(spec, ALLOWED, list, name);
    }
    if allowed.is_none() && default.is_none() { None } else { Some(AppArmor { allowed, default }) }
}

fn report_unknown(spec: &mut Spec<'_, '_>, annotation: &str, value: &str, name: &str) {
    let reason = format_args!("invalid AppArmor profile name: {}", Quoted(name));
    spec.invalid_in_annotation(annotation, value, reason);
}

fn is_profile(name: &str) -> bool {
    matches!(name, "runtime/default" | "unconfined") || name.starts_with("localhost/")
}

fn effective<'p>(pod: &'p Pod<'_>, container: &'p Container<'_>) -> Effective<'p> {
    if let Some(profile) = &container.security_context.app_armor_profile {
        return Effective::Own(profile);
    }
    match pod.annotations.of_container(APP_ARMOR_CONTAINER, &container.name) {
        Some(name) if !name.is_empty() => Effective::Annotated(name),
        _ => match &pod.spec.security_context.app_armor_profile {
            Some(profile) => Effective::Inherited(profile),
            None => Effective::Unset,
        },
    }
}

/// Why a profile is refused; `None` if it is allowed.
fn objection(list: &str, name: Option<&str>) -> Option<Cow<'static, str>> {
    match name {
        None => Some("is not an AppArmor profile: type must be RuntimeDefault, Unconfined, or Localhost with a localhostProfile".into()),
        // An empty list is a list of one empty name, which is never a profile's.
        Some(name) if name.is_empty() || !list.split(',').any(|allowed| allowed == name) => {
            Some(format!("{name} is not an allowed profile. Allowed values: {}", Quoted(list)).into())
        }
        Some(_) => None,
    }
}

/// The profiles that would be allowed instead; none for what is no profile at all.
fn wanted(list: &str, name: Option<&str>) -> Vec<String> {
    name.map(|_| profiles(list)).unwrap_or_default()
}

impl Rule for AppArmor<'_> {
    fn mutate_container(&self, pod: &Pod<'_>, container: &mut Container<'_>, _: Demands) {
        let Some(default) = self.default.as_ref().filter(|_| !pod.is_windows()) else { return };
        if matches!(effective(pod, container), Effective::Unset) {
            container.security_context.app_armor_profile = Profile::named(default);
        }
    }

    fn validate(&self, pod: &Pod<'_>, found: &mut Findings<'_>) {
        let (Some(list), Some(profile)) = (&self.allowed, &pod.spec.security_context.app_armor_profile)
        else {
            return;
        };
        let name = profile.name();
        if let Some(detail) = objection(list, name.as_deref()) {
            found.forbidden("spec.securityContext.appArmorProfile", detail);
            found.wants(|| wanted(list, name.as_deref()));
        }
    }

    fn validate_container(&self, pod: &Pod<'_>, container: &Container<'_>, found: &mut Findings<'_>) {
        let Some(list) = &self.allowed else { return };
        let field = "securityContext.appArmorProfile";
        let profile = effective(pod, container);
        let name = match &profile {
            Effective::Unset if pod.is_windows() => return,
            Effective::Unset => {
                let detail = format_args!("AppArmor profile must be set. Allowed values: {}", Quoted(list));
                found.forbidden(field, detail);
                return found.wants(|| profiles(list));
            }
            Effective::Annotated(name) => Some(Cow::Borrowed(*name)),
            Effective::Own(profile) | Effective::Inherited(profile) => profile.name(),
        };
        let Some(detail) = objection(list, name.as_deref()) else { return };
        if let Effective::Annotated(_) = profile {
            let key = format_args!("metadata.annotations[{APP_ARMOR_CONTAINER}{}]", container.name);
            found.forbidden_of_pod(key, detail);
        } else {
            let note = note_inherited(matches!(profile, Effective::Own(_)));
            found.forbidden(field, format_args!("{detail}{note}"));
        }
        found.wants(|| wanted(list, name.as_deref()));
    }
}

#[cfg(test)]
mod tests;
