//! The tables: what a policy can say about a rule, and what a pod can say of its fields.

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::{Map, Value};

/// One rule.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Its name.
    pub rule: String,
    /// Whether the original has it; else it continues PodSecurityPolicy's language, and the laws alone judge.
    pub original: bool,
    /// The feature gates of the original that its values need.
    #[serde(default)]
    pub gates: String,
    /// What a policy can say, nothing about a field that only the Pod Security Standards judge: names, and fields of the spec. `null` takes a field of the widest policy away.
    pub settings: Vec<(String, Map<String, Value>)>,
    /// The fields of a pod that it judges.
    pub dimensions: Vec<Dimension>,
    /// The reduced values that are combined with other rules.
    pub pairs: Reduced,
}

/// A field of a pod, and its values. That it is absent is a value more, the first one.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dimension {
    /// Its name.
    pub name: String,
    /// The object that has the field.
    #[serde(rename = "in")]
    pub place: Place,
    /// The path in that object, as a JSON pointer; of an annotation, its key up to the container's name.
    pub at: String,
    /// Names, and values.
    pub values: Vec<(String, Value)>,
}

/// The object that has a field.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub enum Place {
    /// The pod.
    Pod,
    /// The containers under test.
    Container,
    /// The pod's annotations, one for each container under test.
    Annotation,
}

/// Values for pairs, by their names.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reduced {
    /// Settings.
    pub settings: Vec<String>,
    /// Values of some dimensions; the others are absent.
    pub pods: Vec<std::collections::BTreeMap<String, String>>,
}

/// A value for a field.
pub(super) type Write<'t> = (&'t Dimension, &'t Value);

impl Dimension {
    /// How many values there are, with absence.
    pub(super) fn len(&self) -> u64 {
        self.values.len() as u64 + 1
    }

    /// The value with this number; none is absence.
    pub(super) fn value(&self, number: u64) -> Option<&(String, Value)> {
        self.values.get(usize::try_from(number).ok()?.checked_sub(1)?)
    }
}

impl Table {
    /// A setting by its name.
    pub(super) fn setting(&self, name: &str) -> Option<&Map<String, Value>> {
        self.settings.iter().find(|(known, _)| known == name).map(|(_, fields)| fields)
    }

    /// The values of a reduced pod.
    pub(super) fn writes(&self, pod: &std::collections::BTreeMap<String, String>) -> Vec<Write<'_>> {
        let of =
            |dimension: &Dimension, label: &str| dimension.values.iter().position(|(name, _)| name == label);
        let found = self.dimensions.iter().filter_map(|dimension| {
            let index = of(dimension, pod.get(&dimension.name)?)?;
            Some((dimension, &dimension.values.get(index)?.1))
        });
        found.collect()
    }
}

/// The policy that allows everything, and a pod without a field that a rule judges.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Base {
    pub(super) policy: Map<String, Value>,
    pub(super) pod: Value,
}

impl Base {
    pub(super) fn load() -> Result<Self> {
        serde_json::from_str(include_str!("../../world/base.json")).context("base.json")
    }
}

/// Names the files of the tables.
macro_rules! files {
    ($($name:literal),+ $(,)?) => {
        [$(($name, include_str!(concat!("../../world/", $name, ".json")))),+]
    };
}

const FILES: [(&str, &str); 29] = files![
    "privileged",
    "host_pid",
    "host_ipc",
    "host_network",
    "host_ports",
    "volumes",
    "host_paths",
    "flex_volumes",
    "csi_drivers",
    "sysctls",
    "proc_mount",
    "runtime_class",
    "run_as_user",
    "run_as_group",
    "supplemental_groups",
    "fs_group",
    "se_linux",
    "capabilities",
    "read_only_root",
    "privilege_escalation",
    "seccomp",
    "app_armor",
    "run_as_user_may",
    "user_namespace",
    "supplemental_groups_policy",
    "projected_signers",
    "se_linux_change",
    "windows_options",
    "probes",
];

/// All tables.
///
/// # Errors
///
/// When one cannot be read.
pub fn tables() -> Result<Vec<Table>> {
    FILES
        .iter()
        .map(|(name, text)| serde_json::from_str(text).with_context(|| format!("{name}.json")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reduced_values_are_values() {
        for table in tables().unwrap() {
            let judged = !table.settings.is_empty();
            assert_eq!(
                !table.pairs.settings.is_empty() && !table.pairs.pods.is_empty(),
                judged,
                "{}",
                table.rule
            );
            assert!(table.pairs.settings.iter().all(|name| table.setting(name).is_some()), "{}", table.rule);
            for pod in &table.pairs.pods {
                assert_eq!(table.writes(pod).len(), pod.len(), "{}: {pod:?}", table.rule);
            }
        }
    }

    #[test]
    fn names_are_unique() {
        let unique = |names: Vec<&String>| {
            let count = names.len();
            names.into_iter().collect::<std::collections::BTreeSet<_>>().len() == count
        };
        let tables = tables().unwrap();
        assert!(unique(tables.iter().map(|table| &table.rule).collect()));
        for table in &tables {
            assert!(unique(table.settings.iter().map(|(name, _)| name).collect()), "{}", table.rule);
            for dimension in &table.dimensions {
                assert!(
                    unique(dimension.values.iter().map(|(name, _)| name).collect()),
                    "{}",
                    dimension.name
                );
            }
        }
    }
}
