//! How settings differ from what is demanded.

use super::super::fact::{Fact, Scope};
use crate::import::piece::Piece;

/// The reason for differences on Windows.
const WINDOWS: &str =
    "the API server refuses such fields in pods for Windows, so that no pod could satisfy it";

/// Notes the differences of a field that must be set and that settings could fill in.
pub(super) fn set_by_author(field: &str, piece: &mut Piece) {
    piece.differs(field, "demanded of pods for Windows as well", "not demanded of them", WINDOWS);
    if piece.reach.workloads {
        piece.differs(
            field,
            "workloads without it rejected",
            "admitted, their pods rejected",
            "templates are judged with the defaults that a mutating registration would fill in",
        );
    }
}

pub(super) fn demanded(field: &str, piece: &mut Piece) {
    piece.differs(field, "unset admitted", "rejected", "unset means the opposite of what is demanded");
}

pub(super) fn overridden(field: &str, value: &str, piece: &mut Piece) {
    piece.differs(
        field,
        format!("a pod with {value} admitted where all containers override it"),
        "rejected",
        "the Pod Security Standards look at the pod and at each container",
    );
}

pub(super) fn both_places(field: &str, scope: Scope, pair: bool, piece: &mut Piece) {
    let (other, is_stricter) = match scope {
        Scope::Pod => ("containers", !pair),
        _ => ("the pod", !pair),
    };
    if is_stricter {
        piece.differs(
            field,
            format!("not looked at in {other}"),
            "looked at in the pod and in all containers",
            "both decide what a container runs with",
        );
    }
}

/// Notes the fields of SELinux that the policy leaves alone and the check does not.
pub(super) fn se_linux(fields: &[&str], whole: &[Fact], piece: &mut Piece) {
    for field in fields {
        let is_checked =
            whole.iter().any(|fact| fact.path == format!("securityContext.seLinuxOptions.{field}"));
        if !is_checked {
            piece.differs(
                &format!("seLinuxOptions.{field}"),
                "not looked at",
                "judged as the Pod Security Standards do",
                "one check judges type, user and role",
            );
        }
    }
}

/// Notes how demands for drops differ.
pub(super) fn drops(name: &str, prefixed: bool, folded: bool, piece: &mut Piece) {
    if folded {
        piece.differs(
            "capabilities.drop",
            "names in any letter case accepted",
            "only as Kubernetes spells them",
            "runtimes need not know other spellings",
        );
    }
    if prefixed {
        piece.differs(
            "capabilities.drop",
            format!("`CAP_{name}` accepted"),
            format!("only `{name}`"),
            "runtimes drop nothing for a name with `CAP_`",
        );
    }
    if name != "ALL" {
        piece.differs(
            "capabilities.drop",
            "`ALL` alone not accepted",
            "accepted",
            format!("dropping all capabilities drops {name}"),
        );
    }
}
