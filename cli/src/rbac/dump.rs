//! Grants out of a dump of roles and bindings.

use serde::Deserialize;

use super::{Grant, Rbac, Subject};
use crate::error::{Fault, Outcome};
use crate::input::Object;

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
        let mut rbac = Rbac::default();
        for object in objects.iter().filter(|object| is_rbac(object) && object.kind.ends_with("Binding")) {
            rbac.has_bindings = true;
            let binding = parse::<Binding>(object)?;
            let namespace = object.namespace.clone().filter(|_| object.kind == "RoleBinding");
            let referenced = roles.iter().find(|(role, _)| {
                role.kind == binding.role_ref.kind
                    && role.name == binding.role_ref.name
                    && (role.kind == "ClusterRole" || role.namespace == object.namespace)
            });
            let Some((role, rules)) = referenced else {
                let RoleRef { kind, name } = &binding.role_ref;
                rbac.roleless.push(format!("{} ({kind} {name})", object.title()));
                continue;
            };
            for rule in rules.iter().filter(|rule| rule.is_about_policies()) {
                for subject in binding.subjects.iter().flatten() {
                    let Some(subject) = subject.known(namespace.as_deref()) else { continue };
                    rbac.grants.push(Grant {
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
        Ok(rbac)
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
