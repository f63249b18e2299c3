//! Another policy in the list never turns an admission into a rejection.

use serde_json::Value;

use super::Held;
use crate::case::{Case, Grant};
use crate::generate::{self, Rng};
use crate::ours::{self, Answer};

pub(super) fn holds(case: &Case, answer: &Answer, rng: &mut Rng) -> Held {
    if !answer.accepted {
        return Held::Silent;
    }
    // Any policy that loads: of another case, before or behind those of the list by name.
    let mut more = case.clone();
    let Some(mut policy) = (0..8).find_map(|_| loading(rng)) else { return Held::Silent };
    let name = rng.pick(&["0-other", "a-other", "z-other"]);
    if let Some(metadata) = policy.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert("name".to_owned(), name.into());
    }
    let index = rng.count(0, u32::try_from(more.psps.len()).unwrap_or_default());
    more.psps.insert(index.min(more.psps.len()), policy);
    if let (Some(grants), true) = (&mut more.grants, rng.percent(50)) {
        let group = String::new();
        grants.push(Grant { group, policy: name.to_owned(), subject: case.user.clone(), ..Grant::default() });
    }
    let found = ours::natively(&more);
    if found.accepted {
        return Held::Holds;
    }
    Held::Broken(format!("with the policy {:?}: {:?}", more.psps.get(index), found.message))
}

fn loading(rng: &mut Rng) -> Option<Value> {
    let index = rng.between(0, 1_000_000);
    let mut other = generate::case(9, index.unsigned_abs());
    other.psps.truncate(1);
    ours::problems(&other).is_none().then(|| other.psps.pop()).flatten()
}
