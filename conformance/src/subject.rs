//! Whom to ask for our side: the library, or the module that a cluster runs.

use anyhow::Result;
use serde_json::Value;

use crate::case::{Case, Outcome};
use crate::compare::{self, Difference};
use crate::ours::{self, Answer};
use crate::{deviations, laws};

/// Something that answers for this project.
pub trait Subject {
    /// Its answer to a request, under settings with more options ([`ours::settings_with`]).
    ///
    /// # Errors
    ///
    /// When it cannot be asked.
    fn answer(&mut self, case: &Case, options: &Value) -> Result<Answer>;

    /// What it has against policies.
    ///
    /// # Errors
    ///
    /// When it cannot be asked.
    fn problems(&mut self, case: &Case) -> Result<Option<String>>;
}

/// The library.
#[derive(Clone, Copy, Debug, Default)]
pub struct Library;

impl Subject for Library {
    fn answer(&mut self, case: &Case, options: &Value) -> Result<Answer> {
        Ok(ours::natively_with(case, options))
    }

    fn problems(&mut self, case: &Case) -> Result<Option<String>> {
        Ok(ours::problems(case))
    }
}

/// How the two answers to a case relate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// They are the same.
    Agrees,
    /// They differ on purpose: the name of the deviation.
    Deviates(&'static str, Difference),
    /// They differ, and nothing explains it.
    Differs(Difference),
}

/// Asks the subject and compares.
///
/// # Errors
///
/// When it cannot be asked.
pub fn judge(subject: &mut dyn Subject, case: &Case, result: &Outcome) -> Result<Verdict> {
    let compared = if case.validate_policies {
        compare::settings(case, result, subject.problems(case)?.as_deref())
    } else {
        let answer = subject.answer(case, &Value::Null)?;
        if let Some(difference) = laws::broken(subject, case, &answer)? {
            return Ok(Verdict::Differs(difference));
        }
        compare::admission(case, result, &answer)
    };
    Ok(match compared {
        Ok(()) => Verdict::Agrees,
        Err(difference) => match deviations::explain(case, &difference) {
            Some(name) => Verdict::Deviates(name, difference),
            None => Verdict::Differs(difference),
        },
    })
}
