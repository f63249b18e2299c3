//! `check`: evaluates manifests against policies.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use kubectl_psp::check::{Checked, Comparison, FilePatch, check};
use kubectl_psp::cluster::Kinds;
use kubectl_psp::error::{Error, Outcome};
use kubectl_psp::input::{self, Object, Take, Text, Unread, Watch};
use kubectl_psp::judge::{Judged, Requester, Verdict};
use kubectl_psp::policies::Policies;
use kubectl_psp::prove::prove;
use kubectl_psp::report::{Format, Results, Summary};

use super::Manifests;
use super::judges::Judges;
use super::live::{Live, Source};
use crate::output::{self, OutputOptions, print};

/// Judge manifests, or the objects of a cluster, as if they were created: what is admitted, what is filled in, what is refused and why
///
/// Exit status: 0 if all is admitted, 1 if something is rejected, 2 if the input is bad. With `--prove`: 0 if both sets admit
/// the same pods, 1 if not, 2 if that is not decided.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubectl psp check -A
  kubectl psp check -n shop -p restricted
  kubectl psp check deployment.yaml
  kubectl psp check -p psp.yaml deployment.yaml
  helm template . | kubectl psp check -p restricted
  kubectl get pods,deploy -A -o json | kubectl psp check -p policies/ --rbac rbac.json
  kubectl psp check -p settings.yaml -o sarif manifests/ > psp.sarif
  kubectl psp check -p psp.yaml --diff pod.yaml
  kubectl psp check --compare old/ new/ manifests/
  kubectl psp check --compare old/ new/ --prove
  kubectl psp check -p psp.yaml --rbac rbac.json --as alice --as-group developers pod.yaml")]
pub(crate) struct Check {
    #[command(flatten)]
    judges: Judges,
    /// How results are written
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT", help_heading = "Output")]
    output: Format,
    /// Show what policies fill in as a patch of the files, for `patch -p0`
    #[arg(long, conflicts_with_all = ["output", "compare"], help_heading = "Output")]
    diff: bool,
    /// List only the objects whose verdict differs between two sets of policies
    #[arg(long, num_args = 2, value_names = ["OLD", "NEW"], conflicts_with = "policies")]
    compare: Vec<PathBuf>,
    /// Decide for all pods, without manifests, whether either set admits what the other rejects, and show such pods
    #[arg(long, requires = "compare", conflicts_with_all = ["diff", "files", "filenames"])]
    prove: bool,
    #[command(flatten)]
    manifests: Manifests,
}

/// How many objects of unknown kinds are named.
const DOUBTS: usize = 10;

impl Check {
    pub(crate) fn execute(&self, options: OutputOptions) -> Outcome<ExitCode> {
        if let (true, [old, new]) = (self.prove, self.compare.as_slice()) {
            return self.prove(old, new, options);
        }
        let live = self.judges.live();
        let source = self.manifests.source(&self.judges.cluster)?;
        let used = self.judges.used(&live, &source, !self.compare.is_empty());
        let requester = self.judges.requester(used)?;
        let input = Input { source, live: &live, used };
        if let [old, new] = self.compare.as_slice() {
            return self.compare(old, new, &requester, &input, options);
        }
        let policies = self.judges.load(&requester, used, options)?;
        let mut checking = Checking::new(&policies, &requester, options);
        if self.diff {
            return self.patch(&mut checking, &input);
        }
        let mut results = Results::default();
        let progress = options.progress();
        let unread = input.read(&policies, &progress, &mut |object| {
            results.results.extend(checking.check(&object));
            Ok(())
        })?;
        drop(progress);
        results.summary = checking.summary;
        if results.summary.is_empty() && !unread.has_skipped() {
            return input.is_empty(unread, options);
        }
        results.advice.clone_from(&policies.advice);
        if !matches!(self.output, Format::Json | Format::Yaml | Format::Markdown) {
            for advice in &policies.advice {
                options.note(advice);
            }
        }
        print(&results.write(self.output, output::of_results())?)?;
        unread.conclude(exit_code(&results.summary))
    }

    /// Changes under another set of policies.
    fn compare(
        &self,
        old: &PathBuf,
        new: &PathBuf,
        requester: &Requester,
        input: &Input<'_>,
        options: OutputOptions,
    ) -> Outcome<ExitCode> {
        let load = |path: &PathBuf| self.judges.load_from(std::slice::from_ref(path), requester, input.used);
        let (old, new) = (load(old)?, load(new)?);
        for caveat in new.caveats() {
            options.warn(&caveat);
        }
        let mut comparison = Comparison::default();
        let progress = options.progress();
        let unread = input.read(&new, &progress, &mut |object| {
            comparison.add(&object, &old, &new, requester);
            Ok(())
        })?;
        drop(progress);
        if comparison.is_empty() && !unread.has_skipped() {
            return input.is_empty(unread, options);
        }
        print(&comparison.results.write(self.output, output::of_results())?)?;
        for note in comparison.notes() {
            options.note(&note);
        }
        unread.conclude(if comparison.is_worse() { ExitCode::from(1) } else { ExitCode::SUCCESS })
    }

