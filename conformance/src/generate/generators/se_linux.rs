//! `seLinux`.

use serde_json::{Value, json};

use super::Generator;
use crate::generate::pod::{Object, Pod};
use crate::generate::policy::Policy;
use crate::generate::rng::Rng;

/// Levels that are equivalent, or nearly so.
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

impl Generator for SeLinux {
    fn name(&self) -> &'static str {
        "seLinux"
    }

    fn settle(&self, rng: &mut Rng, _settled: &Policy, policy: &mut Policy) {
        let rule = rng.weighed(&[(50, "RunAsAny"), (50, "MustRunAs")]);
        let mut strategy = json!({"rule": rule});
        if rule == "MustRunAs" || rng.percent(10) {
            strategy = json!({"rule": rule, OPTIONS: options(rng)});
        }
        policy.set("seLinux", strategy);
    }

    fn fit(&self, rng: &mut Rng, policy: &Policy, explicit: bool, pod: &mut Pod) {
        let must = policy.rule("seLinux") == "MustRunAs";
        let demanded = demanded(policy);
        let fitting = |rng: &mut Rng| if must { alike(rng, &demanded) } else { options(rng) };
        if (must && explicit) || rng.percent(25) {
            pod.secure(OPTIONS, fitting(rng));
        }
        for container in &mut pod.containers {
            if rng.percent(15) {
                container.secure(OPTIONS, fitting(rng));
            }
        }
    }

    fn violate(&self, rng: &mut Rng, policy: &Policy, pod: &mut Pod) -> bool {
        if policy.rule("seLinux") != "MustRunAs" {
            return false;
        }
        let other = unlike(rng, &demanded(policy));
        if rng.percent(40) {
            pod.secure(OPTIONS, other);
            return true;
        }
        pod.any(rng).map(|container| container.secure(OPTIONS, other)).is_some()
    }
}

fn demanded(policy: &Policy) -> Object {
    let options = policy.spec.get("seLinux").and_then(|strategy| strategy.get(OPTIONS));
    options.and_then(Value::as_object).cloned().unwrap_or_default()
}

/// Options with any of the four keys, or none.
fn options(rng: &mut Rng) -> Object {
    let mut options = Object::new();
    if rng.percent(75) {
        options.insert("level".to_owned(), rng.pick(&LEVELS).into());
    }
    for (key, value) in [("role", "object_r"), ("type", "container_t"), ("user", "system_u")] {
        if rng.percent(30) {
            options.insert(key.to_owned(), value.into());
        }
    }
    options
}

/// Equivalent options: categories in another order, `""` for absent.
fn alike(rng: &mut Rng, demanded: &Object) -> Object {
    let mut options = demanded.clone();
    if let Some((head, categories)) = level(&options).split_once(':') {
        let mut categories: Vec<&str> = categories.split(',').collect();
        if rng.percent(50) {
            categories.reverse();
        }
        let level = format!("{head}:{}", categories.join(","));
        options.insert("level".to_owned(), level.into());
    }
    for key in KEYS {
        match options.get(key).and_then(Value::as_str) {
            None if rng.percent(15) => drop(options.insert(key.to_owned(), "".into())),
            Some("") if rng.percent(50) => drop(options.remove(key)),
            _ => {}
        }
    }
    options
}

/// Options of which one differs: removed, added, one character longer, another of the levels.
fn unlike(rng: &mut Rng, demanded: &Object) -> Object {
    let mut options = demanded.clone();
    let key = rng.pick(&KEYS);
    let now = options.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let other = match rng.count(0, 2) {
        0 if !now.is_empty() => String::new(),
        1 if key == "level" => {
            let others: Vec<&str> = LEVELS.into_iter().filter(|level| *level != now).collect();
            rng.pick(&others).to_owned()
        }
        _ => format!("{now}x"),
    };
    options.insert(key.to_owned(), other.into());
    options
}

fn level(options: &Object) -> String {
    options.get("level").and_then(Value::as_str).unwrap_or_default().to_owned()
}
