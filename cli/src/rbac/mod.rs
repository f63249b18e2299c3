//! Who may use which policy, from a dump of the cluster's RBAC objects, without access to the cluster.
//!
//! ```sh
//! kubectl get roles,rolebindings,clusterroles,clusterrolebindings --all-namespaces --output json
//! ```
//!
//! ```
//! use kubectl_psp::input::Text;
//! use kubectl_psp::rbac::Rbac;
//!
//! let role = "kind: ClusterRole\napiVersion: rbac.authorization.k8s.io/v1\nmetadata: {name: psp}\n\
//!     rules: [{apiGroups: [policy], resources: [podsecuritypolicies], verbs: [use]}]\n";
//! let role = Text::new("rbac.yaml", role.to_owned()).read_all().unwrap();
//! assert!(Rbac::of(&role, "default").is_ok());
//! assert!(Rbac::of(&[], "default").is_err(), "a dump without roles grants nothing by mistake");
//! ```

mod aggregation;
mod can_use;
mod dump;
mod mistakes;
mod role;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt::{self, Display};

pub use dump::is_rbac;
pub(crate) use mistakes::mistakes;
use pod_security_policy::admission::{Cluster, Question};
use serde_json::{Value, json};

/// The group that is authorized for everything, without grants.
const MASTERS: &str = "system:masters";

/// The grants of the verb `use` on policies.
#[derive(Debug, Default)]
pub struct Rbac {
    grants: Vec<Grant>,
    /// `RoleBinding shop/web (Role web)`: bindings whose roles are missing in the dump.
    roleless: Vec<String>,
    has_bindings: bool,
    /// The cluster, where it is asked instead.
    live: Option<Box<dyn Live>>,
}

/// One subject of one binding to one rule of a role.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    /// `policy`, `extensions`, or `*`
    api_groups: Vec<String>,
    /// The policies; empty for all.
    policies: Vec<String>,
    /// The reach of its rule beyond policies.
    reach: Reach,
    /// The namespace of a RoleBinding.
    namespace: Option<String>,
    subject: Subject,
    /// `ClusterRole psp-restricted`
    role: String,
    /// `RoleBinding shop/psp-restricted`
    binding: String,
}

/// How far a rule that grants policies reaches beyond them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// Policies only.
    Policies,
    /// `*` stands for other resources, or for other API groups.
    More,
    /// `*` stands for every resource of every API group, as in `cluster-admin`.
    Everything,
}

/// The subject of a grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    User(String),
    Group(String),
    ServiceAccount { namespace: String, name: String },
}

/// How to get a complete dump.
const DUMP: &str = "kubectl get clusterroles,roles,clusterrolebindings,rolebindings -A -o yaml";

/// At most so many bindings are named.
const NAMED: usize = 10;

impl Rbac {
    /// The grants of a cluster whose roles may not be read, and which is asked about each of them.
    pub fn asking(cluster: Box<dyn Live>) -> Self {
        Rbac { live: Some(cluster), has_bindings: true, ..Rbac::default() }
    }

    /// Gaps in the dump, through which it grants less than the cluster does.
    pub(crate) fn gaps(&self) -> Option<String> {
        if !self.has_bindings {
            return Some(format!(
                "the RBAC dump holds no bindings, so that nothing is granted to anybody; dump them, too: {DUMP}"
            ));
        }
        let mut named: Vec<&str> = self.roleless.iter().take(NAMED).map(String::as_str).collect();
        let more = self.roleless.len().saturating_sub(NAMED);
        let more = (more > 0).then(|| format!("and {more} more"));
        named.extend(more.as_deref());
        (!named.is_empty()).then(|| {
            format!(
                "the RBAC dump lacks the roles of these bindings, which count as if they granted nothing: {}; dump them, too: {DUMP}",
                named.join(", ")
            )
        })
    }

    /// The grants of a policy.
    pub(crate) fn of_policy(&self, policy: &str) -> impl Iterator<Item = &Grant> {
        self.grants.iter().filter(move |grant| grant.is_of(policy))
    }

    /// The namespaces in which a policy is granted to subjects of the namespace, unless it is granted in all of them.
    pub(crate) fn namespaces(&self, policy: &str) -> Option<Vec<String>> {
        let mut namespaces = Vec::new();
        for grant in self.of_policy(policy).filter(|grant| !grant.is_almighty()) {
            namespaces.push(match (&grant.namespace, &grant.subject) {
                (Some(namespace), _) | (None, Subject::ServiceAccount { namespace, .. }) => namespace.clone(),
                (None, Subject::Group(group)) => group.strip_prefix("system:serviceaccounts:")?.to_owned(),
                (None, Subject::User(_)) => return None,
            });
        }
        namespaces.sort_unstable();
        namespaces.dedup();
        Some(namespaces)
    }

