//! `supplementalGroups`.

use serde_json::{Value, json};

use super::Generator;
use super::fs_group::settle_groups;
use crate::generate::ids;
use crate::generate::pod::Pod;
use crate::generate::policy::Policy;
use crate::generate::rng::Rng;

const FIELD: &str = "supplementalGroups";

#[derive(Debug)]
pub(super) struct SupplementalGroups;

impl Generator for SupplementalGroups {
    fn name(&self) -> &'static str {
        FIELD
    }

    fn settle(&self, rng: &mut Rng, _settled: &Policy, policy: &mut Policy) {
        settle_groups(rng, policy, FIELD);
    }

    fn fit(&self, rng: &mut Rng, policy: &Policy, explicit: bool, pod: &mut Pod) {
        let (rule, ranges) = (policy.rule(FIELD), policy.ranges(FIELD));
        if (explicit && rule == "MustRunAs") || rng.percent(35) {
            let groups: Vec<i64> = (0..rng.count(1, 3))
                .map(|_| if rule == "RunAsAny" { rng.pick(&[0, 5, 2000]) } else { ids::inside(rng, &ranges) })
                .collect();
            pod.secure(FIELD, groups);
        } else if rule != "MustRunAs" && rng.percent(5) {
            pod.secure(FIELD, json!([]));
        }
    }

    fn violate(&self, rng: &mut Rng, policy: &Policy, pod: &mut Pod) -> bool {
        let rule = policy.rule(FIELD);
        if rule == "RunAsAny" {
            return false;
        }
        // Unlike an absent list, an empty one is not filled.
        if rule == "MustRunAs" && rng.percent(20) {
            pod.secure(FIELD, json!([]));
            return true;
        }
        let Some(id) = ids::outside(rng, &policy.ranges(FIELD)) else { return false };
        match pod.context.get_mut(FIELD).and_then(Value::as_array_mut) {
            Some(groups) => groups.insert(rng.count(0, u32::from(!groups.is_empty())), json!(id)),
            None => pod.secure(FIELD, json!([id])),
        }
        true
    }
}
