//! `suggest`: the tightest policies that admit workloads.

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use comfy_table::Cell;
use pod_security_policy::standards::Level;
use serde_json::{Value, json};

use super::{Manifests, print};
use crate::error::{Error, Outcome};
use crate::input::{self, Unread};
use crate::judge;
use crate::report;
use crate::suggest::{At, Evidence, Needs, Reason, Strictness, Whose, names};
use crate::terminal::OutputOptions;

/// Write the tightest PodSecurityPolicy that admits workloads, and say what keeps it from being tighter
///
/// Without --fill-in, the policies demand what all workloads declare, and fill nothing in: what runs goes on as it
/// does.
///
/// Exit status: 0 if all workloads are admitted, 1 if there are some that no policy admits, 2 if the input is bad.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
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
    /// The namespace of objects that name none
    #[arg(short, long, value_name = "NAME", default_value = "default")]
    namespace: String,
    /// How policies are written
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT", help_heading = "Output")]
    output: Format,
    #[command(flatten)]
    manifests: Manifests,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Per {
    /// Those of a namespace
    #[default]
    Namespace,
    /// Those that run as a service account
    ServiceAccount,
    /// All
    All,
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
        let (groups, unread) = self.gather(options)?;
        let strictness = if self.fill_in { Strictness::FilledIn } else { Strictness::Declared };
        let mut manifests = Vec::new();
        let admitted = groups.iter().filter(|(_, needs)| needs.workloads.count > 0);
        for (name, whose) in names(admitted.map(|(whose, _)| whose)) {
            let Some(needs) = groups.get(whose) else { continue };
            let suggestion = needs.suggest(strictness);
            manifests.push(suggestion.manifest(&name));
            let title = if name == whose.plain() { name } else { format!("{name}, {}", whose.title()) };
            report(&title, needs, &suggestion.reasons, options);
        }
        print(&self.written(&manifests)?)?;
        let mut unfit = false;
        for (evidence, reason) in groups.values().flat_map(|needs| &needs.unfit) {
            unfit = true;
            let Evidence { workload, path, place, .. } = evidence;
            options.warn(&format!("{place}: no policy admits {workload}: {path}: {reason}"));
        }
        unread.conclude(if unfit { ExitCode::from(1) } else { ExitCode::SUCCESS })
    }

    fn gather(&self, options: OutputOptions) -> Outcome<(BTreeMap<Whose, Needs>, Unread)> {
        let mut groups: BTreeMap<Whose, Needs> = BTreeMap::new();
        let progress = options.progress();
        let (mut objects, mut doubts) = (0, 0);
        let unread = input::read(&self.manifests.files()?, &progress, &mut |object| {
            objects += 1;
            for warning in object.warnings() {
                options.warn(&format!("{}: {}: {warning}", object.start(), object.title()));
            }
            let namespace = object.namespace.as_deref().unwrap_or(&self.namespace);
            let title = format!("{} {namespace}/{}", object.kind, object.name);
            let pods = judge::pods(&object, &object.json).map_err(|error| {
                let error = error.to_string();
                let (path, _) = judge::unreadable(&error);
                let error = object.hinted(path, &error);
                Error::at(object.place(path), format_args!("{title} cannot be read: {error}"))
            })?;
            match judge::doubt(&object).filter(|_| pods.is_empty()) {
                Some(doubt) if doubts < DOUBTS || options.verbose => {
                    doubts += 1;
                    options.warn(&doubt);
                }
                _ if pods.is_empty() => options.detail(&format!("{} holds no pods", object.title())),
                _ => {}
            }
            for (root, pod) in pods {
                let whose = self.whose(namespace, pod.service_account().unwrap_or("default"));
                let at = At { object: &object, nth: objects, title: &title, root: &root };
                groups.entry(whose).or_default().add(&pod, at);
            }
            Ok(())
        });
        if groups.is_empty() {
            unread.conclude(ExitCode::SUCCESS)?;
            let reason = match objects {
                0 => "there is no object in the input".to_owned(),
                1 => "there are no workloads in the input, which holds 1 object".to_owned(),
                _ => format!("there are no workloads in the input, which holds {objects} objects"),
            };
            return Err(Error::new(reason).help("kubectl get pods,deploy -A -o json").into());
        }
        Ok((groups, unread))
    }

    fn whose(&self, namespace: &str, account: &str) -> Whose {
        match self.per {
            Per::All => Whose::Everybody,
            Per::Namespace => Whose::Namespace(namespace.to_owned()),
            Per::ServiceAccount => {
                Whose::Account { namespace: namespace.to_owned(), name: account.to_owned() }
            }
        }
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

/// Reports what keeps a policy from being tighter, and its workloads from the next level of the standards.
fn report(name: &str, needs: &Needs, reasons: &[Reason], options: OutputOptions) {
    if options.quiet {
        return;
    }
    let mut table = report::layout::reported(&["FIELD", "NEEDED", "BY", "AT"]);
    for Reason { field, need, evidence } in reasons {
        // A terminal has no room for the path; the line is shown instead.
        let place = format!("{}:{}", evidence.place.file, evidence.place.line);
        let at = if table.width().is_some() { place } else { at(evidence) };
        table.add_row([Cell::new(field), Cell::new(need), Cell::new(by(evidence)), Cell::new(at)]);
    }
    let noun = if needs.workloads.count == 1 { "workload" } else { "workloads" };
    let style = anstyle::Style::new().bold();
    anstream::eprintln!("{style}{name}{style:#}: {} {noun}", needs.workloads.count);
    if !reasons.is_empty() {
        anstream::eprintln!("{}", table.trim_fmt());
    }
    let fails = |level| needs.failing.iter().filter(move |((at, _), _)| *at == level);
    let reached =
        [Level::Restricted, Level::Baseline].into_iter().find(|level| fails(*level).next().is_none());
    let reached = reached.unwrap_or(Level::Privileged);
    anstream::eprintln!("Pod Security Standards: {reached}");
    let next = match reached {
        Level::Restricted => return,
        Level::Baseline => Level::Restricted,
        Level::Privileged => Level::Baseline,
    };
    anstream::eprintln!("{next} is prevented by:");
    for ((_, check), (problem, evidence)) in fails(next) {
        anstream::eprintln!("  {check}: {problem}: {}, {}", by(evidence), at(evidence));
    }
    anstream::eprintln!();
}

fn by(evidence: &Evidence) -> String {
    match evidence.workloads.count {
        1 => evidence.workload.clone(),
        count => format!("{} and {} more", evidence.workload, count - 1),
    }
}

fn at(evidence: &Evidence) -> String {
    format!("{}:{} {}", evidence.place.file, evidence.place.line, evidence.path)
}