    /// The difference of two sets of policies over all pods.
    fn prove(&self, old: &PathBuf, new: &PathBuf, options: OutputOptions) -> Outcome<ExitCode> {
        let requester = self.judges.requester(None)?;
        let load = |path: &PathBuf| self.judges.load_from(std::slice::from_ref(path), &requester, None);
        let (old, new) = (load(old)?, load(new)?);
        let caveats = [old.caveats(), new.caveats()].concat();
        for (nth, caveat) in caveats.iter().enumerate() {
            if !caveats.iter().take(nth).any(|earlier| earlier == caveat) {
                options.warn(caveat);
            }
        }
        let difference = prove(&old, &new, &requester);
        print(&match self.output {
            Format::Table => difference.to_table()?,
            Format::Json => difference.to_json()?,
            Format::Yaml => difference.to_yaml()?,
            _ => return Err(Error::new("--prove is written as table, json or yaml").into()),
        })?;
        Ok(ExitCode::from(if difference.is_undecided() { 2 } else { u8::from(!difference.is_nothing()) }))
    }

    /// Prints the patch of each file, and reports what it omits.
    fn patch(&self, checking: &mut Checking<'_>, input: &Input<'_>) -> Outcome<ExitCode> {
        let Source::Files(sources) = &input.source else {
            let error = Error::new("--diff patches files, and none is named");
            return Err(error.help("kubectl get deploy/web -o yaml | kubectl psp check --diff").into());
        };
        for advice in &checking.policies.advice {
            checking.options.note(advice);
        }
        let (texts, mut unread) = input::texts(sources);
        for text in texts {
            unread.append(checking.patch(&text)?);
        }
        let Checking { summary, options, .. } = checking;
        if summary.is_empty() && !unread.has_skipped() {
            unread.conclude(())?;
            return Err(Summary::no_objects());
        }
        options.note(&summary.to_string());
        unread.conclude(exit_code(summary))
    }
}

/// Where objects come from, and the cluster if one is used.
struct Input<'l> {
    source: Source,
    live: &'l Live,
    used: Option<&'l Live>,
}

impl Input<'_> {
    fn read(&self, policies: &Policies, watch: &dyn Watch, take: Take<'_>) -> Outcome<Unread> {
        self.source.read(self.live, Kinds::Workloads(Some(policies)), watch, take)
    }

    /// The end where there is nothing: an error for files, a note for a namespace without pods.
    fn is_empty(&self, unread: Unread, options: OutputOptions) -> Outcome<ExitCode> {
        unread.conclude(())?;
        if !self.source.is_cluster() {
            return Err(Summary::no_objects());
        }
        options.note(&format!("there are no pods and no workloads in {}", self.live.scope()?));
        Ok(ExitCode::SUCCESS)
    }
}

/// 0 if all is admitted, 1 if something is rejected.
fn exit_code(summary: &Summary) -> ExitCode {
    if summary.rejected > 0 { ExitCode::from(1) } else { ExitCode::SUCCESS }
}

/// A check of many objects, which reports those that are skipped.
struct Checking<'c> {
    policies: &'c Policies,
    requester: &'c Requester,
    options: OutputOptions,
    summary: Summary,
    /// How many skipped objects should perhaps have been evaluated.
    doubts: usize,
}

impl<'c> Checking<'c> {
    fn new(policies: &'c Policies, requester: &'c Requester, options: OutputOptions) -> Self {
        Checking { policies, requester, options, summary: Summary::default(), doubts: 0 }
    }

    /// The result for an object; `None` if the policies do not evaluate such objects.
    fn check(&mut self, object: &Object) -> Option<Judged> {
        let skipped = match check(object, self.policies, self.requester, &mut self.summary) {
            Checked::Judged(judged) => return Some(*judged),
            Checked::Skipped(skipped) => skipped,
        };
        for note in &skipped.notes {
            self.options.detail(note);
        }
        if let Some(doubt) = skipped.doubt {
            self.doubts += 1;
            match self.doubts {
                1..=DOUBTS => self.options.warn(&doubt),
                _ if self.options.verbose => self.options.warn(&doubt),
                more if more == DOUBTS + 1 => {
                    self.options
                        .warn("more objects that may carry pods are not judged; --verbose names them");
                }
                _ => {}
            }
        }
        None
    }

    /// Prints the patch of a text.
    fn patch(&mut self, text: &Text) -> Outcome<Unread> {
        let options = self.options;
        let mut patch = FilePatch::new(text);
        let unread = text.read(&options.progress(), &mut |object| {
            let judged = self.check(&object);
            match &judged {
                Some(judged) if judged.verdict == Verdict::Allowed => {
                    options.detail(&format!("{}: nothing is filled in", judged.title()));
                }
                Some(judged) if judged.verdict == Verdict::Rejected => options.warn(&rejected(judged)),
                _ => {}
            }
            patch.add(&object, judged);
            Ok(())
        });
        let (patch, left_out) = patch.finish();
        if let Some(patch) = patch {
            print(&output::from_here(&patch))?;
        }
        for warning in left_out {
            options.insist(&warning);
        }
        Ok(unread)
    }
}

fn rejected(judged: &Judged) -> String {
    let more = match judged.violations.len() {
        0 | 1 => String::new(),
        all => format!("; and {} more", all - 1),
    };
    let first = judged.violations.first().map(ToString::to_string).unwrap_or_default();
    format!("{}:{}: {} is rejected: {first}{more}", judged.file, judged.line, judged.title())
}
