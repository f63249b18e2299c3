//! Reads one constraint: what it selects, what a violation does, and what its kind demands.

use super::config::{Exclusions, Process};
use super::constraint::{Constraint, Why};
use super::parameters::Parameters;
use super::selection::Selected;
use super::{demands, enforcement, images, selection};
use crate::error::Error;
use crate::import::Surroundings;
use crate::import::piece::Piece;
use crate::input::Object;

/// What became of a constraint.
#[derive(Debug)]
pub(super) enum Read {
    Demands(Vec<Piece>),
    /// It demands nothing of pods, and why.
    Nothing(String),
}

const EXEMPT_IMAGES: &str = "exemptImages";

/// Reads a constraint.
pub(super) fn read(
    object: &Object,
    exclusions: &Exclusions,
    around: &Surroundings,
) -> Result<Read, Vec<Error>> {
    let nothing = |reason: &str| Ok(Read::Nothing(reason.to_owned()));
    let Some(kind) = demands::kind(&object.kind) else {
        return nothing("it is not one of the library's kinds for fields of PodSecurityPolicy");
    };
    let selection = match selection::read(object, Process::Webhook, exclusions, around)? {
        Selected::Pods(selection) => selection,
        Selected::None(reason) => return Ok(Read::Nothing(reason)),
    };
    let Some(action) = enforcement::of(object).map_err(|error| vec![error])? else {
        return nothing("the webhook does not enforce it");
    };
    let mut parameters = Parameters::read(object);
    let exempted = if kind.exempts { parameters.texts(EXEMPT_IMAGES) } else { Vec::new() };
    let exempt = images::read(&exempted, &object.title(), &selection);
    if exempt.all && kind.is_of_containers {
        return nothing("it exempts every image");
    }
    let mut unknown = parameters.others(kind.parameters);
    unknown.retain(|key| !kind.exempts || key != EXEMPT_IMAGES);
    let mut base = Piece::new(object, selection.reach);
    base.action = action;
    base.exemptions = exempt.exemptions;
    let mut constraint = Constraint { parameters, exempts: exempt.any, exempts_all: exempt.all, base };
    let demanded = (kind.read)(&mut constraint);
    if !constraint.parameters.problems.is_empty() {
        return Err(constraint.parameters.problems);
    }
    let mut pieces = match demanded {
        Ok(pieces) => pieces,
        Err(Why::Nothing(reason)) => {
            let unread = unknown.iter().map(|key| format!("; the library's template does not read `{key}`"));
            return Ok(Read::Nothing(std::iter::once(reason).chain(unread).collect()));
        }
        Err(Why::Unsayable(reason)) => {
            let text = format_args!("{}: cannot be converted: {reason}", object.title());
            return Err(vec![Error::at(object.start(), text)]);
        }
    };
    if let Some(first) = pieces.first_mut() {
        first.inexact.splice(0..0, exempt.inexact);
        for key in unknown {
            let because = "only an edited template reads it";
            first.differs(
                &format!("parameters.{key}"),
                "not read by the library's template",
                "not read",
                because,
            );
        }
    }
    Ok(Read::Demands(pieces))
}

/// Notes at the constraints that demand a field what they do with pods of Windows.
pub(super) fn note_windows(pieces: &mut [Piece]) {
    for piece in pieces.iter_mut().filter(|piece| skips_windows(piece)) {
        piece.repaired.push("the template rejected every pod of Windows, for lack of fields that the API server refuses there");
    }
}

/// Whether a piece demands a field that pods of Windows cannot have.
fn skips_windows(piece: &Piece) -> bool {
    let is_demanded = piece.spec.iter().any(|(field, value)| match field.as_str() {
        "allowPrivilegeEscalation" => *value == false,
        "readOnlyRootFilesystem" | "requiredDropCapabilities" => true,
        _ => value.get("rule").is_some_and(|rule| rule == "MustRunAs" || rule == "MustRunAsNonRoot"),
    });
    is_demanded
        || piece.annotations.values().any(|list| list.as_str().is_some_and(|list| !list.is_empty()))
        || piece.standards.iter().any(|standard| standard.level.starts_with("restricted"))
}
