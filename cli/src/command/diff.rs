//! `diff`: the policy that each pod has, and the one that would admit it now.

use std::process::ExitCode;

use clap::Args;
use kubectl_psp::check::Drift;
use kubectl_psp::cluster::Kinds;
use kubectl_psp::error::Outcome;
use kubectl_psp::report::Format;

use super::Manifests;
use super::judges::Judges;
use crate::output::{self, OutputOptions, print};

/// List the pods that another policy would admit now than the one in their annotation `kubernetes.io/psp`, or none
///
/// Exit status: 0 if all pods keep their policy, 1 if one does not, 2 if the input is bad.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubectl psp diff -A
  kubectl psp diff -n shop -p policies.yaml
  kubectl get pods -A -o json | kubectl psp diff -p policies.yaml --rbac rbac.json")]
pub(crate) struct Diff {
    #[command(flatten)]
    judges: Judges,
    /// How results are written
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT", help_heading = "Output")]
    output: Format,
    #[command(flatten)]
    manifests: Manifests,
}

impl Diff {
    pub(crate) fn execute(&self, options: OutputOptions) -> Outcome<ExitCode> {
        let live = self.judges.live();
        let source = self.manifests.source(&self.judges.cluster)?;
        let used = self.judges.used(&live, &source, false);
        let requester = self.judges.requester(used)?;
        let policies = self.judges.load(&requester, used, options)?;
        let mut drift = Drift::default();
        let progress = options.progress();
        let unread = source.read(&live, Kinds::Pods, &progress, &mut |object| {
            drift.add(&object, &policies, &requester);
            Ok(())
        })?;
        drop(progress);
        print(&drift.results.write(self.output, output::of_results())?)?;
        for note in drift.notes() {
            options.note(&note);
        }
        unread.conclude(if drift.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
    }
}
