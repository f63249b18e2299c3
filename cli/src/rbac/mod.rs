//! Who may use which policy, from a dump of the cluster's RBAC objects: no cluster is asked.
//!
//! ```sh
//! kubectl get roles,rolebindings,clusterroles,clusterrolebindings --all-namespaces --output json
//! ```

mod mistakes;

use std::fmt::{self, Display};
use std::time::{SystemTime, UNIX_EPOCH};

use pod_security_policy::cluster::{Cluster, Question};
use serde::Deserialize;

use crate::error::{Fault, Outcome};
use crate::input::Object;

pub(crate) use mistakes::mistakes;

/// The grants of the verb `use` on policies.
#[derive(Debug, Default)]
pub(crate) struct Rbac {
    grants: Vec<Grant>,
}

/// One subject of one binding to one rule of a role.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    /// `policy`, `extensions`, or `*`
    api_groups: Vec<String>,
    /// The policies; empty for all.
    policies: Vec<String>,
    /// `*` among the verbs, the resources or the API groups: more was granted than somebody meant.
    wildcard: bool,
    /// The namespace of a RoleBinding.
    namespace: Option<String>,
    subject: Subject,
    /// `ClusterRole psp-restricted`
    role: String,
    /// `RoleBinding shop/psp-restricted`
    binding: String,
}

