//! `explain`: why one pod is admitted or not, policy by policy.

mod closing;
mod evaluation;
mod registration;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::rc::Rc;

use anstyle::Style;
use clap::Args;

use super::target::Target;
use super::{Identity, Manifests, print};
use crate::error::{Error, Outcome};
use crate::input::{self, Object, Text, Unread};
use crate::judge::{self, AdmissionChain, Asked, Requester, Verdict};
use crate::policies::{self, GrantSources, Modules, Policies};
use crate::remedy::Search;
use crate::report::table;
use crate::terminal::OutputOptions;

/// Explain what each policy says of a pod, which one admits it and why, and what would have to change
///
/// Exit status: 0 if the pod is admitted, 1 if it is rejected, 2 if the input is bad.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubectl psp explain -p policies.yaml pod.yaml
  kubectl get pod web -o yaml | kubectl psp explain -p psp/ --rbac rbac.json
  helm template . | kubectl psp explain -p restricted deploy/web
  kubectl psp explain -p psp.yaml -f manifests/ ds/monitoring/agent")]
pub(crate) struct Explain {
    /// What judges: files or folders with PodSecurityPolicies, settings or (Cluster)AdmissionPolicies, or a level of
    /// the Pod Security Standards such as `restricted` or `baseline:v1.31`
    #[arg(short, long, value_name = "FILE|LEVEL", required = true)]
    policies: Vec<PathBuf>,
    #[command(flatten)]
    modules: Modules,
    #[command(flatten)]
    grants: GrantSources,
    #[command(flatten)]
    identity: Identity,
    /// Which object to explain, if there are several: `KIND/NAME` or `KIND/NAMESPACE/NAME`, with the short names of
    /// kubectl; `deploy/web` among the files means the same
    #[arg(long, value_name = "KIND/NAME")]
    object: Option<String>,
    #[command(flatten)]
    manifests: Manifests,
}

impl Explain {
    pub(crate) fn execute(mut self, options: OutputOptions) -> Outcome<ExitCode> {
        let targets = self.manifests.take_targets();
        let mut wanted = self.object.iter().chain(&targets).cloned();
        self.object = match (wanted.next(), wanted.next()) {
            (Some(_), Some(other)) => {
                let error =
                    Error::new(format_args!("one object can be explained, and {other} is another one"));
                return Err(error.into());
            }
            (wanted, _) => wanted,
        };
        let requester = self.identity.requester(&self.grants)?;
        let policies =
            policies::load(&self.policies, &self.modules, self.grants.load(self.identity.namespace())?)?;
        for caveat in policies.caveats() {
            options.warn(&caveat);
        }
        let (picked, unread) = self.pick(&policies, &requester, options)?;
        let object = &picked.object;
        let judged = judge::judge(&policies, object, &requester);
        let mut text = Told(String::new());
        text.line(format_args!("{BOLD}{}{BOLD:#} ({}:{})", judged.title(), judged.file, judged.line));
        let style = table::style(judged.verdict);
        text.line(format_args!("Verdict: {style}{}{style:#}", judged.verdict.name()));
        for warning in &judged.warnings {
            text.line(format_args!("  {warning}"));
        }
        let mut rules: Vec<String> = Vec::new();
        let mut remedies = Vec::new();
        let mut said = Vec::new();
        for registration in &policies.registrations {
            let asked = AdmissionChain::new(&policies, object, &requester, &object.json).asks(registration);
            if asked == Asked::Nothing {
                text.line(format_args!("\n{}: not asked about such objects", registration.name));
                continue;
            }
            let before = text.0.len();
            let (more, remedy) = text.registration(registration, object, &requester, &policies)?;
            text.once(before, &registration.name, &mut said);
            rules.extend(more);
            remedies.extend(remedy.map(|remedy| (registration, remedy)));
        }
        if judged.verdict == Verdict::Rejected {
            text.guidance(&rules);
        }
        // The halves of a pair are satisfied by the same change.
        remedies.dedup_by(|(_, (_, later)), (_, (_, earlier))| match (later, earlier) {
            (Search::Found(later), Search::Found(earlier)) => later.steps == earlier.steps,
            (Search::Stuck(later), Search::Stuck(earlier)) => later == earlier,
            _ => false,
        });
        for (registration, (policy, search)) in remedies {
            match search {
                Search::Found(remedy) => text.remedy(registration, &policy, &remedy, &picked),
                Search::Stuck(objection) => text.stuck(registration, &policy, &objection),
            }
        }
        print(&text.0)?;
        let is_rejected = judged.verdict == Verdict::Rejected;
        unread.conclude(if is_rejected { ExitCode::from(1) } else { ExitCode::SUCCESS })
    }

