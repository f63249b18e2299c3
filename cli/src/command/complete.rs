//! `complete`: what may follow on a command line, as kubectl asks its plugins. Names come from the cluster.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Command};
use kubectl_psp::cluster::{self, Access, Cluster, Selection};
use kubectl_psp::error::Outcome;
use kubectl_psp::policies::Modules;
use kubectl_psp::target::Target;

use crate::output::print;

/// Answer what may follow on a command line
#[derive(Debug, Args)]
pub(crate) struct Complete {
    /// The words after `kubectl psp`; the last one is to be completed
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

/// What a shell does with the answers, in the numbers of kubectl's library.
enum Directive {
    /// Completes files where nothing fits.
    Files = 0,
    /// Puts no space after the answer.
    NoSpace = 6,
    /// Offers nothing else.
    Names = 4,
}

/// Kinds that `explain` takes, in kubectl's short notation.
const KINDS: [&str; 9] = ["pod/", "deploy/", "sts/", "ds/", "rs/", "job/", "cj/", "rc/", "podtemplate/"];

impl Complete {
    pub(crate) fn execute(&self, command: &Command) -> Outcome<ExitCode> {
        let (answers, directive) = self.answers(command);
        let current = self.words.last().map(String::as_str).unwrap_or_default();
        let fitting = answers.into_iter().filter(|answer| answer.starts_with(current));
        let lines: String = fitting.map(|answer| answer + "\n").collect();
        print(&format!("{lines}:{}\n", directive as u8))?;
        Ok(ExitCode::SUCCESS)
    }

    fn answers(&self, command: &Command) -> (Vec<String>, Directive) {
        let mut words = self.words.iter().map(String::as_str);
        let current = words.next_back().unwrap_or_default();
        let before: Vec<&str> = words.collect();
        let is_value_of = |options: &[&str]| before.last().is_some_and(|word| options.contains(word));
        if is_value_of(&["-n", "--namespace"]) {
            return (
                self.cluster().map(|cluster| cluster.namespaces()).unwrap_or_default(),
                Directive::Names,
            );
        }
        if is_value_of(&["--context"]) {
            return (cluster::contexts(&self.access()), Directive::Names);
        }
        let subcommand = before.iter().find_map(|word| command.find_subcommand(word));
        let Some(subcommand) = subcommand else {
            let known = command.get_subcommands().filter(|known| !known.is_hide_set());
            return (known.map(|known| known.get_name().to_owned()).collect(), Directive::Names);
        };
        if current.starts_with('-') {
            let options = subcommand.get_arguments().chain(command.get_arguments());
            let long = options.filter_map(clap::Arg::get_long).map(|name| format!("--{name}"));
            return (long.collect(), Directive::Names);
        }
        match subcommand.get_name() {
            "can-use" => (self.policies().unwrap_or_default(), Directive::Names),
            "explain" => match current.split_once('/') {
                Some((kind, _)) => (self.objects(kind).unwrap_or_default(), Directive::Names),
                None => (KINDS.map(str::to_owned).into(), Directive::NoSpace),
            },
            _ => (Vec::new(), Directive::Files),
        }
    }

    /// The value of an option among the words.
    fn value(&self, options: &[&str]) -> Option<String> {
        let at = self.words.iter().position(|word| options.contains(&word.as_str()))?;
        self.words.get(at + 1).cloned()
    }

    fn access(&self) -> Access {
        let kubeconfig = self.value(&["--kubeconfig"]).map(PathBuf::from);
        Access { kubeconfig, context: self.value(&["--context"]) }
    }

    fn cluster(&self) -> Option<Cluster> {
        Cluster::connect(&self.access()).ok()
    }

    fn namespace(&self, cluster: &Cluster) -> String {
        self.value(&["-n", "--namespace"]).unwrap_or_else(|| cluster.default_namespace().to_owned())
    }

    /// The names of the registered policies.
    fn policies(&self) -> Option<Vec<String>> {
        let cluster = self.cluster()?;
        let selection = Selection { namespace: Some(self.namespace(&cluster)), labels: None };
        let policies = cluster.policies(&selection, &Modules::default()).ok()?;
        Some(policies.names().into_iter().map(str::to_owned).collect())
    }

    /// `pod/web` for each object of a kind.
    fn objects(&self, kind: &str) -> Option<Vec<String>> {
        let cluster = self.cluster()?;
        let target = Target::parse(&format!("{kind}/any"))?;
        let names = cluster.objects(&target, &self.namespace(&cluster));
        Some(names.into_iter().map(|name| format!("{kind}/{name}")).collect())
    }
}
