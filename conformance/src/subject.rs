//! The subject of the comparison: the library, or the module that a cluster runs.

use anyhow::Result;
use serde_json::Value;

use crate::case::Case;
use crate::ours::{self, Answer};

/// An implementation that answers for this project.
pub trait Subject {
    /// Its answer to a request, under settings with more options ([`ours::settings_with`]).
    ///
    /// # Errors
    ///
    /// When it cannot be run.
    fn answer(&mut self, case: &Case, options: &Value) -> Result<Answer>;

    /// Its errors in policies.
    ///
    /// # Errors
    ///
    /// When it cannot be run.
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
