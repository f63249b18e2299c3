//! Two spellings of a sysctl, or of a path of the node, are one.

use serde_json::Value;

use super::Held;
use crate::case::Case;
use crate::generate::Rng;
use crate::ours::{self, Answer};

pub(super) fn holds(case: &Case, answer: &Answer, rng: &mut Rng) -> Held {
    let mut other = case.clone();
    let slashes = rng.percent(50);
    let respelt = [&mut other.pod, &mut other.old_pod].map(|pod| respell(pod, slashes)).contains(&true);
    if !respelt || other.pod == case.pod {
        return Held::Silent;
    }
    let found = ours::natively(&other);
    if (found.accepted, &found.winner) == (answer.accepted, &answer.winner) {
        return Held::Holds;
    }
    Held::Broken(format!("spelt otherwise: {found:?} instead of {answer:?}"))
}

/// Spells the sysctls of a pod with dots or with slashes, and its paths with more slashes.
fn respell(pod: &mut Value, slashes: bool) -> bool {
    let mut respelt = false;
    let mut write = |text: Option<&mut Value>, spell: &dyn Fn(&str) -> String| {
        if let Some(Value::String(text)) = text {
            *text = spell(text);
            respelt = true;
        }
    };
    let sysctls = pod.pointer_mut("/spec/securityContext/sysctls").and_then(Value::as_array_mut);
    for sysctl in sysctls.into_iter().flatten() {
        let (from, to) = if slashes { (".", "/") } else { ("/", ".") };
        write(sysctl.get_mut("name"), &|name| name.replace(from, to));
    }
    let volumes = pod.pointer_mut("/spec/volumes").and_then(Value::as_array_mut);
    for volume in volumes.into_iter().flatten() {
        let path = volume.pointer_mut("/hostPath/path").filter(|path| {
            // Only what begins with a slash is cleaned.
            path.as_str().is_some_and(|path| path.starts_with('/'))
        });
        write(path, &|path| format!("{}/", path.replace('/', "/./")));
    }
    respelt
}
