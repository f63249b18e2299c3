//! The cluster that a command reads, connected to at first use.

use std::cell::OnceCell;
use std::path::PathBuf;

use clap::Args;
use kubectl_psp::cluster::{Access, Cluster, Kinds, Selection};
use kubectl_psp::error::Outcome;
use kubectl_psp::input::{self, Sources, Take, Unread, Watch};

/// Which cluster is read, and what of it. Each of these options says that one is.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ClusterOptions {
    /// The kubeconfig; by default that of KUBECONFIG, else ~/.kube/config
    #[arg(long, value_name = "FILE", help_heading = "Cluster")]
    kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig
    #[arg(long, value_name = "NAME", help_heading = "Cluster")]
    context: Option<String>,
    /// Read the objects of all namespaces
    #[arg(short = 'A', long, help_heading = "Cluster")]
    all_namespaces: bool,
    /// Read only objects with these labels, such as `app=web,tier!=cache`
    #[arg(short = 'l', long, value_name = "LABELS", help_heading = "Cluster")]
    selector: Option<String>,
}

impl ClusterOptions {
    /// Whether one of them is given.
    pub(super) fn is_given(&self) -> bool {
        self.kubeconfig.is_some() || self.context.is_some() || self.all_namespaces || self.selector.is_some()
    }
}

/// A cluster, once it is needed.
pub(crate) struct Live {
    options: ClusterOptions,
    namespace: Option<String>,
    cluster: OnceCell<Cluster>,
}

impl Live {
    pub(crate) fn new(options: &ClusterOptions, namespace: Option<&str>) -> Self {
        let namespace = namespace.map(str::to_owned);
        Live { options: options.clone(), namespace, cluster: OnceCell::new() }
    }

    /// The connection.
    ///
    /// # Errors
    ///
    /// If no cluster is named.
    pub(crate) fn cluster(&self) -> Outcome<&Cluster> {
        if let Some(known) = self.cluster.get() {
            return Ok(known);
        }
        let ClusterOptions { kubeconfig, context, .. } = &self.options;
        let cluster = Cluster::connect(&Access { kubeconfig: kubeconfig.clone(), context: context.clone() })?;
        Ok(self.cluster.get_or_init(|| cluster))
    }

    /// The namespace that is meant, that of the context if none is named.
    ///
    /// # Errors
    ///
    /// If no cluster is named.
    pub(crate) fn namespace(&self) -> Outcome<String> {
        match &self.namespace {
            Some(namespace) => Ok(namespace.clone()),
            None => Ok(self.cluster()?.default_namespace().to_owned()),
        }
    }

    /// The objects that are meant.
    ///
    /// # Errors
    ///
    /// If no cluster is named.
    pub(crate) fn selection(&self) -> Outcome<Selection> {
        let namespace = if self.options.all_namespaces { None } else { Some(self.namespace()?) };
        Ok(Selection { namespace, labels: self.options.selector.clone() })
    }

    /// What was read, for messages: `namespace shop`
    pub(crate) fn scope(&self) -> Outcome<String> {
        let Selection { namespace, labels } = self.selection()?;
        let place = namespace.map_or("the cluster".to_owned(), |name| format!("namespace {name}"));
        Ok(labels.map_or(place.clone(), |labels| format!("{place} with labels {labels}")))
    }
}

/// Where objects come from.
pub(crate) enum Source {
    Files(Sources),
    Cluster,
}

impl Source {
    pub(crate) fn is_cluster(&self) -> bool {
        matches!(self, Source::Cluster)
    }

    /// Calls `take` for every object.
    ///
    /// # Errors
    ///
    /// If no cluster is named.
    pub(crate) fn read(
        &self,
        live: &Live,
        kinds: Kinds<'_>,
        watch: &dyn Watch,
        take: Take<'_>,
    ) -> Outcome<Unread> {
        Ok(match self {
            Source::Files(sources) => input::read(sources, watch, take),
            Source::Cluster => live.cluster()?.read(kinds, &live.selection()?, watch, take),
        })
    }
}
