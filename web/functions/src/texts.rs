//! The texts of the page, and errors in them.

use kubectl_psp::error::{Error, Errors, Outcome};
use kubectl_psp::input::{Object, Text};
use kubectl_psp::policies::{Modules, Policies, of_objects};
use kubectl_psp::rbac::{Authority, Rbac, is_rbac};
use serde::Serialize;

/// The name of the text with the policies, as in its places.
pub(crate) const POLICIES: &str = "policies.yaml";
/// The name of the text with the pods.
pub(crate) const PODS: &str = "pods.yaml";
/// The namespace of objects that name none.
pub(crate) const NAMESPACE: &str = "default";

/// An error in a text of the page.
#[derive(Debug, Serialize)]
pub(crate) struct Problem {
    /// The text; `None` for an error about the whole.
    file: Option<String>,
    line: u32,
    column: u32,
    reason: String,
    remedy: Option<String>,
}

/// The errors as the page shows them.
pub(crate) fn problems(errors: Errors) -> Vec<Problem> {
    let problem = |Error { place, reason, remedy }: Error| match place {
        Some(place) => Problem {
            file: Some(place.file.to_string()),
            line: place.line,
            column: place.column,
            reason,
            remedy,
        },
        None => Problem { file: None, line: 0, column: 0, reason, remedy },
    };
    errors.0.into_iter().map(problem).collect()
}

/// All objects of a text, and the errors of the others.
pub(crate) fn objects(text: &Text) -> (Vec<Object>, Vec<Problem>) {
    let (objects, unread) = text.gather();
    let errors = unread.conclude(()).map_or_else(problems, |()| Vec::new());
    (objects, errors)
}

/// The policies of a text. Roles and bindings in it say who may use which; without any, every policy may be used.
pub(crate) fn policies(text: String, now: i64) -> Outcome<Policies> {
    let objects = Text::new(POLICIES, text).read_all()?;
    let (roles, objects): (Vec<Object>, Vec<Object>) = objects.into_iter().partition(is_rbac);
    let authority = authority(&roles)?;
    let mut policies = of_objects(&objects, &[], &Modules::default(), authority)?;
    policies.now = Some(now);
    Ok(policies)
}

/// The grants of roles and bindings; all, if there are none.
pub(crate) fn authority(roles: &[Object]) -> Outcome<Authority> {
    if roles.is_empty() {
        return Ok(Authority::Everybody);
    }
    Ok(Authority::Dump(Rbac::of(roles, NAMESPACE)?))
}
