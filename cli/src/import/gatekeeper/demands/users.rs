//! Users and groups, each field a piece of its own, so that mutators can be matched with it.

use serde_json::json;

use crate::import::gatekeeper::constraint::{Constraint, Demanded, Why};
use crate::import::piece::Piece;

/// The fields that a constraint on users may restrict.
const FIELDS: [&str; 4] = ["runAsUser", "runAsGroup", "supplementalGroups", "fsGroup"];

pub(super) fn read(constraint: &mut Constraint<'_>) -> Demanded {
    let mut pieces = Vec::new();
    for field in FIELDS {
        let rule = constraint.parameters.text(&format!("{field}.rule"));
        let Some(mut piece) = strategy(constraint, field, rule.as_deref(), field)? else { continue };
        if matches!(field, "supplementalGroups" | "fsGroup") {
            let exempting = if constraint.exempts {
                "; with exempt images it was not judged where all containers are exempt"
            } else {
                ""
            };
            piece.differs(
                &format!("parameters.{field}"),
                format!("the field was read from containers first{exempting}"),
                "that of the pod is judged, whatever its containers are",
                "Kubernetes has the field for pods alone",
            );
        }
        if piece.spec.get(field) == Some(&json!({"rule": "MustRunAsNonRoot"})) {
            piece.differs(
                "parameters.runAsUser",
                "`runAsNonRoot: false` was admitted where the user is given and is not root",
                "it is rejected",
                "PodSecurityPolicy demands that it is not false",
            );
        }
        pieces.push(piece);
    }
    if pieces.is_empty() { Why::nothing("it allows every user and group") } else { Ok(pieces) }
}

pub(super) fn fs_group(constraint: &mut Constraint<'_>) -> Demanded {
    let rule = constraint.parameters.text("rule");
    match strategy(constraint, "fsGroup", rule.as_deref(), "")? {
        Some(piece) => Ok(vec![piece]),
        None => Why::nothing("it allows every group"),
    }
}

/// A strategy whose parameters are at a key; `None` if it demands nothing.
fn strategy(
    constraint: &mut Constraint<'_>,
    field: &str,
    rule: Option<&str>,
    key: &str,
) -> Result<Option<Piece>, Why> {
    let known: &[&str] = match field {
        "runAsUser" => &["MustRunAs", "MustRunAsNonRoot", "RunAsAny"],
        _ => &["MustRunAs", "MayRunAs", "RunAsAny"],
    };
    let Some(rule) = rule else { return Ok(None) };
    if !known.contains(&rule) {
        return Why::unsayable(&format!("{field}: the template knows no rule `{rule}`"));
    }
    if rule == "RunAsAny" {
        return Ok(None);
    }
    let mut piece = constraint.piece();
    if rule == "MustRunAsNonRoot" {
        piece.set(field, json!({"rule": rule}));
        return Ok(Some(piece));
    }
    let ranges = constraint.parameters.ranges(key);
    piece.set(field, json!({"rule": rule, "ranges": ranges.value()}));
    if field == "supplementalGroups" && rule == "MustRunAs" {
        piece.differs(
            "parameters.supplementalGroups",
            "an empty list of groups was admitted",
            "it is rejected, as no list is",
            "the API server stores an empty list as none",
        );
    }
    Ok(Some(piece))
}
