//! Where a rule applies: `match` and `exclude`, as selectors and match conditions of a registration.

use serde_json::{Map, Value, json};

use super::fact::Unread;
use crate::import::reach::{Reach, requirement, requirements};

/// What a rule applies to.
#[derive(Debug, Default)]
pub(super) struct Matched {
    /// One for each alternative of `match`; none if it is not about pods.
    pub(super) reaches: Vec<Reach>,
    /// Whether Kyverno makes rules for workloads of it.
    pub(super) autogen: bool,
}

/// The label that every namespace has.
const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";

/// Reads `match` and `exclude` of a rule.
pub(super) fn read(rule: &Value, base: &Reach, at: &str) -> Result<Matched, Unread> {
    let mut matched = Matched { reaches: Vec::new(), autogen: true };
    let included = blocks(rule.get("match"), &format!("{at}.match"));
    let excluded = blocks(rule.get("exclude"), &format!("{at}.exclude"));
    for block in included.iter().chain(&excluded).flat_map(|group| &group.0) {
        matched.autogen &= !block.turns_autogen_off();
    }
    for Group(blocks) in &included {
        // Kinds are those of the block that has them.
        let kinds: Vec<&str> = blocks.iter().flat_map(Block::kinds).collect();
        if !kinds.iter().any(|kind| is_pod(kind)) {
            continue;
        }
        matched.autogen &= kinds.iter().all(|kind| is_pod(kind) && *kind != "*");
        let mut reach = base.clone();
        for block in blocks {
            block.restrict(&mut reach)?;
        }
        for Group(blocks) in &excluded {
            exclude(blocks, &mut reach)?;
        }
        matched.reaches.push(reach);
    }
    matched.reaches.iter_mut().for_each(|reach| reach.workloads = matched.autogen);
    Ok(matched)
}

/// Leaves out what all of some blocks match.
pub(super) fn exclude_all(rule: &Value, reach: &mut Reach, at: &str) -> Result<(), Unread> {
    blocks(Some(rule), at).iter().try_for_each(|Group(blocks)| exclude(blocks, reach))
}

/// The namespaces, if that is all that a match demands.
pub(super) fn only_namespaces(rule: &Value) -> Option<Vec<String>> {
    let mut names = Vec::new();
    for Group(blocks) in blocks(Some(rule), "") {
        let [block] = blocks.as_slice() else { return None };
        let resources = block.value.get("resources").and_then(Value::as_object)?;
        let listed = texts(resources.get("namespaces"));
        let only = resources.keys().all(|key| key == "kinds" || key == "namespaces")
            && block.value.as_object().is_some_and(|block| block.len() == 1);
        let is_exact = !listed.is_empty() && listed.iter().all(|name| !is_pattern(name));
        if !only || !is_exact || !block.is_of_pods() {
            return None;
        }
        names.extend(listed);
    }
    (!names.is_empty()).then_some(names)
}

/// Whether a match has pods among its kinds.
pub(super) fn has_pods(rule: &Value) -> bool {
    blocks(Some(rule), "").iter().any(|Group(blocks)| blocks.iter().all(Block::is_of_pods))
}

/// Whether a kind, which may have group and version in front, is that of pods.
pub(super) fn is_pod(kind: &str) -> bool {
    let mut parts = kind.rsplit('/');
    let last = parts.next().unwrap_or_default();
    if last == "ephemeralcontainers" {
        return parts.next() == Some("Pod");
    }
    last == "Pod" || last == "*"
}

/// Blocks that must all match.
struct Group(Vec<Block>);

struct Block {
    value: Value,
    at: String,
}

