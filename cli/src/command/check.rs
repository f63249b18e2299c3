//! `check`: what policies make of manifests.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::{Identity, Manifests, print};
use crate::error::{Fault, Outcome};
use crate::input;
use crate::judge::{self, Judged, Verdict};
use crate::policies::{self, GrantSources, Policies};
use crate::report::{Format, Results, diff};
use crate::terminal::Voice;

/// Judge manifests as if they were created: what is admitted, what is filled in, what is refused and why
///
/// Exit status: 0 if all is admitted, 1 if something is rejected, 2 if the input is bad.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubectl psp check -p psp.yaml deployment.yaml
  helm template . | kubectl psp check -p restricted
  kubectl get pods,deploy -A -o json | kubectl psp check -p policies/ --rbac rbac.json
  kubectl psp check -p settings.yaml -o sarif manifests/ > psp.sarif
  kubectl psp check -p psp.yaml --diff pod.yaml
  kubectl psp check --compare old/ new/ manifests/
  kubectl psp check -p psp.yaml --rbac rbac.json --as alice --as-group developers pod.yaml")]
pub(crate) struct Check {
    /// What judges: files or folders with PodSecurityPolicies, settings or (Cluster)AdmissionPolicies, or a level of
    /// the Pod Security Standards such as `restricted` or `baseline:v1.31`
    #[arg(short, long, value_name = "FILE|LEVEL", required_unless_present = "compare")]
    policies: Vec<PathBuf>,
    #[command(flatten)]
    grants: GrantSources,
    #[command(flatten)]
    identity: Identity,
    /// How results are written
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT", help_heading = "Output")]
    output: Format,
    /// Show what policies fill in as a unified diff of each manifest
    #[arg(long, conflicts_with_all = ["output", "compare"], help_heading = "Output")]
    diff: bool,
    /// List only the objects whose verdict differs between two sets of policies
    #[arg(long, num_args = 2, value_names = ["OLD", "NEW"], conflicts_with = "policies")]
    compare: Vec<PathBuf>,
    #[command(flatten)]
    manifests: Manifests,
}

impl Check {
    pub(crate) fn execute(&self, voice: Voice) -> Outcome<ExitCode> {
        if let [old, new] = self.compare.as_slice() {
            return self.compare(old, new, voice);
        }
        let policies = policies::load(&self.policies, self.grants.load()?)?;
        for caveat in policies.caveats() {
            voice.warn(&caveat);
        }
        let mut results = self.judge_all(&policies, voice)?;
        results.advice.clone_from(&policies.advice);
        if !matches!(self.output, Format::Json | Format::Yaml | Format::Markdown) {
            for advice in &policies.advice {
                voice.note(advice);
            }
        }
        if self.diff {
            for judged in &results.results {
                match &judged.diff {
                    Some(change) => print(&diff::colored(change))?,
                    None => voice.detail(&format!("{}: nothing is filled in", judged.title())),
                }
            }
            voice.note(&results.summary.to_string());
        } else {
            print(&results.write(self.output)?)?;
        }
        let rejected = results.summary.rejected > 0;
        Ok(if rejected { ExitCode::from(1) } else { ExitCode::SUCCESS })
    }

    /// Judges all objects one by one, so that only what is said of them is kept.
    fn judge_all(&self, policies: &Policies, voice: Voice) -> Outcome<Results> {
        let asker = self.identity.asker();
        let mut results = Results::default();
        let progress = voice.progress();
        input::read(&self.manifests.files()?, &progress, &mut |object| {
            if !judge::is_judged(&object, policies) {
                voice.detail(&format!("{} is not judged", object.title()));
                results.summary.skipped += 1;
                return Ok(());
            }
            let judged = judge::judge(policies, &object, &asker, self.diff);
            results.summary.count(judged.verdict);
            results.results.push(judged);
            Ok(())
        })?;
        if results.results.is_empty() && results.summary.skipped == 0 {
            let fault = Fault::new("there is no object in the input");
            return Err(fault.help("did the command before the pipe fail?").into());
        }
        Ok(results)
    }

    /// What another set of policies would change.
    fn compare(&self, old: &PathBuf, new: &PathBuf, voice: Voice) -> Outcome<ExitCode> {
        let load = |path: &PathBuf| policies::load(std::slice::from_ref(path), self.grants.load()?);
        let (old, new) = (load(old)?, load(new)?);
        for caveat in new.caveats() {
            voice.warn(&caveat);
        }
        let asker = self.identity.asker();
        let mut results = Results::default();
        let mut turns: BTreeMap<(Verdict, Verdict), usize> = BTreeMap::new();
        let mut same = 0;
        let progress = voice.progress();
        input::read(&self.manifests.files()?, &progress, &mut |object| {
            if !judge::is_judged(&object, &old) && !judge::is_judged(&object, &new) {
                results.summary.skipped += 1;
                return Ok(());
            }
            let before = judge::judge(&old, &object, &asker, false);
            let mut after = judge::judge(&new, &object, &asker, false);
            if before.verdict == after.verdict {
                same += 1;
                return Ok(());
            }
            *turns.entry((before.verdict, after.verdict)).or_default() += 1;
            after.warnings.insert(0, was(&before));
            results.summary.count(after.verdict);
            results.results.push(after);
            Ok(())
        })?;
        drop(progress);
        print(&results.write(self.output)?)?;
        for ((before, after), count) in &turns {
            voice.note(&format!("{count} from {} to {}", before.name(), after.name()));
        }
        voice.note(&format!("{same} keep their verdict"));
        let worse = turns.keys().any(|(_, after)| *after == Verdict::Rejected);
        Ok(if worse { ExitCode::from(1) } else { ExitCode::SUCCESS })
    }
}

/// What became of an object under the policies that are to go.
fn was(before: &Judged) -> String {
    match &before.policy {
        Some(policy) => format!("was {} by {policy}", before.verdict.name()),
        None => format!("was {}", before.verdict.name()),
    }
}
