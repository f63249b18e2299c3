//! An object in kubectl's notation: `deploy/web`, `deployments.apps/web`, `Deployment/shop/web`.
//!
//! ```
//! use kubectl_psp::target::Target;
//!
//! let target = Target::parse("deploy/shop/web").unwrap();
//! assert!(target.is_kind("Deployment"));
//! assert_eq!((target.namespace(), target.name()), (Some("shop"), "web"));
//! assert_eq!(Target::parse("pod.yaml"), None);
//! ```

use std::fmt::{self, Display};

use crate::input::Object;

/// A reference to an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The kind, in lower case.
    kind: String,
    namespace: Option<String>,
    name: String,
}

/// kubectl's names for kinds, in lower case: the kind itself, its plural, and short names.
const NAMES: &[(&str, &[&str])] = &[
    ("pod", &["pods", "po"]),
    ("deployment", &["deployments", "deploy"]),
    ("replicaset", &["replicasets", "rs"]),
    ("statefulset", &["statefulsets", "sts"]),
    ("daemonset", &["daemonsets", "ds"]),
    ("job", &["jobs"]),
    ("cronjob", &["cronjobs", "cj"]),
    ("replicationcontroller", &["replicationcontrollers", "rc"]),
    ("podtemplate", &["podtemplates"]),
    ("namespace", &["namespaces", "ns"]),
    ("persistentvolume", &["persistentvolumes", "pv"]),
];

impl Target {
    /// The object that `KIND/NAME` or `KIND/NAMESPACE/NAME` refers to; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once('/')?;
        let (namespace, name) = match rest.split_once('/') {
            Some((namespace, name)) => (Some(namespace.to_owned()), name),
            None => (None, rest),
        };
        if kind.is_empty() || name.is_empty() || name.contains('/') {
            return None;
        }
        Some(Target {
            kind: known(kind).map_or_else(|| bare(kind), str::to_owned),
            namespace,
            name: name.to_owned(),
        })
    }

    /// The same, for kinds that exist on every cluster: used where arguments may also be files.
    pub fn parse_known(text: &str) -> Option<Self> {
        let (kind, _) = text.split_once('/')?;
        known(kind).and_then(|_| Target::parse(text))
    }

    /// The name of the object.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The namespace, if it names one.
    pub fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    /// Whether it refers to objects of a kind: `deployments` and `Deployment`
    pub fn is_kind(&self, kind: &str) -> bool {
        let kind = kind.to_lowercase();
        let stem = kind.strip_suffix('y').unwrap_or(&kind);
        let plurals = [format!("{kind}s"), format!("{kind}es"), format!("{stem}ies")];
        self.kind == kind || plurals.contains(&self.kind)
    }

    /// Whether it refers to an object, which is in `namespace`.
    pub fn is(&self, object: &Object, namespace: &str) -> bool {
        self.is_kind(&object.kind)
            && self.name == object.name
            && self.namespace.as_deref().is_none_or(|own| own == namespace)
    }
}

/// `deployment/web`, as it is parsed.
impl Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Target { kind, namespace, name } = self;
        match namespace {
            Some(namespace) => write!(f, "{kind}/{namespace}/{name}"),
            None => write!(f, "{kind}/{name}"),
        }
    }
}

/// A kind without its group and version: `deployments` of `Deployments.v1.apps`
fn bare(kind: &str) -> String {
    kind.split('.').next().unwrap_or_default().to_lowercase()
}

fn known(kind: &str) -> Option<&'static str> {
    let kind = bare(kind);
    NAMES.iter().find(|(name, others)| *name == kind || others.contains(&&*kind)).map(|(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case::short("deploy/web", true)]
    #[case::plural("deployments/web", true)]
    #[case::with_its_group("deployments.apps/web", true)]
    #[case::with_its_version("Deployment.v1.apps/web", true)]
    #[case::with_its_namespace("deploy/shop/web", true)]
    #[case::of_another_namespace("deploy/other/web", false)]
    #[case::of_another_kind("ds/web", false)]
    #[case::of_another_name("deploy/we", false)]
    fn objects_are_named_as_kubectl_does(#[case] text: &str, #[case] expected: bool) {
        let object = Object::of_value(
            &json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}}),
        );
        let target = Target::parse_known(text).unwrap();
        assert_eq!(target.is(&object, "shop"), expected);
    }

    #[rstest]
    #[case::by_kind("rollout/web")]
    #[case::by_plural("Rollouts.argoproj.io/web")]
    fn kinds_of_others_are_named_as_well(#[case] text: &str) {
        let object = Object::of_value(
            &json!({"apiVersion": "argoproj.io/v1", "kind": "Rollout", "metadata": {"name": "web"}}),
        );
        assert_eq!(Target::parse_known(text), None);
        assert!(Target::parse(text).unwrap().is(&object, "shop"));
    }

    #[rstest]
    #[case::a_file("pod.yaml")]
    #[case::a_folder("pods/")]
    #[case::no_kind("/web")]
    #[case::too_long("pod/a/b/c")]
    fn what_names_no_object(#[case] text: &str) {
        assert_eq!(Target::parse(text), None);
    }
}
