//! Seccomp: PodSecurityPolicy evaluated and wrote annotations, current clusters read fields.

use serde_json::Value;

use super::pods::{annotation, at, containers, list};
use crate::case::Case;

const POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";
const DEFAULT: &str = "seccomp.security.alpha.kubernetes.io/defaultProfileName";
const ALLOWED: &str = "seccomp.security.alpha.kubernetes.io/allowedProfileNames";

/// A place that can have a profile: the pod or a container.
struct Place<'c> {
    field: &'c Value,
    annotation: Option<&'c str>,
}

impl Place<'_> {
    fn has_field(&self) -> bool {
        !self.field.is_null()
    }

    /// The field's value as an annotation; `None` if it is unset.
    fn text(&self) -> Option<String> {
        match at(self.field, "type").as_str()? {
            "RuntimeDefault" => Some("runtime/default".to_owned()),
            "Unconfined" => Some("unconfined".to_owned()),
            "Localhost" => Some(format!("localhost/{}", at(self.field, "localhostProfile").as_str()?)),
            _ => None,
        }
    }

    /// Whether the annotation can be converted to a field.
    fn is_adoptable(&self) -> bool {
        self.annotation.is_some_and(|name| {
            matches!(name, "runtime/default" | "docker/default" | "unconfined")
                || name.strip_prefix("localhost/").is_some_and(|path| !path.is_empty())
        })
    }
}

fn places(case: &Case) -> Vec<Place<'_>> {
    let profile = |object| at(object, "securityContext.seccompProfile");
    let pod = Place { field: profile(at(&case.pod, "spec")), annotation: annotation(&case.pod, POD) };
    let of_containers = containers(&case.pod).map(|container| {
        let key = format!("{CONTAINER}{}", at(container, "name").as_str().unwrap_or_default());
        Place { field: profile(container), annotation: annotation(&case.pod, &key) }
    });
    std::iter::once(pod).chain(of_containers).collect()
}

/// The pod has the field and no annotation, which every policy of the original then had to write.
pub(super) fn field_alone(case: &Case) -> bool {
    let pod = places(case).into_iter().next();
    pod.is_some_and(|pod| pod.has_field() && pod.annotation.is_none_or(str::is_empty))
}

/// An annotation is set without its field, and is not converted: the pod exists already, or it has no equivalent
/// field.
pub(super) fn annotation_alone(case: &Case) -> bool {
    let created = case.creates();
    places(case)
        .iter()
        .any(|place| place.annotation.is_some() && !place.has_field() && !(created && place.is_adoptable()))
}

/// A field and its annotation differ.
pub(super) fn contradiction(case: &Case) -> bool {
    places(case).iter().any(|place| {
        place.has_field() && place.annotation.is_some() && place.text().as_deref() != place.annotation
    })
}

/// A field is not a valid profile.
pub(super) fn malformed(case: &Case) -> bool {
    places(case).iter().any(|place| place.has_field() && place.text().is_none_or(|text| text == "localhost/"))
}

/// A policy has no allow list, and the pod sets the runtime's default profile or gets it from a policy.
pub(super) fn runtime_default_unlisted(case: &Case) -> bool {
    let asks = |place: &Place<'_>| {
        place.text().as_deref() == Some("runtime/default")
            || matches!(place.annotation, Some("runtime/default" | "docker/default"))
    };
    let gives = |policy| matches!(annotation(policy, DEFAULT), Some("runtime/default" | "docker/default"));
    let mut unlisted = case.psps.iter().filter(|policy| annotation(policy, ALLOWED).is_none());
    let asked = places(case).iter().any(asks);
    unlisted.any(|policy| asked || gives(policy))
}

/// Every container has a profile of its own, and a policy has an allow list; or one is added to a running pod, and is
/// evaluated by its effective profile.
pub(super) fn own_profiles(case: &Case) -> bool {
    let created = case.creates();
    let listed = case
        .psps
        .iter()
        .any(|policy| [ALLOWED, DEFAULT].into_iter().any(|key| annotation(policy, key).is_some()));
    let own =
        |place: &Place<'_>| place.text().is_some() || (created && !place.has_field() && place.is_adoptable());
    // Each ephemeral container is evaluated by its effective profile, its own or the pod's.
    let ephemeral = list(&case.pod, "spec.ephemeralContainers").count();
    let all = places(case);
    let mut of_containers = all.iter().skip(1).take(all.len().saturating_sub(1 + ephemeral));
    case.sub == "ephemeralcontainers" || (listed && of_containers.all(own))
}
