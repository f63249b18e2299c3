//! Minimises a differing case while it still differs in the same way.

use std::path::Path;

use anyhow::Result;
use serde_json::Value;

use crate::case::Case;
use crate::difference::Difference;
use crate::oracle::Oracle;
use crate::ours;
use crate::subject::Subject;
use crate::verdict::{Verdict, judge};

/// The parts of a case that are minimised. A pod and the pod before the update lose the same parts together.
const PARTS: [&str; 4] = ["/Psps", "/Pod", "/OldPod", "/Grants"];

/// The smallest case found, and its difference.
///
/// # Errors
///
/// When either side cannot be run.
pub fn minimise(
    oracle: &Path,
    subject: &mut dyn Subject,
    case: &Case,
    difference: &Difference,
) -> Result<(Case, Difference)> {
    let (mut smallest, mut difference) = (case.clone(), difference.clone());
    let what = difference.what;
    // A smaller case must not differ because its policies no longer load.
    let broken = ours::problems(case).is_some();
    loop {
        let mut smaller = smaller(&smallest)?;
        smaller.retain(|case| ours::problems(case).is_some() == broken);
        let mut found = None;
        for answered in Oracle::ask(oracle, smaller.into_iter().map(Ok))? {
            let Ok(answered) = answered else { break };
            match judge(subject, &answered.case, &answered.result)? {
                Verdict::Differs(still) if found.is_none() && still.what == what => {
                    found = Some((answered.case, still));
                }
                _ => {}
            }
        }
        match found {
            Some(next) => (smallest, difference) = next,
            None => return Ok((smallest, difference)),
        }
    }
}

/// The case without each of its parts in turn, the largest first.
fn smaller(case: &Case) -> Result<Vec<Case>> {
    let whole = serde_json::to_value(case)?;
    let mut paths = Vec::new();
    for part in PARTS {
        if let Some(value) = whole.pointer(part) {
            collect(part, value, &mut paths);
        }
    }
    paths.sort_by_key(|(size, _)| std::cmp::Reverse(*size));
    let mut cases = Vec::new();
    for (_, path) in paths {
        let mut less = whole.clone();
        remove(&mut less, &path);
        cases.extend(serde_json::from_value(less.clone()).ok());
        if let Some(path) = path.strip_prefix("/Pod/").filter(|_| whole.get("OldPod").is_some()) {
            remove(&mut less, &format!("/OldPod/{path}"));
            cases.extend(serde_json::from_value(less).ok());
        }
    }
    Ok(cases)
}

/// Every place below a value, and its size.
fn collect(path: &str, value: &Value, paths: &mut Vec<(usize, String)>) {
    let mut below = |key: String, value: &Value| {
        let path = format!("{path}/{key}");
        collect(&path, value, paths);
        paths.push((value.to_string().len(), path));
    };
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(key, value)| below(key.replace('~', "~0").replace('/', "~1"), value));
        }
        Value::Array(elements) => {
            elements.iter().enumerate().for_each(|(index, value)| below(index.to_string(), value));
        }
        _ => {}
    }
}

fn remove(whole: &mut Value, path: &str) {
    let Some((parent, key)) = path.rsplit_once('/') else { return };
    match whole.pointer_mut(parent) {
        Some(Value::Object(members)) => {
            members.remove(&key.replace("~1", "/").replace("~0", "~"));
        }
        Some(Value::Array(elements)) => {
            if let Some(index) = key.parse().ok().filter(|index| *index < elements.len()) {
                elements.remove(index);
            }
        }
        _ => {}
    }
}