    /// The object to explain.
    fn pick(
        &self,
        policies: &Policies,
        requester: &Requester,
        options: OutputOptions,
    ) -> Outcome<(Picked, Unread)> {
        let mut found = Found::default();
        let progress = options.progress();
        let (texts, mut unread) = input::texts(&self.manifests.files()?);
        for text in texts {
            let text = Rc::new(text);
            let mut nth = 0;
            unread.append(text.read(&progress, &mut |object| {
                found.objects += 1;
                if judge::is_judged(&object, policies) {
                    found.take(
                        Picked { object, text: Rc::clone(&text), nth },
                        requester,
                        self.object.as_deref(),
                    );
                } else if let Some(doubt) = judge::doubt(&object) {
                    found.doubt(&doubt, options);
                }
                nth += 1;
                Ok(())
            }));
        }
        match found.only(self.object.as_deref()) {
            Ok(picked) => Ok((picked, unread)),
            Err(nothing) => unread.conclude(ExitCode::SUCCESS).and(Err(nothing)),
        }
    }
}

/// An object, and its position.
struct Picked {
    object: Object,
    text: Rc<Text>,
    nth: usize,
}

/// How many skipped objects are named.
const DOUBTS: usize = 10;

/// The candidates. Of a dump, one object is kept.
#[derive(Default)]
struct Found {
    objects: usize,
    doubts: usize,
    fitting: usize,
    first: Option<Picked>,
    /// Objects in the form that `--object` takes.
    names: Vec<String>,
}

impl Found {
    /// Warns of the first objects that may carry pods and are not evaluated.
    fn doubt(&mut self, doubt: &str, options: OutputOptions) {
        self.doubts += 1;
        if self.doubts <= DOUBTS {
            options.warn(doubt);
        }
    }

    fn take(&mut self, picked: Picked, requester: &Requester, wanted: Option<&str>) {
        let Object { kind, name, .. } = &picked.object;
        let namespace = requester.namespace_of(&picked.object);
        let spaced = format!("{kind}/{namespace}/{name}");
        let fits =
            |wanted: &str| Target::parse(wanted).is_some_and(|target| target.is(&picked.object, namespace));
        if wanted.is_none_or(fits) {
            self.fitting += 1;
            self.first.get_or_insert(picked);
        }
        match self.names.len() {
            0..NAMED => self.names.push(spaced),
            NAMED => self.names.push("…".to_owned()),
            _ => {}
        }
    }

    fn only(self, wanted: Option<&str>) -> Outcome<Picked> {
        let names = self.names.join(", ");
        let error = match (self.first, self.fitting, wanted) {
            (Some(only), 1, _) => return Ok(only),
            _ if self.objects == 0 => {
                Error::new("there is no object in the input").help("did the command before the pipe fail?")
            }
            (_, 0, Some(wanted)) if !names.is_empty() => {
                Error::new(format_args!("the input holds no {wanted}")).help(format_args!("it holds {names}"))
            }
            (_, 0, _) => Error::new("the input holds nothing that these policies judge"),
            (_, count, Some(wanted)) => Error::new(format_args!(
                "the input holds {count} objects called {wanted}, and one can be explained"
            ))
            .help("name the namespace, too: --object KIND/NAMESPACE/NAME"),
            (_, count, None) => {
                Error::new(format_args!("the input holds {count} workloads, and one can be explained"))
                    .help(format_args!("name it with --object: {names}"))
            }
        };
        Err(error.into())
    }
}

/// At most so many objects are named.
const NAMED: usize = 10;

const BOLD: Style = Style::new().bold();

/// The text to print.
struct Told(String);

impl Told {
    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.0, "{line}");
    }

    /// Adds the report of a registration, unless another one was equal: the halves of a pair often are.
    fn once(&mut self, start: usize, name: &str, said: &mut Vec<String>) {
        let text = self.0.split_off(start);
        let own = text.replace(name, "");
        if said.contains(&own) {
            self.line(format_args!("\n{BOLD}{name}{BOLD:#}: says the same"));
        } else {
            self.0.push_str(&text);
            said.push(own);
        }
    }
}
