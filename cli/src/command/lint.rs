//! `lint`: policies and registrations alone.

use std::process::ExitCode;

use clap::Args;
use kubectl_psp::error::{Error, Outcome};
use kubectl_psp::input::{self, Unread};
use kubectl_psp::lint::{Format, lint};
use kubectl_psp::policies::Modules;

use super::live::{ClusterOptions, Live, Source};
use super::{Manifests, ModuleOptions};
use crate::output::{self, OutputOptions, print};

/// Judge policies and registrations alone: what the module refuses, what contradicts itself, what is unwise
///
/// The two halves of a pair are held against each other: their settings apart from `mutate`, their modules and their
/// selection of namespaces.
///
/// Exit status: 0 if there is no error, 1 if there is one, 2 if the input is bad.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubectl psp lint policies.yaml
  kubectl psp lint -A
  kubectl psp migrate psp.yaml | kubectl psp lint
  kubectl psp lint --strict -o sarif policies/ > psp.sarif")]
pub(crate) struct Lint {
    #[command(flatten)]
    modules: ModuleOptions,
    /// Fail for warnings and notes as well
    #[arg(long)]
    strict: bool,
    /// How findings are written
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT", help_heading = "Output")]
    output: Format,
    /// The namespace whose registrations are read, in a cluster
    #[arg(short, long, value_name = "NAME")]
    namespace: Option<String>,
    #[command(flatten)]
    cluster: ClusterOptions,
    #[command(flatten)]
    manifests: Manifests,
}

impl Lint {
    pub(crate) fn execute(&self, options: OutputOptions) -> Outcome<ExitCode> {
        let progress = options.progress();
        let live = Live::new(&self.cluster, self.namespace.as_deref());
        let (objects, unread) = match self.manifests.source(&self.cluster)? {
            Source::Files(sources) => input::gather(&sources, &progress),
            Source::Cluster => (live.cluster()?.registrations(&live.selection()?)?, Unread::default()),
        };
        drop(progress);
        let linted = lint(&objects, &Modules { named: self.modules.named.clone() });
        for skipped in &linted.skipped {
            options.note(skipped);
        }
        if linted.summary.is_empty() {
            unread.conclude(())?;
            let error = Error::new("there is no policy, and no registration of this one, in the input");
            return Err(error.help("did the command before the pipe fail?").into());
        }
        print(&linted.write(self.output, output::of_results())?)?;
        let fails =
            linted.summary.errors > 0 || (self.strict && linted.summary.warnings + linted.summary.notes > 0);
        unread.conclude(if fails { ExitCode::from(1) } else { ExitCode::SUCCESS })
    }
}