/// The alternatives of a match.
fn blocks(matching: Option<&Value>, at: &str) -> Vec<Group> {
    let Some(matching) = matching else { return Vec::new() };
    let list = |key: &str| matching.get(key).and_then(Value::as_array);
    let block = |(nth, value): (usize, &Value), key: &str| Block {
        value: value.clone(),
        at: format!("{at}.{key}[{nth}]"),
    };
    match (list("any"), list("all")) {
        (Some(any), _) => any.iter().enumerate().map(|one| Group(vec![block(one, "any")])).collect(),
        (None, Some(all)) => vec![Group(all.iter().enumerate().map(|one| block(one, "all")).collect())],
        (None, None) => vec![Group(vec![Block { value: matching.clone(), at: at.to_owned() }])],
    }
}

/// Keys of a block's resources that can be said in selectors and conditions.
const RESOURCES: [&str; 7] =
    ["kinds", "name", "names", "namespaces", "selector", "namespaceSelector", "operations"];

impl Block {
    fn resource(&self, key: &str) -> Option<&Value> {
        self.value.get("resources").and_then(|resources| resources.get(key))
    }

    fn kinds(&self) -> impl Iterator<Item = &str> {
        self.resource("kinds").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    }

    fn is_of_pods(&self) -> bool {
        self.kinds().next().is_none() || self.kinds().any(is_pod)
    }

    fn turns_autogen_off(&self) -> bool {
        ["name", "names", "selector", "annotations"].into_iter().any(|key| self.resource(key).is_some())
    }

    fn problem(&self, key: &str, reason: &str) -> Unread {
        Unread::new(format!("{}.{key}", self.at), reason)
    }

