//! The verdict on a case: how the answer of the subject relates to the original's.

use anyhow::Result;
use serde_json::Value;

use crate::case::{Case, Outcome};
use crate::difference::Difference;
use crate::subject::Subject;
use crate::{compare, deviations, laws};

/// The relation between the two answers to a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// They are equal.
    Agrees,
    /// They differ deliberately: the name of the deviation.
    Deviates(&'static str, Difference),
    /// They differ without an explanation.
    Differs(Difference),
}

/// Runs the subject and compares.
///
/// # Errors
///
/// When it cannot be run.
pub fn judge(subject: &mut dyn Subject, case: &Case, result: &Outcome) -> Result<Verdict> {
    if case.validate_policies {
        return compared(subject, case, result);
    }
    let answer = subject.answer(case, &Value::Null)?;
    if let Some(difference) = laws::broken(subject, case, &answer)? {
        return Ok(Verdict::Differs(difference));
    }
    Ok(explained(case, compare::admission(case, result, &answer)))
}

/// As [`judge`], without the laws.
///
/// # Errors
///
/// When the subject cannot be run.
pub fn compared(subject: &mut dyn Subject, case: &Case, result: &Outcome) -> Result<Verdict> {
    let compared = if case.validate_policies {
        compare::settings(case, result, subject.problems(case)?.as_deref())
    } else {
        compare::admission(case, result, &subject.answer(case, &Value::Null)?)
    };
    Ok(explained(case, compared))
}

fn explained(case: &Case, compared: Result<(), Difference>) -> Verdict {
    match compared {
        Ok(()) => Verdict::Agrees,
        Err(difference) => match deviations::explain(case, &difference) {
            Some(name) => Verdict::Deviates(name, difference),
            None => Verdict::Differs(difference),
        },
    }
}
