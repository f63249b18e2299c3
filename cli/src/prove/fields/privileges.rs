//! `privileged`, `allowPrivilegeEscalation` and capabilities, which rules read together.
//!
//! One added name is enough: rules look at each added name for itself, and what a policy says about several names is
//! what it says about containers that add one of them each. Which names are dropped decides only where a policy would
//! add them itself, or a standard asks for `ALL`.

use std::collections::BTreeSet;

use pod_security_policy::standards::BASELINE_CAPABILITIES;
use serde_json::{Map, Value, json};

use crate::prove::component::{Element, Group, World};
use crate::prove::context::Context;

const SYS_ADMIN: &str = "CAP_SYS_ADMIN";

/// At most so many names are dropped in all combinations.
const DROPPED: usize = 5;

/// No groups where there would be too many.
pub(in crate::prove) fn groups(world: &World, context: Context) -> Vec<Group> {
    if context.windows {
        return vec![Group::of(vec![Element::default()])];
    }
    let Some(drops) = drops(world) else { return Vec::new() };
    let adds = adds(world);
    let mut elements = Vec::new();
    for privileged in [false, true] {
        for escalation in [None, Some(false), Some(true)] {
            for add in std::iter::once(None).chain(adds.iter().map(Some)) {
                // The API server refuses these.
                let gains = privileged || add.is_some_and(|add| add == SYS_ADMIN);
                if gains && escalation == Some(false) {
                    continue;
                }
                for drop in &drops {
                    elements.push(element(privileged, escalation, add, drop));
                }
            }
        }
    }
    vec![Group::of(elements)]
}

fn element(privileged: bool, escalation: Option<bool>, add: Option<&String>, drop: &[String]) -> Element {
    let mut context = Map::new();
    if privileged {
        context.insert("privileged".to_owned(), json!(true));
    }
    context.extend(escalation.map(|value| ("allowPrivilegeEscalation".to_owned(), json!(value))));
    let mut capabilities = Map::new();
    capabilities.extend(add.map(|name| ("add".to_owned(), json!([name]))));
    if !drop.is_empty() {
        capabilities.insert("drop".to_owned(), json!(drop));
    }
    if !capabilities.is_empty() {
        context.insert("capabilities".to_owned(), Value::Object(capabilities));
    }
    if context.is_empty() { Element::default() } else { Element::secured(&Value::Object(context)) }
}

/// The names that any policy or standard allows, and one that none does.
fn adds(world: &World) -> BTreeSet<String> {
    let vocabulary = &world.vocabulary;
    let mut names = vocabulary.texts("allowedCapabilities");
    names.extend(vocabulary.texts("defaultAddCapabilities"));
    names.extend(vocabulary.texts("requiredDropCapabilities"));
    names.remove("*");
    names.extend([SYS_ADMIN.to_owned(), vocabulary.fresh.to_uppercase()]);
    if world.standards {
        names.extend(BASELINE_CAPABILITIES.map(str::to_owned));
    }
    names
}

/// Each combination of names whose drop decides anything; `None` if there are too many.
fn drops(world: &World) -> Option<Vec<Vec<String>>> {
    let mut names = world.vocabulary.texts("defaultAddCapabilities");
    if !world.standards {
        names.retain(|name| name == SYS_ADMIN);
    }
    names.extend(world.standards.then(|| "ALL".to_owned()));
    if names.len() > DROPPED {
        return None;
    }
    let mut all = vec![Vec::new()];
    for name in names {
        let with: Vec<Vec<String>> = all
            .iter()
            .map(|earlier: &Vec<String>| earlier.iter().cloned().chain([name.clone()]).collect())
            .collect();
        all.extend(with);
    }
    Some(all)
}
