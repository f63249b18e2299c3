//! Other names of containers change nothing but names.

use serde_json::Value;

use super::{Held, equal};
use crate::case::Case;
use crate::generate::Rng;
use crate::ours::{self, Answer};

/// Around each name: nothing else in a case or in an answer has it.
const MARK: &str = "zqz";
/// The annotations that have names of containers in their keys.
const OF_CONTAINERS: [&str; 2] =
    ["container.seccomp.security.alpha.kubernetes.io/", "container.apparmor.security.beta.kubernetes.io/"];

pub(super) fn holds(case: &Case, answer: &Answer, _: &mut Rng) -> Held {
    let mut renamed = case.clone();
    rename(&mut renamed.pod);
    rename(&mut renamed.old_pod);
    if renamed.pod == case.pod {
        return Held::Silent;
    }
    let found = ours::natively(&renamed);
    let back = |text: &String| text.replace(MARK, "");
    let found = Answer {
        message: found.message.as_ref().map(back),
        mutated: found
            .mutated
            .map(|pod| serde_json::from_str(&back(&pod.to_string())).unwrap_or_else(|_| pod.clone())),
        ..found
    };
    // Only names at the end of a message that was cut may differ.
    equal(&found, answer, &format!("with {MARK} around the names"))
}

fn rename(pod: &mut Value) {
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        let containers = pod.pointer_mut(&format!("/spec/{list}")).and_then(Value::as_array_mut);
        for container in containers.into_iter().flatten() {
            for key in ["name", "targetContainerName"] {
                if let Some(Value::String(name)) = container.get_mut(key).filter(|name| *name != "") {
                    *name = format!("{MARK}{name}{MARK}");
                }
            }
        }
    }
    let annotations = pod.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut);
    if let Some(annotations) = annotations {
        let before = std::mem::take(annotations);
        for (key, value) in before {
            let of = OF_CONTAINERS.iter().find_map(|prefix| Some((prefix, key.strip_prefix(prefix)?)));
            let key = of.map(|(prefix, name)| format!("{prefix}{MARK}{name}{MARK}")).unwrap_or(key);
            annotations.insert(key, value);
        }
    }
}
