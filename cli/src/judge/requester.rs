//! The requester, and the request.

use pod_security_policy::pod::{Kind, template};
use pod_security_policy::request::{Request, User};
use pod_security_policy::rule::Action;
use pod_security_policy::settings::Settings;

use super::controllers::{maker_of_pod, with_implied};
use super::templates;
use crate::input::Object;
use crate::policies::{Judge, Policies};

/// The requester, and the default namespace.
#[derive(Clone, Debug, Default)]
pub struct Requester {
    /// The user; empty if unknown.
    pub user: String,
    /// Its groups, those that the API server adds included.
    pub groups: Vec<String>,
    /// The namespace of objects that name none.
    pub namespace: String,
}

impl Requester {
    /// A user with these groups, and those that the API server adds; an empty name stands for an unknown user.
    pub fn new(user: String, groups: Vec<String>, namespace: String) -> Self {
        let groups = if user.is_empty() { groups } else { with_implied(&user, &groups) };
        Requester { user, groups, namespace }
    }

    /// The namespace that an object is created in.
    pub fn namespace_of<'o>(&'o self, object: &'o Object) -> &'o str {
        object.namespace.as_deref().unwrap_or(&self.namespace)
    }

    /// The request that creates the object.
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

    /// Whether the creator of a pod is unknown.
    pub(super) fn is_unknown(&self, pod: &Object) -> bool {
        self.user.is_empty() && pod.kind == "Pod" && maker_of_pod(pod).is_none()
    }

    /// The creator of the object: the given user, else the controller that has created a live pod.
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

/// Whether these policies evaluate the object: one with pods, or a kind that some settings evaluate besides pods.
pub fn is_judged(object: &Object, policies: &Policies) -> bool {
    let kind = kind(object);
    kind.is_pod()
        || template::built_in(&kind).is_some()
        || policies.registrations.iter().any(|registration| match &registration.judge {
            Judge::Standard(_) => false,
            Judge::Settings(settings) => match (&*kind.group, &*kind.kind) {
                ("", "Namespace") => !settings.namespace_labels.is_empty(),
                ("", "PersistentVolume") => {
                    settings.persistent_volumes.is_some_and(|action| action != Action::Ignore)
                }
                ("resource.k8s.io", "ResourceClaim" | "ResourceClaimTemplate") => {
                    settings.resource_claims.is_some_and(|action| action != Action::Ignore)
                }
                _ => declares(settings, &kind),
            },
        })
}

/// The warning about a skipped object: its kind does not exist in Kubernetes, or it carries pods.
pub fn doubt(object: &Object) -> Option<String> {
    let at = object.start();
    if object.kind.is_empty() {
        return Some(format!("{at}: an object without `kind` is not judged"));
    }
    strange_kind(object).or_else(|| carried(object)).map(|doubt| format!("{at}: {doubt}"))
}

/// API groups that are reserved for built-in kinds.
const OWN_GROUPS: [&str; 4] = ["", "apps", "batch", "extensions"];

fn strange_kind(object: &Object) -> Option<String> {
    if !OWN_GROUPS.contains(&object.group()) {
        return None;
    }
    let kind = &object.kind;
    let known = || std::iter::once("Pod").chain(template::built_in_kinds());
    if known().any(|known| known == kind) {
        let group = OWN_GROUPS.iter().find(|group| {
            let right = Kind { group: (**group).into(), kind: kind.as_str().into() };
            right.is_pod() || template::built_in(&right).is_some()
        })?;
        let right = if group.is_empty() { "v1".to_owned() } else { format!("{group}/v1") };
        return Some(format!(
            "kind: `{kind}` is not known in `{}`, and not judged; did you mean `apiVersion: {right}`?",
            object.api_version
        ));
    }
    let near = known().find(|known| {
        let apart = strsim::damerau_levenshtein(&known.to_lowercase(), &kind.to_lowercase());
        apart * 4 <= known.len()
    })?;
    Some(format!("kind: `{kind}` is not known, and not judged; did you mean `{near}`?"))
}

/// The warning that a skipped object carries pods, and which settings would evaluate them.
fn carried(object: &Object) -> Option<String> {
    let ways = templates::ways(object);
    let (first, more) = ways.split_first()?;
    let (kind, group) = (&object.kind, object.group());
    if first.is_empty() {
        return Some(format!(
            "{kind} {} holds a pod, and is not judged: its pods are, when they are created",
            object.name
        ));
    }
    let entry = |way: &String| format!("{{apiGroup: {group}, kind: {kind}, path: '{way}'}}");
    let more: String = more.iter().map(|way| format!(", {}", entry(way))).collect();
    let title = object.title();
    Some(format!(
        "{title} carries a pod template, and is not judged; settings judge it with `podTemplates: [{}{more}]`",
        entry(first)
    ))
}

/// Whether an object carries the templates of pods to come.
pub(super) fn is_workload(object: &Object, settings: &Settings<'_>) -> bool {
    let kind = kind(object);
    template::built_in(&kind).is_some() || declares(settings, &kind)
}

fn declares(settings: &Settings<'_>, kind: &Kind<'_>) -> bool {
    settings.pod_templates.iter().any(|known| known.kind == *kind)
}
