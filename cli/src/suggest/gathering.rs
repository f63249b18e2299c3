//! Workloads, and the policies suggested for them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::evidence::Evidence;
use super::names::{Whose, names};
use super::needs::{Needs, Place};
use super::report;
use super::spec::Strictness;
use crate::error::{Error, Errors, Outcome};
use crate::input::Object;
use crate::judge;
use crate::report::Look;

/// Whose workloads share a policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum Per {
    /// Those of a namespace
    #[default]
    Namespace,
    /// Those that run as a service account
    ServiceAccount,
    /// All
    All,
}

/// The workloads that are to be admitted.
#[derive(Debug)]
pub struct Workloads {
    per: Per,
    /// The namespace of objects that name none.
    namespace: String,
    groups: BTreeMap<Whose, Needs>,
    objects: usize,
}

/// A policy, and why it is not tighter.
#[derive(Clone, Debug)]
pub struct Suggestion {
    /// The policy.
    pub manifest: Value,
    /// What keeps it from being tighter, and its workloads from the next level of the Pod Security Standards.
    pub report: String,
}

impl Workloads {
    /// No workloads yet; objects that name no namespace are in this one.
    pub fn new(per: Per, namespace: &str) -> Self {
        Workloads { per, namespace: namespace.to_owned(), groups: BTreeMap::new(), objects: 0 }
    }

    /// Adds the pods of an object, and returns how many there are.
    ///
    /// # Errors
    ///
    /// If the object cannot be read.
    pub fn add(&mut self, object: &Object) -> Outcome<usize> {
        self.objects += 1;
        let namespace = object.namespace.as_deref().unwrap_or(&self.namespace);
        let title = format!("{} {namespace}/{}", object.kind, object.name);
        let pods = judge::pods(object, &object.json).map_err(|error| {
            let path = error.path();
            let problem = object.hinted(&path, &error.to_string(), error.wants_string());
            Error::at(object.place(&path), format_args!("{title} cannot be read: {problem}"))
        })?;
        for (root, pod) in &pods {
            let whose = self.per.whose(namespace, pod.service_account().unwrap_or("default"));
            let at = Place { object, nth: self.objects, title: &title, root };
            self.groups.entry(whose).or_default().add(pod, at);
        }
        Ok(pods.len())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// The error that there are none.
    pub fn none(&self) -> Errors {
        let reason = match self.objects {
            0 => "there is no object in the input".to_owned(),
            1 => "there are no workloads in the input, which holds 1 object".to_owned(),
            objects => format!("there are no workloads in the input, which holds {objects} objects"),
        };
        Error::new(reason).help("kubectl get pods,deploy -A -o json").into()
    }

    /// The tightest policies that admit them, by name.
    pub fn suggest(&self, strictness: Strictness, look: Look) -> Vec<Suggestion> {
        let admitted = self.groups.iter().filter(|(_, needs)| needs.workloads.count > 0);
        let named = names(admitted.map(|(whose, _)| whose)).into_iter();
        let suggestions = named.filter_map(|(name, whose)| {
            let needs = self.groups.get(whose)?;
            let tightest = needs.suggest(strictness);
            let manifest = tightest.manifest(&name);
            let title = if name == whose.plain() { name } else { format!("{name}, {}", whose.title()) };
            Some(Suggestion { manifest, report: report::report(&title, needs, &tightest.reasons, look) })
        });
        suggestions.collect()
    }

    /// The pods that no policy admits, and why.
    pub fn unfit(&self) -> Vec<String> {
        let unfit = self.groups.values().flat_map(|needs| &needs.unfit);
        let reported = unfit.map(|(Evidence { workload, path, place, .. }, reason)| {
            format!("{place}: no policy admits {workload}: {path}: {reason}")
        });
        reported.collect()
    }
}

impl Per {
    fn whose(self, namespace: &str, account: &str) -> Whose {
        match self {
            Per::All => Whose::Everybody,
            Per::Namespace => Whose::Namespace(namespace.to_owned()),
            Per::ServiceAccount => {
                Whose::Account { namespace: namespace.to_owned(), name: account.to_owned() }
            }
        }
    }
}
