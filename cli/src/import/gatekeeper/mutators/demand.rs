//! Demands that a value of a mutator can be the default of.

use serde_json::{Value, json};

use crate::import::piece::Piece;
use crate::import::reach::Reach;

/// Whether both select the same pods.
pub(super) fn selects_the_same(a: &Reach, b: &Reach) -> bool {
    a.namespaces == b.namespaces && a.objects == b.objects && a.conditions == b.conditions
}

/// The field of settings that a piece restricts and its value with a default; `None` if it does not demand the field, or
/// not such a value.
pub(super) fn with_default(piece: &Piece, field: &str, value: &Value) -> Option<(&'static str, Value)> {
    let has_rule = |of: &str, rule: &str| {
        piece.spec.get(of).and_then(|demand| demand.get("rule")).is_some_and(|is| is == rule)
    };
    let of = match field {
        "readOnlyRootFilesystem" => {
            let is_demanded = piece.spec.get(field) == Some(&Value::Bool(true)) && *value == true;
            return is_demanded.then_some(("readOnlyRootFilesystem", Value::Bool(true)));
        }
        "runAsNonRoot" => {
            let is_demanded = has_rule("runAsUser", "MustRunAsNonRoot") && *value == true;
            return is_demanded.then(|| ("runAsUser", json!({"rule": "MustRunAsNonRoot"})));
        }
        "runAsUser" => "runAsUser",
        "runAsGroup" => "runAsGroup",
        "fsGroup" => "fsGroup",
        "supplementalGroups" => "supplementalGroups",
        _ => return None,
    };
    let id = match value.as_array().map(Vec::as_slice) {
        Some([one]) if of == "supplementalGroups" => one.as_i64()?,
        Some(_) => return None,
        None => value.as_i64()?,
    };
    if !has_rule(of, "MustRunAs") {
        return None;
    }
    let ranges = piece.spec.get(of)?.get("ranges")?.as_array()?;
    let holds = |range: &Value| {
        let end = |key| range.get(key).and_then(Value::as_i64);
        end("min").zip(end("max")).is_some_and(|(min, max)| min <= id && id <= max)
    };
    if !ranges.iter().any(holds) {
        return None;
    }
    let first = json!({"min": id, "max": id});
    // The lowest id of the first range is the default.
    let is_first = ranges.first().is_some_and(|range| range.get("min").and_then(Value::as_i64) == Some(id));
    let ranges: Vec<Value> = if is_first {
        ranges.clone()
    } else {
        std::iter::once(first).chain(ranges.iter().cloned()).collect()
    };
    Some((of, json!({"rule": "MustRunAs", "ranges": ranges})))
}
