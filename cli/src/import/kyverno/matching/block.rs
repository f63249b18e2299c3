//! One block of `match` or `exclude`.

use serde_json::{Map, Value};

use super::super::fact::Unread;
use super::conditions::{add, any, is_pattern, named, of_label, texts};
use super::kinds::is_pod;
use crate::import::reach::{Reach, requirements};

/// Resources and subjects that all must match.
pub(super) struct Block {
    pub(super) value: Value,
    pub(super) at: String,
}

/// Keys of a block's resources that can be said in selectors and conditions.
pub(super) const RESOURCES: [&str; 7] =
    ["kinds", "name", "names", "namespaces", "selector", "namespaceSelector", "operations"];

impl Block {
    pub(super) fn resource(&self, key: &str) -> Option<&Value> {
        self.value.get("resources").and_then(|resources| resources.get(key))
    }

    pub(super) fn kinds(&self) -> impl Iterator<Item = &str> {
        self.resource("kinds").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    }

    pub(super) fn is_of_pods(&self) -> bool {
        self.kinds().next().is_none() || self.kinds().any(is_pod)
    }

    pub(super) fn turns_autogen_off(&self) -> bool {
        ["name", "names", "selector", "annotations"].into_iter().any(|key| self.resource(key).is_some())
    }

    pub(super) fn problem(&self, key: &str, reason: &str) -> Unread {
        Unread::new(format!("{}.{key}", self.at), reason)
    }

    /// The first part that neither selectors nor conditions can say.
    pub(super) fn unsayable(&self) -> Option<Unread> {
        let resources = self.value.get("resources").and_then(Value::as_object);
        let unknown =
            resources.into_iter().flat_map(Map::keys).find(|key| !RESOURCES.contains(&key.as_str()));
        if let Some(key) = unknown {
            return Some(self.problem(&format!("resources.{key}"), "a registration cannot select by it"));
        }
        let roles = ["roles", "clusterRoles"].into_iter().find(|key| self.value.get(key).is_some());
        if let Some(key) = roles {
            return Some(
                self.problem(key, "a registration does not know the roles of users: name users or groups"),
            );
        }
        let known = ["resources", "subjects"];
        let unknown =
            self.value.as_object().into_iter().flat_map(Map::keys).find(|key| !known.contains(&key.as_str()));
        unknown.map(|key| self.problem(key, "is not known"))
    }

    /// Restricts a reach to what matches.
    pub(super) fn restrict(&self, reach: &mut Reach) -> Result<(), Unread> {
        if let Some(unsayable) = self.unsayable() {
            return Err(unsayable);
        }
        let namespaces = texts(self.resource("namespaces"));
        if namespaces.iter().any(|name| is_pattern(name)) {
            let condition = self.condition_of_namespaces(&namespaces)?;
            add(reach, condition);
        } else if !namespaces.is_empty() {
            reach.only_in(&namespaces);
        }
        reach.namespaces.extend(self.selector("namespaceSelector")?);
        reach.objects.extend(self.selector("selector")?);
        for condition in
            [self.condition_of_names()?, self.condition_of_operations()?, self.condition_of_subjects()?]
        {
            condition.into_iter().for_each(|condition| add(reach, condition));
        }
        Ok(())
    }

    /// The requirements of a selector.
    pub(super) fn selector(&self, key: &str) -> Result<Vec<Value>, Unread> {
        let selector = self.resource(key);
        let requirements = requirements(selector);
        let texts = requirements.iter().flat_map(|one| [one.get("key"), one.pointer("/values/0")]);
        if texts.flatten().filter_map(Value::as_str).any(is_pattern) {
            return Err(self.problem(&format!("resources.{key}"), "label selectors have no wildcards"));
        }
        Ok(requirements)
    }

    /// The block as one expression, for the parts that have one.
    pub(super) fn expression(&self) -> Result<Vec<String>, Unread> {
        let mut terms = Vec::new();
        let namespaces = texts(self.resource("namespaces"));
        if !namespaces.is_empty() {
            terms.push(self.condition_of_namespaces(&namespaces)?);
        }
        if self.resource("namespaceSelector").is_some() {
            return Err(self.problem(
                "resources.namespaceSelector",
                "an exclusion by labels of the namespace together with other grounds cannot be said in a registration",
            ));
        }
        for one in self.selector("selector")? {
            terms.push(
                of_label(&one)
                    .ok_or_else(|| self.problem("resources.selector", "its operator is not known"))?,
            );
        }
        terms.extend(self.condition_of_names()?);
        terms.extend(self.condition_of_operations()?);
        terms.extend(self.condition_of_subjects()?);
        Ok(terms)
    }

    pub(super) fn condition_of_namespaces(&self, names: &[String]) -> Result<String, Unread> {
        named("request.namespace", names).ok_or_else(|| {
            self.problem("resources.namespaces", "has other characters than names and wildcards")
        })
    }

    pub(super) fn condition_of_names(&self) -> Result<Option<String>, Unread> {
        let mut names = texts(self.resource("names"));
        names.extend(self.resource("name").and_then(Value::as_str).map(str::to_owned));
        if names.is_empty() {
            return Ok(None);
        }
        let name = "(has(object.metadata.name) ? object.metadata.name : has(object.metadata.generateName) ? object.metadata.generateName : '')";
        let condition = named(name, &names);
        condition
            .map(Some)
            .ok_or_else(|| self.problem("resources.names", "has other characters than names and wildcards"))
    }

    pub(super) fn condition_of_operations(&self) -> Result<Option<String>, Unread> {
        let operations = texts(self.resource("operations"));
        let has = |name: &str| operations.iter().any(|operation| operation == name);
        if operations.is_empty() || (has("CREATE") && has("UPDATE")) {
            return Ok(None);
        }
        if !has("CREATE") && !has("UPDATE") {
            return Err(self.problem("resources.operations", "settings judge creations and updates"));
        }
        Ok(named(
            "request.operation",
            &operations.into_iter().filter(|name| name == "CREATE" || name == "UPDATE").collect::<Vec<_>>(),
        ))
    }

    pub(super) fn condition_of_subjects(&self) -> Result<Option<String>, Unread> {
        let mut terms = Vec::new();
        for subject in self.value.get("subjects").and_then(Value::as_array).into_iter().flatten() {
            let text = |key: &str| subject.get(key).and_then(Value::as_str).unwrap_or_default();
            let name = text("name");
            let term = match text("kind") {
                "User" => named("request.userInfo.username", &[name.to_owned()]),
                "ServiceAccount" => {
                    let name = format!("system:serviceaccount:{}:{name}", text("namespace"));
                    named("request.userInfo.username", &[name])
                }
                "Group" => named("group", &[name.to_owned()]).map(|term| {
                    format!("has(request.userInfo.groups) && request.userInfo.groups.exists(group, {term})")
                }),
                _ => None,
            };
            terms.push(term.ok_or_else(|| {
                self.problem("subjects", "must be users, groups and service accounts with plain names")
            })?);
        }
        Ok((!terms.is_empty()).then(|| any(&terms)))
    }
}
