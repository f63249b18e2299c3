//! `suggest`: the tightest policies that admit workloads.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use kubectl_psp::cluster::Kinds;
use kubectl_psp::error::{Error, Outcome};
use kubectl_psp::input::Unread;
use kubectl_psp::judge;
use kubectl_psp::report;
use kubectl_psp::suggest::{Per, Strictness, Workloads};
use serde_json::{Value, json};

use super::live::{ClusterOptions, Live, Source};
use super::{DEFAULT_NAMESPACE, Manifests};
use crate::output::{self, OutputOptions, print};

/// Write the tightest PodSecurityPolicy that admits workloads, and say what keeps it from being tighter
///
/// Without --fill-in, the policies demand what all workloads declare, and fill nothing in: what runs goes on as it
/// does.
///
/// Exit status: 0 if all workloads are admitted, 1 if there are some that no policy admits, 2 if the input is bad.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubectl psp suggest -n shop
  kubectl get pods,deploy -A -o json | kubectl psp suggest > policies.yaml
  helm template . | kubectl psp suggest --per all
  kubectl psp suggest --per service-account --fill-in manifests/")]
pub(crate) struct Suggest {
    /// Whose workloads share a policy
    #[arg(long, value_enum, default_value_t, value_name = "WHOM")]
    per: Per,
    /// Demand what workloads leave open, too, where it can be filled in; an image may not bear that
    #[arg(long)]
    fill_in: bool,
    /// The namespace that is read, and that of objects that name none [default: that of the context for a cluster,
    /// else `default`]
    #[arg(short, long, value_name = "NAME")]
    namespace: Option<String>,
    #[command(flatten)]
    cluster: ClusterOptions,
    /// How policies are written
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT", help_heading = "Output")]
    output: Format,
    #[command(flatten)]
    manifests: Manifests,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    #[default]
    Yaml,
    Json,
}

/// How many objects are named that may carry pods in an unknown place.
const DOUBTS: usize = 10;

impl Suggest {
    pub(crate) fn execute(&self, options: OutputOptions) -> Outcome<ExitCode> {
        let (workloads, unread) = self.gather(options)?;
        let strictness = if self.fill_in { Strictness::FilledIn } else { Strictness::Declared };
        let mut manifests = Vec::new();
        for suggestion in workloads.suggest(strictness, output::of_reports()) {
            manifests.push(suggestion.manifest);
            if !options.quiet {
                anstream::eprint!("{}", suggestion.report);
            }
        }
        print(&self.written(&manifests)?)?;
        let unfit = workloads.unfit();
        for reason in &unfit {
            options.warn(reason);
        }
        unread.conclude(if unfit.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
    }

    fn gather(&self, options: OutputOptions) -> Outcome<(Workloads, Unread)> {
        let live = Live::new(&self.cluster, self.namespace.as_deref());
        let source = self.manifests.source(&self.cluster)?;
        let namespace = match (&source, &self.namespace) {
            (Source::Cluster, _) => live.namespace()?,
            (Source::Files(_), namespace) => {
                namespace.clone().unwrap_or_else(|| DEFAULT_NAMESPACE.to_owned())
            }
        };
        let mut workloads = Workloads::new(self.per, &namespace);
        let progress = options.progress();
        let mut doubts = 0;
        let unread = source.read(&live, Kinds::Workloads(None), &progress, &mut |object| {
            for warning in object.warnings() {
                options.warn(&format!("{}: {}: {warning}", object.start(), object.title()));
            }
            let pods = workloads.add(&object)?;
            match judge::doubt(&object).filter(|_| pods == 0) {
                Some(doubt) if doubts < DOUBTS || options.verbose => {
                    doubts += 1;
                    options.warn(&doubt);
                }
                _ if pods == 0 => options.detail(&format!("{} holds no pods", object.title())),
                _ => {}
            }
            Ok(())
        })?;
        if workloads.is_empty() {
            unread.conclude(())?;
            if source.is_cluster() {
                let scope = live.scope()?;
                return Err(Error::new(format_args!("there are no pods and no workloads in {scope}")).into());
            }
            return Err(workloads.none());
        }
        Ok((workloads, unread))
    }

    fn written(&self, manifests: &[Value]) -> Outcome<String> {
        let unwritten = |reason| Error::new(format_args!("policies cannot be written: {reason}"));
        if self.output == Format::Json {
            let list = json!({"apiVersion": "v1", "kind": "List", "items": manifests});
            return Ok(report::to_json(&list).map_err(unwritten)?);
        }
        let text = |value: &Value| report::to_yaml(value);
        let documents = manifests.iter().map(text).collect::<Result<Vec<_>, _>>().map_err(unwritten)?;
        Ok(documents.join("---\n"))
    }
}
