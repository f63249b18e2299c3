//! Explains why one object is admitted or not, policy by policy, and what would have to change.

mod closing;
mod evaluation;
mod prose;
mod registration;
#[cfg(test)]
mod tests;

use crate::error::Outcome;
use crate::judge::{self, AdmissionChain, Asked, Requester, Verdict};
use crate::policies::Policies;
use crate::remedy::Search;
use crate::report::{self, Look};
use prose::Prose;

pub use closing::{Remedy, Subject};

/// Why an object is admitted or not.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The verdict on it.
    pub verdict: Verdict,
    /// What each registration says of it.
    pub text: String,
    /// What would have to change, for each registration that rejects it.
    pub remedies: Vec<Remedy>,
}

/// Explains the verdict on an object.
///
/// # Errors
///
/// If the object cannot be read.
pub fn explain(
    subject: &Subject,
    policies: &Policies,
    requester: &Requester,
    look: Look,
) -> Outcome<Explanation> {
    let object = &subject.object;
    let judged = judge::judge(policies, object, requester);
    let mut prose = Prose::new(look);
    let bold = look.bold();
    prose.line(format_args!("{bold}{}{bold:#} ({}:{})", judged.title(), judged.file, judged.line));
    let style = look.style(report::style(judged.verdict));
    prose.line(format_args!("Verdict: {style}{}{style:#}", judged.verdict.name()));
    for warning in &judged.warnings {
        prose.line(format_args!("  {warning}"));
    }
    let mut rules: Vec<String> = Vec::new();
    let mut remedies = Vec::new();
    let mut said = Vec::new();
    for registration in &policies.registrations {
        let chain = AdmissionChain::new(policies, object, requester, &object.json);
        if chain.asks(registration) == Asked::Nothing {
            prose.line(format_args!("\n{}: not asked: {}", registration.name, chain.omission(registration)));
            continue;
        }
        let before = prose.text.len();
        let (more, remedy) = prose.registration(registration, object, requester, policies)?;
        prose.once(before, &registration.name, &mut said);
        rules.extend(more);
        remedies.extend(remedy.map(|remedy| (registration, remedy)));
    }
    if judged.verdict == Verdict::Rejected {
        prose.purposes(&rules);
    }
    // The halves of a pair are satisfied by the same change.
    remedies.dedup_by(|(_, (_, later)), (_, (_, earlier))| match (later, earlier) {
        (Search::Found(later), Search::Found(earlier)) => later.steps == earlier.steps,
        (Search::Stuck(later), Search::Stuck(earlier)) => later == earlier,
        _ => false,
    });
    let remedies = remedies.into_iter().map(|(registration, (policy, search))| match search {
        Search::Found(remedy) => closing::remedy(registration, &policy, &remedy, subject, look),
        Search::Stuck(objection) => closing::stuck(registration, &policy, &objection, look),
    });
    Ok(Explanation { verdict: judged.verdict, remedies: remedies.collect(), text: prose.text })
}
