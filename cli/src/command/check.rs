//! `check`: evaluates manifests against policies.

mod patch;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::{Identity, Manifests, print};
use crate::error::Outcome;
use crate::input::{self, Object};
use crate::judge::{self, Before, Judged, Requester, Verdict};
use crate::policies::{self, GrantSources, Modules, Policies};
use crate::report::{Format, Results, Summary};
use crate::terminal::OutputOptions;

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
    modules: Modules,
    #[command(flatten)]
    grants: GrantSources,
    #[command(flatten)]
    identity: Identity,
    /// How results are written
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT", help_heading = "Output")]
    output: Format,
    /// Show what policies fill in as a patch of the files, for `patch -p0`
    #[arg(long, conflicts_with_all = ["output", "compare"], help_heading = "Output")]
    diff: bool,
    /// List only the objects whose verdict differs between two sets of policies
    #[arg(long, num_args = 2, value_names = ["OLD", "NEW"], conflicts_with = "policies")]
    compare: Vec<PathBuf>,
    #[command(flatten)]
    manifests: Manifests,
}

/// How many objects of unknown kinds are named.
const DOUBTS: usize = 10;

impl Check {
    pub(crate) fn execute(&self, options: OutputOptions) -> Outcome<ExitCode> {
        let requester = self.identity.requester(&self.grants)?;
        if let [old, new] = self.compare.as_slice() {
            return self.compare(old, new, &requester, options);
        }
        let policies =
            policies::load(&self.policies, &self.modules, self.grants.load(self.identity.namespace())?)?;
        for caveat in policies.caveats() {
            options.warn(&caveat);
        }
        if self.diff {
            return self.patch(&policies, &requester, options);
        }
        let mut results = Results::default();
        let progress = options.progress();
        let unread = input::read(&self.manifests.files()?, &progress, &mut |object| {
            if let Some(judged) = judged(&object, &policies, &requester, &mut results.summary, options) {
                results.results.push(judged);
            }
            Ok(())
        });
        drop(progress);
        if results.summary.is_empty() && !unread.has_skipped() {
            unread.conclude(ExitCode::SUCCESS)?;
            return Err(Summary::no_objects());
        }
        results.advice.clone_from(&policies.advice);
        if !matches!(self.output, Format::Json | Format::Yaml | Format::Markdown) {
            for advice in &policies.advice {
                options.note(advice);
            }
        }
        print(&results.write(self.output)?)?;
        unread.conclude(results.summary.exit_code())
    }

    /// Changes under another set of policies.
    fn compare(
        &self,
        old: &PathBuf,
        new: &PathBuf,
        requester: &Requester,
        options: OutputOptions,
    ) -> Outcome<ExitCode> {
        let load = |path: &PathBuf| {
            policies::load(
                std::slice::from_ref(path),
                &self.modules,
                self.grants.load(self.identity.namespace())?,
            )
        };
        let (old, new) = (load(old)?, load(new)?);
        for caveat in new.caveats() {
            options.warn(&caveat);
        }
        let mut results = Results::default();
        let mut turns: BTreeMap<(Verdict, Verdict), usize> = BTreeMap::new();
        let mut same = 0;
        let progress = options.progress();
        let unread = input::read(&self.manifests.files()?, &progress, &mut |object| {
            if !judge::is_judged(&object, &old) && !judge::is_judged(&object, &new) {
                results.summary.skipped += 1;
                return Ok(());
            }
            let before = judge::judge(&old, &object, requester);
            let mut after = judge::judge(&new, &object, requester);
            if before.verdict == after.verdict {
                same += 1;
                return Ok(());
            }
            *turns.entry((before.verdict, after.verdict)).or_default() += 1;
            after.before = Some(Before { verdict: before.verdict, policy: before.policy });
            results.summary.count(after.verdict);
            results.results.push(after);
            Ok(())
        });
        drop(progress);
        if same == 0 && results.summary.is_empty() && !unread.has_skipped() {
            unread.conclude(ExitCode::SUCCESS)?;
            return Err(Summary::no_objects());
        }
        print(&results.write(self.output)?)?;
        for ((before, after), count) in &turns {
            let objects = if *count == 1 { "object" } else { "objects" };
            options.note(&format!("{count} {objects} from {} to {}", before.name(), after.name()));
        }
        let keep = if same == 1 { "object keeps its" } else { "objects keep their" };
        options.note(&format!("{same} {keep} verdict"));
        let worse = turns.keys().any(|(_, after)| *after == Verdict::Rejected);
        unread.conclude(if worse { ExitCode::from(1) } else { ExitCode::SUCCESS })
    }
}

/// The result for an object; `None` if the policies do not evaluate such objects.
fn judged(
    object: &Object,
    policies: &Policies,
    requester: &Requester,
    summary: &mut Summary,
    options: OutputOptions,
) -> Option<Judged> {
    if !judge::is_judged(object, policies) {
        options.detail(&format!("{} is not judged", object.title()));
        for warning in object.warnings() {
            options.detail(&format!("{}: {}: {warning}", object.start(), object.title()));
        }
        if let Some(doubt) = judge::doubt(object) {
            summary.doubts += 1;
            match summary.doubts {
                1..=DOUBTS => options.warn(&doubt),
                _ if options.verbose => options.warn(&doubt),
                more if more == DOUBTS + 1 => {
                    options.warn("more objects that may carry pods are not judged; --verbose names them");
                }
                _ => {}
            }
        }
        summary.skipped += 1;
        return None;
    }
    let judged = judge::judge(policies, object, requester);
    summary.count(judged.verdict);
    Some(judged)
}