/// To whom something is granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    User(String),
    Group(String),
    ServiceAccount { namespace: String, name: String },
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Role {
    rules: Option<Vec<Rule>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Rule {
    api_groups: Vec<String>,
    resources: Vec<String>,
    resource_names: Option<Vec<String>>,
    verbs: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Binding {
    role_ref: RoleRef,
    subjects: Option<Vec<RawSubject>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RoleRef {
    kind: String,
    name: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RawSubject {
    kind: String,
    name: String,
    namespace: Option<String>,
}

/// Whether an object says anything of who may do what.
pub(crate) fn is_rbac(object: &Object) -> bool {
    object.group() == "rbac.authorization.k8s.io"
        && matches!(&*object.kind, "Role" | "ClusterRole" | "RoleBinding" | "ClusterRoleBinding")
}

impl Rbac {
    /// Reads a dump; objects of other kinds in it do not matter.
    ///
    /// # Errors
    ///
    /// If an object of RBAC cannot be read, or there is none.
    pub(crate) fn of(objects: &[Object]) -> Outcome<Self> {
        if !objects.iter().any(is_rbac) {
            let fault = Fault::new("the RBAC dump holds no roles and no bindings");
            return Err(fault
                .help("kubectl get roles,rolebindings,clusterroles,clusterrolebindings -A -o json")
                .into());
        }
        let mut roles = Vec::new();
        for object in objects.iter().filter(|object| is_rbac(object) && object.kind.ends_with("Role")) {
            roles.push((object, parse::<Role>(object)?.rules.unwrap_or_default()));
        }
        let mut grants = Vec::new();
        for object in objects.iter().filter(|object| is_rbac(object) && object.kind.ends_with("Binding")) {
            let binding = parse::<Binding>(object)?;
            let namespace = object.namespace.clone().filter(|_| object.kind == "RoleBinding");
            let referenced = roles.iter().find(|(role, _)| {
                role.kind == binding.role_ref.kind
                    && role.name == binding.role_ref.name
                    && (role.kind == "ClusterRole" || role.namespace == object.namespace)
            });
            let Some((role, rules)) = referenced else { continue };
            for rule in rules.iter().filter(|rule| rule.is_about_policies()) {
                for subject in binding.subjects.iter().flatten() {
                    let Some(subject) = subject.known(namespace.as_deref()) else { continue };
                    grants.push(Grant {
                        api_groups: rule.api_groups.clone(),
                        policies: rule.resource_names.clone().unwrap_or_default(),
                        wildcard: rule.has_wildcard(),
                        namespace: namespace.clone(),
                        subject,
                        role: role.title(),
                        binding: object.title(),
                    });
                }
            }
        }
        Ok(Rbac { grants })
    }

    /// The grants of a policy.
    pub(crate) fn of_policy(&self, policy: &str) -> impl Iterator<Item = &Grant> {
        self.grants.iter().filter(move |grant| grant.is_of(policy))
    }

    /// The namespaces in which a policy is granted, unless it is granted in all of them.
    pub(crate) fn namespaces(&self, policy: &str) -> Option<Vec<String>> {
        let mut namespaces = Vec::new();
        for grant in self.of_policy(policy) {
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
}

fn parse<T: for<'de> Deserialize<'de>>(object: &Object) -> Outcome<T> {
    serde_json::from_str(&object.json).map_err(|error| {
        Fault::at(object.start(), format_args!("{} cannot be read: {error}", object.title())).into()
    })
}

impl Rule {
    fn is_about_policies(&self) -> bool {
        let names = |list: &[String], known: &[&str]| list.iter().any(|name| known.contains(&&**name));
        names(&self.api_groups, &["policy", "extensions", "*"])
            && names(&self.resources, &["podsecuritypolicies", "*"])
            && names(&self.verbs, &["use", "*"])
    }

    fn has_wildcard(&self) -> bool {
        [&self.api_groups, &self.resources, &self.verbs].into_iter().flatten().any(|name| name == "*")
    }
}

impl RawSubject {
    fn known(&self, namespace: Option<&str>) -> Option<Subject> {
        match &*self.kind {
            "User" => Some(Subject::User(self.name.clone())),
            "Group" => Some(Subject::Group(self.name.clone())),
            "ServiceAccount" => Some(Subject::ServiceAccount {
                namespace: self.namespace.as_deref().or(namespace)?.to_owned(),
                name: self.name.clone(),
            }),
            _ => None,
        }
    }
}

impl Grant {
    fn is_of(&self, policy: &str) -> bool {
        self.policies.is_empty() || self.policies.iter().any(|name| name == policy)
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
        Ok(self.of_policy(question.policy).any(|grant| {
            grant.api_groups.iter().any(|group| group == question.api_group || group == "*")
                && grant.namespace.as_deref().is_none_or(|namespace| namespace == question.namespace)
                && grant.is_to(question)
        }))
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

/// Whom to ask who may use what: a dump, or nobody where every policy is granted.
#[derive(Debug)]
pub(crate) enum Authority {
    /// Every policy is granted to everybody.
    Everybody,
    /// What the dump says.
    Dump(Rbac),
}

impl Cluster for Authority {
    fn may_use(&self, question: &Question<'_>) -> Result<bool, String> {
        match self {
            Authority::Everybody => Ok(true),
            Authority::Dump(rbac) => rbac.may_use(question),
        }
    }

    fn now(&self) -> Result<i64, String> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|error| error.to_string())?;
        i64::try_from(since.as_secs()).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;

    fn role(names: Value) -> Object {
        Object::of_value(&json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
        "metadata": {"name": "r"}, "rules": [
            {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]},
            {"apiGroups": ["policy"], "resources": ["podsecuritypolicies"], "resourceNames": names, "verbs": ["use"]},
        ]}))
    }

    fn binding(namespace: Option<&str>, subject: Value) -> Object {
        let kind = if namespace.is_some() { "RoleBinding" } else { "ClusterRoleBinding" };
        Object::of_value(&json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind,
            "metadata": {"name": "b", "namespace": namespace}, "roleRef": {"kind": "ClusterRole", "name": "r"},
            "subjects": [subject]}))
    }

    fn asks(policy: &'static str, namespace: &'static str) -> Question<'static> {
        Question {
            user: "system:serviceaccount:shop:web".into(),
            groups: vec!["system:serviceaccounts".into(), "system:serviceaccounts:shop".into()],
            api_group: "policy",
            policy,
            namespace,
        }
    }

    #[rstest]
    #[case::to_the_account(None, json!({"kind": "ServiceAccount", "name": "web", "namespace": "shop"}), [true, true])]
    #[case::to_another(None, json!({"kind": "ServiceAccount", "name": "web", "namespace": "other"}), [false, false])]
    #[case::to_its_group(Some("shop"), json!({"kind": "Group", "name": "system:serviceaccounts:shop"}), [true, false])]
    #[case::in_its_own_namespace(Some("shop"), json!({"kind": "ServiceAccount", "name": "web"}), [true, false])]
    #[case::to_whoever_is_known(None, json!({"kind": "Group", "name": "system:authenticated"}), [false, false])]
    fn grants(#[case] namespace: Option<&str>, #[case] subject: Value, #[case] expected: [bool; 2]) {
        let rbac = Rbac::of(&[binding(namespace, subject), role(json!(["p"]))]).unwrap();
        let answers = ["shop", "other"].map(|namespace| rbac.may_use(&asks("p", namespace)).unwrap());
        assert_eq!(answers, expected);
        assert!(!rbac.may_use(&asks("q", "shop")).unwrap(), "the role names another policy");
    }

    #[test]
    fn a_role_without_names_grants_all() {
        let subject = json!({"kind": "Group", "name": "system:serviceaccounts"});
        let rbac = Rbac::of(&[binding(None, subject), role(json!(null))]).unwrap();
        assert!(rbac.may_use(&asks("anything", "shop")).unwrap());
        assert_eq!(rbac.namespaces("anything"), None);
    }

    #[test]
    fn a_dump_without_rbac_is_none() {
        assert!(Rbac::of(&[Object::of_value(&json!({"kind": "Pod", "apiVersion": "v1"}))]).is_err());
    }
}