    /// The subjects of a policy as bindings name them, by the namespace of the RoleBinding; those without one come first.
    /// Who may use everything is left out.
    pub(crate) fn subjects(&self, policy: &str) -> BTreeMap<Option<&str>, Vec<Value>> {
        let mut places: BTreeMap<Option<&str>, Vec<Value>> = BTreeMap::new();
        for grant in self.of_policy(policy).filter(|grant| !grant.is_almighty()) {
            let subjects = places.entry(grant.namespace.as_deref()).or_default();
            let subject = grant.subject.to_json();
            if !subjects.contains(&subject) {
                subjects.push(subject);
            }
        }
        places
    }

    /// The subjects that may use a policy because they have unrestricted access, each once.
    pub(crate) fn almighty(&self, policy: &str) -> Vec<&Grant> {
        let mut grants: Vec<&Grant> = Vec::new();
        for grant in self.of_policy(policy).filter(|grant| grant.is_almighty()) {
            if !grants.iter().any(|known| known.subject == grant.subject && known.binding == grant.binding) {
                grants.push(grant);
            }
        }
        grants
    }
}

impl Grant {
    /// Whether it does not show who works where: cluster-admin and the like may use every policy everywhere.
    fn is_almighty(&self) -> bool {
        // A grant that names a policy is specific, whatever the verb.
        let everything = self.reach == Reach::Everything && self.policies.is_empty();
        everything || self.subject == Subject::Group(MASTERS.to_owned())
    }

    /// The source of the grant: `ClusterRole cluster-admin by ClusterRoleBinding cluster-admin`
    pub(crate) fn origin(&self) -> String {
        format!("{} by {}", self.role, self.binding)
    }

    fn is_of(&self, policy: &str) -> bool {
        self.policies.is_empty() || self.policies.iter().any(|name| name == policy)
    }

    /// Whether it grants what is asked.
    fn answers(&self, question: &Question<'_>) -> bool {
        self.api_groups.iter().any(|group| group == question.api_group || group == "*")
            && self.namespace.as_deref().is_none_or(|namespace| namespace == question.namespace)
            && self.is_to(question)
    }

    fn is_to(&self, question: &Question<'_>) -> bool {
        match &self.subject {
            Subject::User(name) => question.user == *name,
            Subject::Group(name) => question.groups.iter().any(|group| group == name),
            Subject::ServiceAccount { namespace, name } => {
                question.user.strip_prefix("system:serviceaccount:").and_then(|user| user.split_once(':'))
                    == Some((namespace, name))
            }
        }
    }
}

impl Cluster for Rbac {
    fn may_use(&self, question: &Question<'_>) -> Result<bool, String> {
        if let Some(cluster) = &self.live {
            return cluster.may_use(question);
        }
        // The API server does not consult roles for this group.
        if question.groups.iter().any(|group| group == MASTERS) {
            return Ok(true);
        }
        Ok(self.of_policy(question.policy).any(|grant| grant.answers(question)))
    }
}

impl Subject {
    /// As a binding names it.
    fn to_json(&self) -> Value {
        let named = |kind: &str, name: &str| json!({"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name});
        match self {
            Subject::User(name) => named("User", name),
            Subject::Group(name) => named("Group", name),
            Subject::ServiceAccount { namespace, name } => {
                json!({"kind": "ServiceAccount", "name": name, "namespace": namespace})
            }
        }
    }
}

impl Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::User(name) => write!(f, "user {name}"),
            Subject::Group(name) => match &**name {
                "system:serviceaccounts" => f.write_str("all service accounts"),
                name => match name.strip_prefix("system:serviceaccounts:") {
                    Some(namespace) => write!(f, "service accounts of {namespace}"),
                    None => write!(f, "group {name}"),
                },
            },
            Subject::ServiceAccount { namespace, name } => write!(f, "service account {namespace}/{name}"),
        }
    }
}

/// `service accounts of shop, in shop`
impl Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.subject)?;
        match &self.namespace {
            Some(namespace) => write!(f, ", for pods in {namespace}"),
            None => Ok(()),
        }
    }
}

/// A cluster that is asked.
pub trait Live: Cluster + fmt::Debug {}

impl<T: Cluster + fmt::Debug> Live for T {}

/// The source of grants: a dump, or none where every policy is granted.
#[derive(Debug)]
pub enum Authority {
    /// Every policy is granted to everybody.
    Everybody,
    /// The grants of the dump.
    Dump(Rbac),
}

impl Authority {
    /// Gaps in the dump, through which it grants less than the cluster does.
    pub fn gaps(&self) -> Option<String> {
        match self {
            Authority::Everybody => None,
            Authority::Dump(rbac) => rbac.gaps(),
        }
    }
}

impl Cluster for Authority {
    fn may_use(&self, question: &Question<'_>) -> Result<bool, String> {
        match self {
            Authority::Everybody => Ok(true),
            Authority::Dump(rbac) => rbac.may_use(question),
        }
    }
}
