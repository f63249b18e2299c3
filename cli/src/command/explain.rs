//! `explain`: why one pod is admitted or not, policy by policy.

use std::process::ExitCode;
use std::rc::Rc;

use clap::Args;
use kubectl_psp::error::{Error, Outcome};
use kubectl_psp::explain::{Subject, explain};
use kubectl_psp::input::{self, Object, Sources, Unread};
use kubectl_psp::judge::{self, Requester, Verdict};
use kubectl_psp::policies::Policies;
use kubectl_psp::target::Target;

use super::Manifests;
use super::judges::Judges;
use super::live::{Live, Source};
use crate::output::{self, OutputOptions, print};

/// Explain what each policy says of a pod, which one admits it and why, and what would have to change
///
/// Exit status: 0 if the pod is admitted, 1 if it is rejected, 2 if the input is bad.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubectl psp explain pod/web -n shop
  kubectl psp explain -p policies.yaml pod.yaml
  kubectl get pod web -o yaml | kubectl psp explain -p psp/ --rbac rbac.json
  helm template . | kubectl psp explain -p restricted deploy/web
  kubectl psp explain -p psp.yaml -f manifests/ ds/monitoring/agent")]
pub(crate) struct Explain {
    #[command(flatten)]
    judges: Judges,
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
        let live = self.judges.live();
        // A target alone names an object of the cluster, unless something is piped in.
        let source = self.manifests.source(&self.judges.cluster)?;
        let used = self.judges.used(&live, &source, false);
        let requester = self.judges.requester(used)?;
        let policies = self.judges.load(&requester, used, options)?;
        let (subject, unread) = match source {
            Source::Files(sources) => self.pick(&sources, &policies, &requester, options)?,
            Source::Cluster => (self.fetch(&live, &policies, &requester)?, Unread::default()),
        };
        let explanation = explain(&subject, &policies, &requester, output::of_results())?;
        let mut text = explanation.text;
        for remedy in explanation.remedies {
            text.push_str(&remedy.text);
            text.extend(remedy.patch.map(|patch| output::from_here(&patch)));
        }
        print(&text)?;
        let is_rejected = explanation.verdict == Verdict::Rejected;
        unread.conclude(if is_rejected { ExitCode::from(1) } else { ExitCode::SUCCESS })
    }

    /// The object of the cluster.
    fn fetch(&self, live: &Live, policies: &Policies, requester: &Requester) -> Outcome<Subject> {
        let wanted = self.object.as_deref().and_then(Target::parse);
        let Some(target) = wanted else {
            let error = Error::new("no object is named, and nothing comes through standard input");
            return Err(error.help("kubectl psp explain pod/web -n shop, or a file with the object").into());
        };
        let text = Rc::new(live.cluster()?.get(&target, policies, &requester.namespace)?);
        let object = text.read_all()?.pop().ok_or_else(|| Error::new(format_args!("{target} is empty")))?;
        Ok(Subject { object, text, nth: 0 })
    }

    /// The object to explain.
    fn pick(
        &self,
        sources: &Sources,
        policies: &Policies,
        requester: &Requester,
        options: OutputOptions,
    ) -> Outcome<(Subject, Unread)> {
        let mut found = Found::default();
        let progress = options.progress();
        let (texts, mut unread) = input::texts(sources);
        for text in texts {
            let text = Rc::new(text);
            let mut nth = 0;
            unread.append(text.read(&progress, &mut |object| {
                found.objects += 1;
                if judge::is_judged(&object, policies) {
                    found.take(
                        Subject { object, text: Rc::clone(&text), nth },
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
            Ok(subject) => Ok((subject, unread)),
            Err(nothing) => unread.conclude(()).and(Err(nothing)),
        }
    }
}

/// How many skipped objects are named.
const DOUBTS: usize = 10;

/// The candidates. Of a dump, one object is kept.
#[derive(Default)]
struct Found {
    objects: usize,
    doubts: usize,
    fitting: usize,
    first: Option<Subject>,
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

    fn take(&mut self, subject: Subject, requester: &Requester, wanted: Option<&str>) {
        let Object { kind, name, .. } = &subject.object;
        let namespace = requester.namespace_of(&subject.object);
        let spaced = format!("{kind}/{namespace}/{name}");
        let fits =
            |wanted: &str| Target::parse(wanted).is_some_and(|target| target.is(&subject.object, namespace));
        if wanted.is_none_or(fits) {
            self.fitting += 1;
            self.first.get_or_insert(subject);
        }
        match self.names.len() {
            0..NAMED => self.names.push(spaced),
            NAMED => self.names.push("…".to_owned()),
            _ => {}
        }
    }

    fn only(self, wanted: Option<&str>) -> Outcome<Subject> {
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