    /// The first part that neither selectors nor conditions can say.
    fn unsayable(&self) -> Option<Unread> {
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
    fn restrict(&self, reach: &mut Reach) -> Result<(), Unread> {
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
    fn selector(&self, key: &str) -> Result<Vec<Value>, Unread> {
        let selector = self.resource(key);
        let requirements = requirements(selector);
        let texts = requirements.iter().flat_map(|one| [one.get("key"), one.pointer("/values/0")]);
        if texts.flatten().filter_map(Value::as_str).any(is_pattern) {
            return Err(self.problem(&format!("resources.{key}"), "label selectors have no wildcards"));
        }
        Ok(requirements)
    }

    /// The block as one expression, for the parts that have one.
    fn expression(&self) -> Result<Vec<String>, Unread> {
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

    fn condition_of_namespaces(&self, names: &[String]) -> Result<String, Unread> {
        named("request.namespace", names).ok_or_else(|| {
            self.problem("resources.namespaces", "has other characters than names and wildcards")
        })
    }

    fn condition_of_names(&self) -> Result<Option<String>, Unread> {
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

    fn condition_of_operations(&self) -> Result<Option<String>, Unread> {
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

    fn condition_of_subjects(&self) -> Result<Option<String>, Unread> {
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

/// Restricts a reach to what not all blocks match.
fn exclude(blocks: &[Block], reach: &mut Reach) -> Result<(), Unread> {
    if !blocks.iter().all(Block::is_of_pods) {
        return Ok(());
    }
    if let Some(unsayable) = blocks.iter().find_map(Block::unsayable) {
        return Err(unsayable);
    }
    if let [block] = blocks {
        let keys: Vec<&str> = block
            .value
            .get("resources")
            .and_then(Value::as_object)
            .into_iter()
            .flat_map(Map::keys)
            .map(String::as_str)
            .filter(|key| *key != "kinds")
            .collect();
        let has_subjects = block.value.get("subjects").is_some();
        match keys.as_slice() {
            ["namespaces"] if !has_subjects => {
                let names = texts(block.resource("namespaces"));
                if !names.iter().any(|name| is_pattern(name)) {
                    reach.not_in(&names);
                    return Ok(());
                }
            }
            ["namespaceSelector"] if !has_subjects => {
                if let [one] = block.selector("namespaceSelector")?.as_slice() {
                    reach.namespaces.extend(negated(one));
                    return Ok(());
                }
            }
            _ => {}
        }
    }
    let terms: Vec<String> = blocks.iter().map(Block::expression).collect::<Result<Vec<_>, _>>()?.concat();
    if terms.is_empty() {
        let at = blocks.first().map(|block| block.at.clone()).unwrap_or_default();
        return Err(Unread::new(at, "excludes everything"));
    }
    add(
        reach,
        format!("!({})", terms.iter().map(|term| format!("({term})")).collect::<Vec<_>>().join(" && ")),
    );
    Ok(())
}

/// The requirement that holds where another does not.
fn negated(one: &Value) -> Option<Value> {
    let key = one.get("key").and_then(Value::as_str)?;
    let values = texts(one.get("values"));
    match one.get("operator").and_then(Value::as_str)? {
        "In" => Some(requirement(key, "NotIn", &values)),
        "NotIn" => Some(requirement(key, "In", &values)),
        "Exists" => Some(json!({"key": key, "operator": "DoesNotExist"})),
        "DoesNotExist" => Some(json!({"key": key, "operator": "Exists"})),
        _ => None,
    }
}

/// A requirement for labels of the object, as an expression.
fn of_label(one: &Value) -> Option<String> {
    let key = quoted(one.get("key").and_then(Value::as_str)?);
    let values: Vec<String> = texts(one.get("values")).iter().map(|value| quoted(value)).collect();
    let has = format!("has(object.metadata.labels) && {key} in object.metadata.labels");
    let values = values.join(", ");
    match one.get("operator").and_then(Value::as_str)? {
        "In" => Some(format!("{has} && object.metadata.labels[{key}] in [{values}]")),
        "NotIn" => Some(format!("!({has} && object.metadata.labels[{key}] in [{values}])")),
        "Exists" => Some(has),
        "DoesNotExist" => Some(format!("!({has})")),
        _ => None,
    }
}

/// Whether a name is one of several, which may have wildcards.
pub(super) fn named(expression: &str, names: &[String]) -> Option<String> {
    let is_safe = |c: char| c.is_ascii_alphanumeric() || "-._:*?@/".contains(c);
    if names.iter().any(|name| name.is_empty() || !name.chars().all(is_safe)) {
        return None;
    }
    if names.iter().any(|name| is_pattern(name)) {
        let each = names.iter().map(|name| name.replace('.', "[.]").replace('*', ".*").replace('?', "."));
        return Some(format!("{expression}.matches('^({})$')", each.collect::<Vec<_>>().join("|")));
    }
    Some(match names {
        [one] => format!("{expression} == {}", quoted(one)),
        several => {
            let list: Vec<String> = several.iter().map(|name| quoted(name)).collect();
            format!("{expression} in [{}]", list.join(", "))
        }
    })
}

/// Adds a condition under a name of its own.
pub(super) fn add(reach: &mut Reach, expression: String) {
    if !reach.conditions.iter().any(|(_, known)| *known == expression) {
        let name = format!("kyverno-{}", reach.conditions.len() + 1);
        reach.conditions.push((name, expression));
    }
}

fn any(terms: &[String]) -> String {
    match terms {
        [one] => one.clone(),
        several => several.iter().map(|term| format!("({term})")).collect::<Vec<_>>().join(" || "),
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

pub(super) fn is_pattern(name: &str) -> bool {
    name.contains(['*', '?'])
}

/// The texts of a list.
pub(super) fn texts(list: Option<&Value>) -> Vec<String> {
    let list = list.and_then(Value::as_array);
    list.into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

/// The names of namespaces that a reach is restricted to.
pub(super) fn names_of(reach: &Reach) -> Option<Vec<String>> {
    if let Some(namespace) = &reach.namespace {
        return Some(vec![namespace.clone()]);
    }
    let is_name = |one: &&Value| {
        one.get("key").and_then(Value::as_str) == Some(NAMESPACE_NAME)
            && one.get("operator").and_then(Value::as_str) == Some("In")
    };
    reach.namespaces.iter().find(is_name).map(|one| texts(one.get("values")))
}
