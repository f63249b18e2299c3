//! What policies name: the values at which their verdict can change.

use std::collections::BTreeSet;

use serde_json::Value;

/// The values that two sets of policies name, and words that neither has.
#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    documents: Vec<Value>,
    /// A word that occurs in no name.
    pub(super) fresh: String,
}

impl Vocabulary {
    /// What these settings name, each as JSON.
    pub(super) fn of(documents: &[&str]) -> Self {
        let documents: Vec<Value> =
            documents.iter().filter_map(|document| serde_json::from_str(document).ok()).collect();
        // Some names are compared without regard to case.
        let texts: Vec<String> =
            documents.iter().map(|document| document.to_string().to_lowercase()).collect();
        let fresh = (0..)
            .map(|nth| if nth == 0 { "unnamed".to_owned() } else { format!("unnamed{nth}") })
            .find(|word| texts.iter().all(|text| !text.contains(word.as_str())))
            .unwrap_or_default();
        Vocabulary { documents, fresh }
    }

    /// Every value under this key, wherever it stands.
    pub(super) fn under(&self, key: &str) -> Vec<&Value> {
        let mut found = Vec::new();
        self.documents.iter().for_each(|document| collect(document, key, &mut found));
        found
    }

    /// The texts in lists under this key, sorted.
    pub(super) fn texts(&self, key: &str) -> BTreeSet<String> {
        let lists = self.under(key).into_iter().filter_map(Value::as_array).flatten();
        lists.filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// The texts in a member of each object of the lists under this key, sorted.
    pub(super) fn members(&self, key: &str, member: &str) -> BTreeSet<String> {
        let lists = self.under(key).into_iter().filter_map(Value::as_array).flatten();
        lists.filter_map(|object| object.get(member)?.as_str()).map(str::to_owned).collect()
    }

    /// The texts in a list that is a member of the object under this key, or in that member itself, sorted.
    pub(super) fn within(&self, key: &str, member: &str) -> BTreeSet<String> {
        let members = self.under(key).into_iter().filter_map(|object| object.get(member));
        let one = |value: &Value| value.as_str().map(str::to_owned);
        members
            .flat_map(|value| match value {
                Value::Array(list) => list.iter().filter_map(one).collect(),
                value => one(value).into_iter().collect::<Vec<_>>(),
            })
            .collect()
    }

    /// The names in annotations with this key, which commas separate, sorted.
    pub(super) fn annotated(&self, key: &str) -> BTreeSet<String> {
        let lists = self.under(key).into_iter().filter_map(Value::as_str);
        lists.flat_map(|list| list.split(',')).map(str::to_owned).collect()
    }

    /// One number of each class that these ranges make between `least` and `most`: numbers of a class are in the same
    /// ranges. A class starts where a range does or behind its end.
    pub(super) fn classes<'v>(
        ranges: impl IntoIterator<Item = &'v Value>,
        least: i64,
        most: i64,
    ) -> BTreeSet<i64> {
        let mut starts = BTreeSet::from([least]);
        for range in ranges {
            starts.extend(range.get("min").and_then(Value::as_i64));
            starts.extend(range.get("max").and_then(Value::as_i64).and_then(|max| max.checked_add(1)));
        }
        starts.retain(|start| (least..=most).contains(start));
        starts
    }

    /// A name that starts with this prefix and with no longer one of these: behind a prefix, any class of names is
    /// determined by the longest prefix that it has.
    pub(super) fn beyond<'p>(
        &self,
        prefix: &str,
        prefixes: impl Iterator<Item = &'p str> + Clone,
        end: &str,
    ) -> Option<String> {
        let longer = prefixes.filter(|other| other.len() > prefix.len() && other.starts_with(prefix));
        let tries = std::iter::once(String::new()).chain(('a'..='z').chain('0'..='9').map(String::from));
        tries
            .map(|first| format!("{prefix}{first}{}{end}", self.fresh))
            .find(|name| longer.clone().all(|other| !name.starts_with(other)))
    }
}

fn collect<'d>(value: &'d Value, key: &str, found: &mut Vec<&'d Value>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                if name == key {
                    found.push(member);
                }
                collect(member, key, found);
            }
        }
        Value::Array(list) => list.iter().for_each(|element| collect(element, key, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_have_a_class_for_each_set_of_ranges() {
        let ranges = json!([{"min": 5, "max": 9}, {"min": 7, "max": 20}, {"min": -3, "max": 100}]);
        let classes = Vocabulary::classes(ranges.as_array().unwrap(), 0, 50);
        assert_eq!(classes, BTreeSet::from([0, 5, 7, 10, 21]));
    }

    #[test]
    fn names_are_found_wherever_they_stand() {
        let one =
            r#"{"allowedCapabilities": ["A"], "policies": [{"spec": {"allowedCapabilities": ["B", "A"]}}]}"#;
        let vocabulary =
            Vocabulary::of(&[one, r#"{"policies": {"x": {"allowedCapabilities": ["unnamed"]}}}"#]);
        let names = BTreeSet::from(["A", "B", "unnamed"].map(str::to_owned));
        assert_eq!((vocabulary.texts("allowedCapabilities"), &*vocabulary.fresh), (names, "unnamed1"));
    }

    #[test]
    fn a_name_behind_a_prefix_has_no_longer_one() {
        let vocabulary = Vocabulary::of(&[]);
        let prefixes = ["net.", "net.u", "net.aunn", "x"];
        assert_eq!(vocabulary.beyond("net.", prefixes.into_iter(), "").as_deref(), Some("net.bunnamed"));
    }
}
