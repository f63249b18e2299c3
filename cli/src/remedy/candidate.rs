//! One candidate change.

use serde_json::Value;

use super::origins::Origins;
use crate::input::{Step, look, look_mut, made};

/// One candidate change.
#[derive(Clone, Debug)]
pub(super) enum Candidate {
    Remove(Vec<Step>),
    Set(Vec<Step>, Value),
    /// Removes a volume and its mounts.
    Unmount(Vec<Step>, usize),
    /// Removes a text from a list.
    TakeOut(Vec<Step>, String),
    /// Adds a text to a list.
    PutIn(Vec<Step>, String),
    /// All of these that have an effect: one alone leaves the objection standing. Later elements of a list come first.
    Each(Vec<Candidate>),
}

/// Elements to remove from lists in sequence: the list, and the index at that time.
pub(super) type Gone = Vec<(Vec<Step>, usize)>;

impl Candidate {
    /// The changed object; `None` if nothing changes.
    pub(super) fn apply(&self, object: &Value) -> Option<(Value, Gone)> {
        let mut changed = object.clone();
        let mut gone = Gone::new();
        match self {
            Candidate::Remove(path) => {
                let (last, before) = path.split_last()?;
                let inside = look_mut(&mut changed, before)?;
                match (last, inside) {
                    (Step::Key(key), Value::Object(members)) => drop(members.shift_remove(key)?),
                    (Step::Index(index), Value::Array(elements)) if *index < elements.len() => {
                        elements.remove(*index);
                        gone.push((before.to_vec(), *index));
                    }
                    _ => return None,
                }
                prune(&mut changed, before);
            }
            Candidate::Set(path, value) => *made(&mut changed, path)? = value.clone(),
            Candidate::Unmount(spec, index) => unmount(&mut changed, spec, *index, &mut gone)?,
            Candidate::TakeOut(path, text) => {
                let list = look_mut(&mut changed, path)?.as_array_mut()?;
                list.retain(|element| element != text.as_str());
                prune(&mut changed, path);
            }
            Candidate::PutIn(path, text) => {
                let list = made(&mut changed, path)?;
                if list.is_null() {
                    *list = Value::Array(Vec::new());
                }
                list.as_array_mut()?.push(text.as_str().into());
            }
            Candidate::Each(candidates) => {
                for candidate in candidates {
                    if let Some((next, more)) = candidate.apply(&changed) {
                        changed = next;
                        gone.extend(more);
                    }
                }
            }
        }
        (changed != *object).then_some((changed, gone))
    }

    /// The changes, in terms of the original manifest.
    pub(super) fn describe(&self, object: &Value, origins: &Origins) -> Vec<String> {
        let reported = |path: &[Step]| written(&origins.of(path));
        vec![match self {
            Candidate::Remove(path) => format!("remove {}", reported(path)),
            Candidate::Set(path, value) => format!("set {}: {value}", reported(path)),
            Candidate::Unmount(spec, index) => {
                format!("remove {} and what mounts it", reported(&volume(spec, *index)))
            }
            Candidate::TakeOut(path, text) => format!("remove {text} from {}", reported(path)),
            Candidate::PutIn(path, text) => format!("add {text} to {}", reported(path)),
            Candidate::Each(candidates) => {
                let made = candidates.iter().rev().filter(|candidate| candidate.apply(object).is_some());
                return made.flat_map(|candidate| candidate.describe(object, origins)).collect();
            }
        }]
    }
}

fn volume(spec: &[Step], index: usize) -> Vec<Step> {
    [spec, &[Step::Key("volumes".to_owned()), Step::Index(index)]].concat()
}

/// Removes objects and lists that became empty, up to the spec.
fn prune(object: &mut Value, path: &[Step]) {
    let mut path = path;
    while let Some((Step::Key(key), before)) = path.split_last()
        && key != "spec"
    {
        let empty = look(object, path).is_some_and(|inside| match inside {
            Value::Object(members) => members.is_empty(),
            Value::Array(elements) => elements.is_empty(),
            _ => false,
        });
        let Some(Value::Object(around)) = look_mut(object, before).filter(|_| empty) else { return };
        around.shift_remove(key);
        path = before;
    }
}

fn unmount(object: &mut Value, spec: &[Step], index: usize, gone: &mut Gone) -> Option<()> {
    let key = |name: &str| Step::Key(name.to_owned());
    let volumes = look_mut(object, spec)?.get_mut("volumes")?.as_array_mut()?;
    let name = (index < volumes.len()).then(|| volumes.remove(index))?.get("name")?.as_str()?.to_owned();
    let path = [spec, &[key("volumes")]].concat();
    gone.push((path.clone(), index));
    prune(object, &path);
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        let containers =
            look(object, &[spec, &[key(list)]].concat()).and_then(Value::as_array).map_or(0, Vec::len);
        for container in 0..containers {
            for mounts in ["volumeMounts", "volumeDevices"] {
                let path = [spec, &[key(list), Step::Index(container), key(mounts)]].concat();
                let Some(mounts) = look_mut(object, &path).and_then(Value::as_array_mut) else { continue };
                let mut mounted =
                    |mount: &Value| mount.get("name").and_then(Value::as_str) == Some(name.as_str());
                while let Some(at) = mounts.iter().position(&mut mounted) {
                    mounts.remove(at);
                    gone.push((path.clone(), at));
                }
                prune(object, &path);
            }
        }
    }
    Some(())
}

/// The path with whole keys: messages cut long ones, and annotations of two containers may then look the same.
pub(super) fn written(path: &[Step]) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            Step::Index(index) => text.push_str(&format!("[{index}]")),
            Step::Key(key) if key.contains(['.', '/']) => text.push_str(&format!("[{key}]")),
            Step::Key(key) => {
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(key);
            }
        }
    }
    text
}
