//! Writes what holds today into a file with tests.

use serde_json::Value;

use super::expectation::Expectation;
use super::{Ran, Suite};
use crate::error::{Error, Outcome};
use crate::input::{look_mut, steps};
use crate::patch::Patch;
use crate::report;

/// A file with new expectations.
#[derive(Debug)]
pub struct Recorded {
    /// Its text.
    pub text: String,
    /// How many expectations are new.
    pub expectations: usize,
    /// Whether the file is written anew, without its comments and layout.
    pub is_rewritten: bool,
}

impl Suite {
    /// The text with expectations that hold, in the place of those that fail; `None` if all hold.
    ///
    /// # Errors
    ///
    /// If the expectations cannot be written.
    pub fn record(&self, ran: &[Ran]) -> Outcome<Option<Recorded>> {
        let failed: Vec<&Ran> = ran.iter().filter(|ran| !ran.failures.is_empty()).collect();
        if failed.is_empty() {
            return Ok(None);
        }
        let mut patch = Patch::new(&self.text);
        let mut documents = Vec::new();
        for (nth, object) in &self.parts {
            let mut after = object.value();
            for ran in failed.iter().filter(|ran| ran.at.0 == *nth) {
                let test = look_mut(&mut after, &steps(&ran.at.1)).and_then(Value::as_object_mut);
                let Some(test) = test else { continue };
                let expected = serde_json::to_value(Expectation::of(&ran.result)).map_err(Error::new)?;
                test.insert("expect".to_owned(), expected);
            }
            patch.change(*nth, object, &after);
            documents.push(after);
        }
        let (text, omitted) = patch.changed();
        let (text, is_rewritten) = match (text, omitted.as_slice(), documents.as_slice()) {
            (Some(text), [], _) => (text, false),
            (_, _, [document]) => (report::to_yaml(document).map_err(Error::new)?, true),
            _ => {
                let reason = format_args!("{}: expectations cannot be written into this layout", self.name());
                return Err(Error::new(reason).help("without anchors and tags they can").into());
            }
        };
        Ok(Some(Recorded { text, expectations: failed.len(), is_rewritten }))
    }
}
