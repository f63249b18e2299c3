//! Places in pods that candidates change.

use serde_json::Value;

use super::candidate::Candidate;
use crate::input::{Step, look};

/// The removal of the pod's annotations in question.
pub(super) fn annotations(object: &Value, root: &[Step], is_meant: impl Fn(&str) -> bool) -> Vec<Candidate> {
    let pod = root.split_last().map(|(_, pod)| pod).unwrap_or_default();
    let at = with(pod, &["metadata", "annotations"]);
    let keys = look(object, &at).and_then(Value::as_object).into_iter().flatten().map(|(key, _)| key);
    keys.filter(|key| is_meant(key)).map(|key| Candidate::Remove(with(&at, &[key]))).collect()
}

/// The paths of all containers of a pod.
pub(super) fn containers(object: &Value, root: &[Step]) -> Vec<Vec<Step>> {
    let lists = ["initContainers", "containers", "ephemeralContainers"];
    let in_list = |name| {
        let list = with(root, &[name]);
        (0..count(object, &list)).map(move |index| [&list[..], &[Step::Index(index)]].concat())
    };
    lists.into_iter().flat_map(in_list).collect()
}

/// The pod's spec, for a path that leads into it.
pub(super) fn root(at: &[Step]) -> Vec<Step> {
    let end = at.iter().rposition(|step| *step == Step::Key("spec".to_owned())).map_or(0, |end| end + 1);
    at.get(..end).unwrap_or_default().to_vec()
}

/// The length of a list.
pub(super) fn count(object: &Value, list: &[Step]) -> usize {
    look(object, list).and_then(Value::as_array).map_or(0, Vec::len)
}

pub(super) fn with(path: &[Step], names: &[&str]) -> Vec<Step> {
    path.iter().cloned().chain(names.iter().map(|name| Step::Key((*name).to_owned()))).collect()
}
