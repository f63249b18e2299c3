//! Explains why one object is admitted or not, policy by policy, and what would have to change.
//!
//! ```
//! use std::rc::Rc;
//!
//! use kubectl_psp::explain::{Subject, explain};
//! use kubectl_psp::input::Text;
//! use kubectl_psp::judge::{Requester, Verdict};
//! use kubectl_psp::policies::{Modules, of_objects};
//! use kubectl_psp::rbac::Authority;
//! use kubectl_psp::report::Look;
//!
//! let baseline = "baseline".parse().unwrap();
//! let policies = of_objects(&[], &[baseline], &Modules::default(), Authority::Everybody).unwrap();
//! let requester = Requester::new(String::new(), Vec::new(), "shop".to_owned());
//!
//! let pod = "kind: Pod\napiVersion: v1\nmetadata: {name: web}\nspec: {hostPID: true, containers: [{name: web}]}\n";
//! let text = Rc::new(Text::new("pod.yaml", pod.to_owned()));
//! let subject = Subject { object: text.read_all().unwrap().remove(0), text, nth: 0 };
//!
//! let explanation = explain(&subject, &policies, &requester, Look::new(None, false)).unwrap();
//! assert_eq!(explanation.verdict, Verdict::Rejected);
//! let remedy = explanation.remedies.first().unwrap();
//! assert!(remedy.patch.as_ref().unwrap().contains("-spec: {hostPID: true"), "{remedy:?}");
//! ```

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
