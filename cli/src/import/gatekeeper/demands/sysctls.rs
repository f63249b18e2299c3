//! Sysctls: Gatekeeper allows or forbids any, settings allow safe ones unless they are forbidden.

use pod_security_policy::pod::safe_sysctls;
use pod_security_policy::rule::SysctlPattern;
use pod_security_policy::schema::kubernetes::NEWEST;
use serde_json::{Value, json};

use crate::import::gatekeeper::constraint::{Constraint, Demanded, Why};
use crate::import::piece::Piece;

const FORBIDDEN: &str = "forbiddenSysctls";
const ALLOWED: &str = "allowedSysctls";

const ONE_NAME: &str =
    "the template took `kernel/shmmax` and `kernel.shmmax` for two sysctls, which runtimes do not";

/// What is forbidden and what is allowed are two pieces: settings do not accept lists that overlap.
pub(super) fn read(constraint: &mut Constraint<'_>) -> Demanded {
    let forbidden = constraint.parameters.texts(FORBIDDEN);
    let restricts = constraint.parameters.has(ALLOWED);
    let allowed = constraint.parameters.texts(ALLOWED);
    let mut pieces = Vec::new();
    let mut forbids = constraint.piece();
    let forbidden = patterns(&forbidden, FORBIDDEN, &mut forbids);
    if !forbidden.is_empty() {
        forbids.set("forbiddenSysctls", forbidden);
        forbids.repaired.push(ONE_NAME);
        pieces.push(forbids);
    }
    if restricts && !allowed.iter().any(|pattern| pattern == "*") {
        let mut piece = constraint.piece();
        let patterns = patterns(&allowed, ALLOWED, &mut piece);
        if patterns.is_empty() {
            piece.set("forbiddenSysctls", json!(["*"]));
            // Nothing else is left to be forbidden.
            pieces.clear();
        } else {
            let matches = |name: &str| {
                let listed = patterns.iter().filter_map(Value::as_str);
                listed.map(|pattern| SysctlPattern::new(pattern.into())).any(|pattern| pattern.matches(name))
            };
            let others: Vec<&str> = safe_sysctls(NEWEST).filter(|name| !matches(name)).collect();
            if !others.is_empty() {
                piece.set("forbiddenSysctls", json!(others));
            }
            piece.set("allowedUnsafeSysctls", patterns);
            piece.repaired.push(ONE_NAME);
            piece.differs(
                "parameters.allowedSysctls",
                "sysctls that are safe in a later version of Kubernetes had to be listed",
                "they are admitted",
                "settings forbid the safe ones of today that the list leaves out",
            );
        }
        pieces.push(piece);
    }
    if pieces.is_empty() { Why::nothing("it allows every sysctl") } else { Ok(pieces) }
}

/// The patterns that settings accept: the names of sysctls, with `*` at the end.
fn patterns(texts: &[String], key: &str, piece: &mut Piece) -> Vec<Value> {
    if texts.iter().any(|text| text.starts_with('*')) && texts.iter().any(|text| text == "*") {
        return vec!["*".into()];
    }
    let mut patterns: Vec<Value> = Vec::new();
    for text in texts {
        let pattern: Value = text.as_str().into();
        let is_name = !text.starts_with('*') && SysctlPattern::new(text.as_str().into()).is_well_formed();
        if !is_name {
            piece.differs(
                &format!("parameters.{key}"),
                format!("`{text}` was compared with names"),
                "it is left out",
                "no sysctl that the API server accepts has that name",
            );
        } else if !patterns.contains(&pattern) {
            patterns.push(pattern);
        }
    }
    patterns
}
