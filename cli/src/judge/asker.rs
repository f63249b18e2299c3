//! Who asks, and about what.

use pod_security_policy::persistent_volumes::OnVolumes;
use pod_security_policy::request::{Kind, Request, User};
use pod_security_policy::settings::Settings;
use pod_security_policy::workloads;

use super::makers::maker_of_pod;
use crate::input::Object;
use crate::policies::{Judge, Policies};

/// Who asks, and where.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asker {
    /// The user; nobody if it is empty.
    pub(crate) user: String,
    pub(crate) groups: Vec<String>,
    /// The namespace of objects that name none.
    pub(crate) namespace: String,
}

impl Asker {
    /// The namespace that an object is made in.
    pub(crate) fn namespace_of<'o>(&'o self, object: &'o Object) -> &'o str {
        object.namespace.as_deref().unwrap_or(&self.namespace)
    }

    /// The request that makes the object.
    pub(crate) fn request<'o>(&'o self, object: &'o Object, json: &'o str) -> Request<'o> {
        Request {
            operation: "CREATE".into(),
            kind: kind(object),
            name: (&*object.name).into(),
            namespace: self.namespace_of(object).into(),
            user: self.user(object),
            object: Some(json),
            ..Request::default()
        }
    }

    /// Whether nobody can tell who makes a pod.
    pub(super) fn is_unknown(&self, pod: &Object) -> bool {
        self.user.is_empty() && pod.kind == "Pod" && maker_of_pod(pod).is_none()
    }

    /// Who makes the object: who is said to, else the controller that has made a live pod.
    fn user<'o>(&'o self, object: &'o Object) -> User<'o> {
        let said = User {
            username: (&*self.user).into(),
            groups: self.groups.iter().map(|group| group.as_str().into()).collect(),
        };
        match maker_of_pod(object) {
            Some(maker) if self.user.is_empty() && object.kind == "Pod" => maker,
            _ => said,
        }
    }
}

pub(super) fn kind(object: &Object) -> Kind<'_> {
    Kind { group: object.group().into(), kind: (&*object.kind).into() }
}

/// Whether an object is one that these policies judge: one that holds pods, or what some settings judge beside them.
pub(crate) fn is_judged(object: &Object, policies: &Policies) -> bool {
    let kind = kind(object);
    kind.is_pod()
        || workloads::built_in(&kind).is_some()
        || policies.registrations.iter().any(|registration| match &registration.judge {
            Judge::Standard(_) => false,
            Judge::Settings(settings) => match (&*kind.group, &*kind.kind) {
                ("", "Namespace") => !settings.namespace_labels.is_empty(),
                ("", "PersistentVolume") => {
                    settings.persistent_volumes.is_some_and(|on_volumes| on_volumes != OnVolumes::Ignore)
                }
                _ => declares(settings, &kind),
            },
        })
}

/// What is strange about the kind of an object that is not judged: no API server knows it.
pub(crate) fn doubt(object: &Object) -> Option<String> {
    let at = object.start();
    if object.kind.is_empty() {
        return Some(format!("{at}: an object without `kind` is not judged"));
    }
    // Anybody may define kinds in a group of their own.
    if !["", "apps", "batch", "extensions"].contains(&object.group()) {
        return None;
    }
    let kind = &object.kind;
    let near = std::iter::once("Pod").chain(workloads::built_in_kinds()).find(|known| {
        let apart = strsim::damerau_levenshtein(&known.to_lowercase(), &kind.to_lowercase());
        apart * 4 <= known.len() && known != kind
    })?;
    Some(format!("{at}: kind: `{kind}` is not known, and not judged; did you mean `{near}`?"))
}

/// Whether an object carries the templates of pods to come.
pub(super) fn is_workload(object: &Object, settings: &Settings<'_>) -> bool {
    let kind = kind(object);
    workloads::built_in(&kind).is_some() || declares(settings, &kind)
}

fn declares(settings: &Settings<'_>, kind: &Kind<'_>) -> bool {
    settings.pod_templates.iter().any(|known| known.group == kind.group && known.kind == kind.kind)
}
