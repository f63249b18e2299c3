//! `seLinux`.

use serde_json::{Value, json};

use super::Facet;
use crate::generate::dice::Dice;
use crate::generate::pod::{Object, Pod};
use crate::generate::policy::Policy;

/// Levels that are alike, or nearly so.
const LEVELS: [&str; 12] = [
    "",
    "s0",
    "s0:",
    ":c1",
    "s0:c1",
    "s0:c1,c2",
    "s0:c2,c1",
    "s0:c1,c1",
    "s0:c0.c5",
    "s0:c1,c2,c3",
    "s1:c1,c2",
    "s0:c1:c2",
];
const KEYS: [&str; 4] = ["level", "role", "type", "user"];
const OPTIONS: &str = "seLinuxOptions";

#[derive(Debug)]
pub(super) struct SeLinux;

impl Facet for SeLinux {
    fn name(&self) -> &'static str {
        "seLinux"
    }

    fn settle(&self, dice: &mut Dice, _settled: &Policy, policy: &mut Policy) {
        let rule = dice.weighed(&[(50, "RunAsAny"), (50, "MustRunAs")]);
        let mut strategy = json!({"rule": rule});
        if rule == "MustRunAs" || dice.percent(10) {
            strategy = json!({"rule": rule, OPTIONS: options(dice)});
        }
        policy.set("seLinux", strategy);
    }

    fn fit(&self, dice: &mut Dice, policy: &Policy, explicit: bool, pod: &mut Pod) {
        let must = policy.rule("seLinux") == "MustRunAs";
        let demanded = demanded(policy);
        let fitting = |dice: &mut Dice| if must { alike(dice, &demanded) } else { options(dice) };
        if (must && explicit) || dice.percent(25) {
            pod.secure(OPTIONS, fitting(dice));
        }
        for container in &mut pod.containers {
            if dice.percent(15) {
                container.secure(OPTIONS, fitting(dice));
            }
        }
    }

    fn depart(&self, dice: &mut Dice, policy: &Policy, pod: &mut Pod) -> bool {
        if policy.rule("seLinux") != "MustRunAs" {
            return false;
        }
        let other = unlike(dice, &demanded(policy));
        if dice.percent(40) {
            pod.secure(OPTIONS, other);
            return true;
        }
        pod.any(dice).map(|container| container.secure(OPTIONS, other)).is_some()
    }
}

fn demanded(policy: &Policy) -> Object {
    let options = policy.spec.get("seLinux").and_then(|strategy| strategy.get(OPTIONS));
    options.and_then(Value::as_object).cloned().unwrap_or_default()
}

/// Options with any of the four keys, or none.
fn options(dice: &mut Dice) -> Object {
    let mut options = Object::new();
    if dice.percent(75) {
        options.insert("level".to_owned(), dice.pick(&LEVELS).into());
    }
    for (key, value) in [("role", "object_r"), ("type", "container_t"), ("user", "system_u")] {
        if dice.percent(30) {
            options.insert(key.to_owned(), value.into());
        }
    }
    options
}

/// The same options in other words: categories in another order, `""` for absent.
fn alike(dice: &mut Dice, demanded: &Object) -> Object {
    let mut options = demanded.clone();
    if let Some((head, categories)) = level(&options).split_once(':') {
        let mut categories: Vec<&str> = categories.split(',').collect();
        if dice.percent(50) {
            categories.reverse();
        }
        let level = format!("{head}:{}", categories.join(","));
        options.insert("level".to_owned(), level.into());
    }
    for key in KEYS {
        match options.get(key).and_then(Value::as_str) {
            None if dice.percent(15) => drop(options.insert(key.to_owned(), "".into())),
            Some("") if dice.percent(50) => drop(options.remove(key)),
            _ => {}
        }
    }
    options
}

/// Options of which one differs: removed, added, one character longer, another of the levels.
fn unlike(dice: &mut Dice, demanded: &Object) -> Object {
    let mut options = demanded.clone();
    let key = dice.pick(&KEYS);
    let now = options.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let other = match dice.count(0, 2) {
        0 if !now.is_empty() => String::new(),
        1 if key == "level" => {
            let others: Vec<&str> = LEVELS.into_iter().filter(|level| *level != now).collect();
            dice.pick(&others).to_owned()
        }
        _ => format!("{now}x"),
    };
    options.insert(key.to_owned(), other.into());
    options
}

fn level(options: &Object) -> String {
    options.get("level").and_then(Value::as_str).unwrap_or_default().to_owned()
}
