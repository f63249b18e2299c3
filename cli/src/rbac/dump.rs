//! Grants out of a dump of roles and bindings.

use serde::Deserialize;

use super::role::{Role, Rule};
use super::{Grant, Rbac, Reach, Subject, aggregation};
use crate::error::{Error, Outcome};
use crate::input::Object;

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

/// Whether an object is relevant for RBAC.
pub fn is_rbac(object: &Object) -> bool {
    object.group() == "rbac.authorization.k8s.io"
        && matches!(&*object.kind, "Role" | "ClusterRole" | "RoleBinding" | "ClusterRoleBinding")
}

impl Rbac {
    /// Reads a dump; objects of other kinds are ignored.
    ///
    /// A Role or a RoleBinding without a namespace, as in charts, belongs to `namespace`, where it would be
    /// created.
    ///
    /// # Errors
    ///
    /// If an RBAC object cannot be read, or there is none.
    pub fn of(objects: &[Object], namespace: &str) -> Outcome<Self> {
        if !objects.iter().any(is_rbac) {
            let error = Error::new("the RBAC dump holds no roles and no bindings");
            return Err(error
                .help("kubectl get roles,rolebindings,clusterroles,clusterrolebindings -A -o json")
                .into());
        }
        let mut roles = Vec::new();
        for object in objects.iter().filter(|object| is_rbac(object) && object.kind.ends_with("Role")) {
            roles.push((object, parse::<Role>(object)?));
        }
        let rules = aggregation::rules(&roles);
        let mut rbac = Rbac::default();
        for object in objects.iter().filter(|object| is_rbac(object) && object.kind.ends_with("Binding")) {
            rbac.has_bindings = true;
            let binding = parse::<Binding>(object)?;
            let of = |object: &Object| object.namespace.clone().unwrap_or_else(|| namespace.to_owned());
            let namespace = (object.kind == "RoleBinding").then(|| of(object));
            let referenced = roles.iter().zip(&rules).find(|((role, _), _)| {
                role.kind == binding.role_ref.kind
                    && role.name == binding.role_ref.name
                    && (role.kind == "ClusterRole" || Some(of(role)) == namespace)
            });
            let Some(((role, _), rules)) = referenced else {
                let RoleRef { kind, name } = &binding.role_ref;
                rbac.roleless.push(format!("{} ({kind} {name})", object.title()));
                continue;
            };
            for rule in rules.iter().filter(|rule| rule.is_about_policies()) {
                for subject in binding.subjects.iter().flatten() {
                    let Some(subject) = subject.known(namespace.as_deref()) else { continue };
                    rbac.grants.push(Grant {
                        api_groups: rule.api_groups.clone().unwrap_or_default(),
                        policies: rule.resource_names.clone().unwrap_or_default(),
                        reach: rule.reach(),
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
        Error::at(object.start(), format_args!("{} cannot be read: {error}", object.title())).into()
    })
}

impl Rule {
    fn is_about_policies(&self) -> bool {
        lists(&self.api_groups, &["policy", "extensions", "*"])
            && lists(&self.resources, &["podsecuritypolicies", "*"])
            && lists(&self.verbs, &["use", "*"])
    }

    /// How far the rule reaches beyond policies. The verb `*` on policies grants their use and no other resource.
    fn reach(&self) -> Reach {
        match (lists(&self.api_groups, &["*"]), lists(&self.resources, &["*"])) {
            (true, true) => Reach::Everything,
            (false, false) => Reach::Policies,
            _ => Reach::More,
        }
    }
}

fn lists(list: &Option<Vec<String>>, names: &[&str]) -> bool {
    list.iter().flatten().any(|name| names.contains(&&**name))
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
