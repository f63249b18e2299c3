//! The Pod Security Standards of this project, compared with the original evaluator: verdict and every text.

use std::path::Path;

use anyhow::Result;
use pod_security_policy::json::Reader;
use pod_security_policy::pod::Pod;
use pod_security_policy::standards::{Standard, details, reasons};

use crate::case::{Answered, StandardCase, StandardOutcome};
use crate::generate;
use crate::oracle::Oracle;

/// How many differing cases are kept.
const KEPT: usize = 100;

/// The result of a comparison.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// The cases compared.
    pub cases: u64,
    /// Those that the original allows.
    pub allowed: u64,
    /// Those with answers equal to the byte.
    pub agreed: u64,
    /// Those with a volume that has two sources: the API server rejects such a pod, and so does this project before
    /// any standard is evaluated.
    pub two_sources: u64,
    /// The first cases that differ otherwise, and this project's answers.
    pub differences: Vec<(Answered<StandardCase, StandardOutcome>, String)>,
    /// How many differ.
    pub unexplained: u64,
}

impl Tally {
    /// Generates cases, runs them through the oracle and the library, and compares.
    ///
    /// With `every`, each pod is evaluated at both levels that require anything, at every version in which a check
    /// changes, and at the neighbouring versions.
    ///
    /// # Errors
    ///
    /// When the oracle cannot be run.
    pub fn run(oracle: &Path, seed: u64, indexes: std::ops::Range<u64>, every: bool) -> Result<Self> {
        let mut tally = Self::default();
        let cases = indexes.flat_map(move |index| {
            let case = generate::standard_case(seed, index);
            if every { generate::at_every_standard(&case) } else { vec![case] }
        });
        for answered in Oracle::ask(oracle, cases.map(Ok))? {
            tally.add(answered?);
        }
        Ok(tally)
    }

    /// Compares one more case.
    pub fn add(&mut self, answered: Answered<StandardCase, StandardOutcome>) {
        self.cases += 1;
        self.allowed += u64::from(answered.result.allowed);
        match compared(&answered) {
            Compared::Agrees => self.agreed += 1,
            Compared::TwoSources => self.two_sources += 1,
            other => {
                self.unexplained += 1;
                if self.differences.len() < KEPT {
                    // Generated cases have no entries that are `null`, and can be read.
                    let said = if let Compared::Differs(said) = other { said } else { format!("{other:?}") };
                    self.differences.push((answered, said));
                }
            }
        }
    }
}

/// How the two answers to a case relate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Compared {
    /// They are equal to the byte, or neither can read the pod.
    Agrees,
    /// A volume has two sources: such a pod is rejected before any standard is evaluated.
    TwoSources,
    /// A list has an entry that is `null`: here such a pod cannot be read.
    NullEntry,
    /// The source of a volume has a value of a wrong type in a field that no check looks at, and that is not read here.
    Unread,
    /// They differ otherwise; this project's answer.
    Differs(String),
}

/// Compares this project's answer with the original's.
#[must_use]
pub fn compared(answered: &Answered<StandardCase, StandardOutcome>) -> Compared {
    let ours = natively(&answered.case);
    match &ours {
        Ok(outcome) if *outcome == answered.result => Compared::Agrees,
        Err(_) if answered.result.unread.is_some() => Compared::Agrees,
        Err(fault) if fault.contains("must have one source") && has_two_sources(&answered.case) => {
            Compared::TwoSources
        }
        Ok(_) if answered.result.unread.as_ref().is_some_and(|fault| fault.contains(".VolumeSource.")) => {
            Compared::Unread
        }
        Err(fault) if fault.contains("]: ") && fault.ends_with("not null") => Compared::NullEntry,
        _ => Compared::Differs(ours.map_or_else(|fault| fault, |outcome| outcome.text)),
    }
}

/// This project's answer to a case.
///
/// # Errors
///
/// When it cannot read the pod or the standard.
pub fn natively(case: &StandardCase) -> Result<StandardOutcome, String> {
    let text = case.pod.to_string();
    let pod: Pod<'_> = Reader::document(&text).map_err(|fault| fault.to_string())?;
    let standard: Standard = format!("{}:{}", case.level, case.version)
        .parse()
        .map_err(|unknown: pod_security_policy::standards::Unknown| unknown.to_string())?;
    let failures = standard.evaluate(&pod);
    let name = case.pod.pointer("/metadata/name").and_then(|name| name.as_str()).unwrap_or_default();
    let allowed = failures.is_empty();
    Ok(StandardOutcome {
        name: case.name.clone(),
        allowed,
        reason: reasons(&failures),
        detail: details(&failures),
        text: if allowed { String::new() } else { standard.forbidden(name, &failures) },
        unread: None,
    })
}

fn has_two_sources(case: &StandardCase) -> bool {
    let volumes = case.pod.pointer("/spec/volumes").and_then(|volumes| volumes.as_array());
    volumes.into_iter().flatten().any(|volume| {
        volume.as_object().is_some_and(|fields| fields.values().filter(|value| !value.is_null()).count() > 2)
    })
}
