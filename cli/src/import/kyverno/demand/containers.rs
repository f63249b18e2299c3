//! Demands on containers, and on nothing else.

use serde_json::json;

use super::super::fact::{Fact, Test, Values};
use super::levels::RESTRICTED;
use super::notes::{demanded, drops, set_by_author};
use super::restrict::restrict;
use super::values::{plain, ranges, without_zero};
use crate::import::piece::Piece;

/// Adds what a fact demands of containers alone.
pub(super) fn of_container(path: &str, fact: &Fact, whole: &[Fact], piece: &mut Piece) -> Option<()> {
    let absent = fact.absent;
    match (path, &fact.test) {
        ("capabilities.drop", Test::Has { any, folded: false })
            if *any == ["ALL"]
                && whole.iter().any(|fact| fact.path == ADDED && fact.test == bind_service()) =>
        {
            // With what may be added, it is one check.
            piece.demand(RESTRICTED, Some(vec!["capabilities_restricted"]));
        }
        ("privileged", Test::In(values)) => {
            (absent && values.is_only(&["false"])).then_some(())?;
            restrict(piece, "privileged", false)?;
            // Without it, `privileged: false` refuses processes of the node as well.
            restrict(piece, "windowsOptions", json!({"hostProcess": true}))?;
        }
        ("allowPrivilegeEscalation", Test::In(values)) => {
            values.is_only(&["false"]).then_some(())?;
            piece.demand(RESTRICTED, Some(vec!["allowPrivilegeEscalation"]));
            if absent {
                demanded(path, piece);
            }
        }
        ("readOnlyRootFilesystem", Test::In(values)) => {
            values.is_only(&["true"]).then_some(())?;
            restrict(piece, "readOnlyRootFilesystem", true)?;
            if absent {
                demanded(path, piece);
            }
            set_by_author(path, piece);
        }
        ("procMount", Test::In(values)) => {
            let known = |name: &String| name == "Default" || name == "Unmasked";
            (absent && values.ranges.is_empty() && values.texts.iter().all(known)).then_some(())?;
            (values.texts.iter().any(|name| name == "Default")).then_some(())?;
            restrict(piece, "allowedProcMountTypes", values.texts.clone())?;
        }
        ("ports[].hostPort", Test::In(values)) => {
            absent.then_some(())?;
            let zero = values.ranges.contains(&(0, 0)) && values.ranges.len() > 1;
            let some = Values { ranges: without_zero(&values.ranges), ..values.clone() };
            restrict(
                piece,
                "hostPorts",
                if some.ranges.is_empty() { json!([]) } else { ranges(&some, 65_535)? },
            )?;
            if zero {
                piece.differs(
                    path,
                    "`0` next to a port in the range rejected",
                    "admitted",
                    "the port 0 stands for none",
                );
            }
        }
        ("capabilities.add", Test::In(values)) => {
            (absent && plain(values)).then_some(())?;
            restrict(piece, "allowedCapabilities", values.texts.clone())?;
        }
        ("capabilities.drop", Test::Has { any, folded }) => {
            let names: Vec<&str> = any.iter().map(|name| name.strip_prefix("CAP_").unwrap_or(name)).collect();
            let (first, rest) = names.split_first()?;
            rest.iter().all(|name| name == first).then_some(())?;
            restrict(piece, "requiredDropCapabilities", json!([first]))?;
            drops(first, any.len() > 1, *folded, piece);
            set_by_author(path, piece);
        }
        _ => return None,
    }
    Some(())
}

/// The field for added capabilities.
const ADDED: &str = "securityContext.capabilities.add";

/// The only capability that the restricted level lets containers add.
fn bind_service() -> Test {
    Test::In(Values::text("NET_BIND_SERVICE"))
}
