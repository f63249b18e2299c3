//! Exemptions and tolerance only loosen, and two exemptions are as good as one that says both.

use serde_json::{Map, Value, json};

use super::options::all_rules;
use super::{Held, equal};
use crate::case::Case;
use crate::generate::Rng;
use crate::ours::{self, Answer};

pub(super) fn only_loosen(case: &Case, answer: &Answer, rng: &mut Rng) -> Held {
    if !answer.accepted {
        return Held::Silent;
    }
    let count = rng.count(1, 6);
    let rules = rng.some(&all_rules(), count);
    let options = match rng.count(0, 2) {
        0 => json!({"enforcement": {"default": rng.pick(&["Warn", "Audit", "Ignore"])}}),
        1 => {
            let actions: Map<String, Value> = rules
                .iter()
                .map(|rule| ((*rule).to_owned(), rng.pick(&["Warn", "Audit", "Ignore"]).into()))
                .collect();
            json!({"enforcement": {"rules": actions}})
        }
        _ => json!({"exemptions": [exemption("tried", &grounds(case, rng), &rules)]}),
    };
    let found = ours::natively_with(case, &options);
    if found.accepted {
        return Held::Holds;
    }
    Held::Broken(format!("with {options}: {:?}", found.message))
}

pub(super) fn merge(case: &Case, _: &Answer, rng: &mut Rng) -> Held {
    let [one, other] = [rng.count(1, 3), rng.count(1, 3)].map(|count| rng.some(&all_rules(), count));
    let both: Vec<&str> =
        all_rules().into_iter().filter(|rule| one.contains(rule) || other.contains(rule)).collect();
    let (two, merged) = if rng.percent(50) {
        let grounds = grounds(case, rng);
        (
            json!([exemption("one", &grounds, &one), exemption("other", &grounds, &other)]),
            json!([exemption("merged", &grounds, &both)]),
        )
    } else {
        let [here, there] = [namespace(case), json!("elsewhere")];
        let of = |names: Value| json!({"namespaces": names});
        (
            json!([
                exemption("one", &of(json!([here])), &both),
                exemption("other", &of(json!([there])), &both)
            ]),
            json!([exemption("merged", &of(json!([there, here])), &both)]),
        )
    };
    let expected = ours::natively_with(case, &json!({"exemptions": two}));
    let found = ours::natively_with(case, &json!({"exemptions": merged}));
    equal(&found, &expected, &format!("merged to {merged}"))
}

fn namespace(case: &Case) -> Value {
    case.pod.pointer("/metadata/namespace").cloned().unwrap_or_else(|| "shop".into())
}

/// Grounds that hold, or nearly.
fn grounds(case: &Case, rng: &mut Rng) -> Value {
    let namespace = namespace(case);
    match rng.count(0, 3) {
        0 => json!({"namespaces": [namespace]}),
        1 => json!({"namespaces": [namespace], "images": ["registry.example.com/*"]}),
        2 if !case.user.is_empty() => {
            json!({"usernames": [case.user.clone() + "x", case.user.clone()], "namespaces": [namespace]})
        }
        _ => json!({"namespaces": ["elsewhere"]}),
    }
}

fn exemption(name: &str, grounds: &Value, rules: &[&str]) -> Value {
    json!({"name": name, "reason": "a law", "match": grounds, "rules": rules})
}
