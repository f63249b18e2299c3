//! Label selectors.

use serde_json::Value;

/// A requirement of a label selector.
#[derive(Clone, Debug)]
pub(super) struct Requirement {
    pub(super) key: String,
    pub(super) operator: String,
    pub(super) values: Vec<String>,
}

impl Requirement {
    /// Whether labels satisfy it. An operator that does not exist would have been refused.
    pub(super) fn is_met(&self, labels: &Value) -> bool {
        let own = labels.get(&self.key).and_then(Value::as_str);
        let is_listed = own.is_some_and(|own| self.values.iter().any(|value| value == own));
        match &*self.operator {
            "In" => is_listed,
            "NotIn" => !is_listed,
            "Exists" => own.is_some(),
            "DoesNotExist" => own.is_none(),
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case::listed("In", true, false, false)]
    #[case::not_listed("NotIn", false, true, true)]
    #[case::present("Exists", true, true, false)]
    #[case::absent("DoesNotExist", false, false, true)]
    fn operators_are_those_of_kubernetes(
        #[case] operator: &str,
        #[case] same: bool,
        #[case] other: bool,
        #[case] none: bool,
    ) {
        let values = vec!["a".to_owned()];
        let requirement = Requirement { key: "team".to_owned(), operator: operator.to_owned(), values };
        let labels = [json!({"team": "a"}), json!({"team": "b"}), json!({"tier": "a"})];
        assert_eq!(labels.map(|labels| requirement.is_met(&labels)), [same, other, none]);
    }
}
