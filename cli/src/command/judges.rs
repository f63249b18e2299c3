//! What judges, and for whom: the options that `check`, `explain` and `diff` share.

use std::path::PathBuf;

use clap::Args;
use kubectl_psp::error::Outcome;
use kubectl_psp::judge::Requester;
use kubectl_psp::policies::{self, Modules, Policies};

use super::live::{ClusterOptions, Live, Source};
use super::{GrantSources, Identity, ModuleOptions, now, stdin};
use crate::output::OutputOptions;

/// What judges, and for whom.
#[derive(Clone, Debug, Args)]
pub(crate) struct Judges {
    /// What judges: files or folders with PodSecurityPolicies, settings or (Cluster)AdmissionPolicies, or a level of
    /// the Pod Security Standards such as `restricted` or `baseline:v1.31`; without it the registrations of the cluster
    #[arg(short, long, value_name = "FILE|LEVEL")]
    policies: Vec<PathBuf>,
    #[command(flatten)]
    modules: ModuleOptions,
    #[command(flatten)]
    grants: GrantSources,
    #[command(flatten)]
    identity: Identity,
    #[command(flatten)]
    pub(super) cluster: ClusterOptions,
}

impl Judges {
    /// The cluster, which is connected to at first use.
    pub(super) fn live(&self) -> Live {
        Live::new(&self.cluster, self.identity.given_namespace())
    }

    /// The cluster, if objects come from it, or policies because no others are named.
    pub(super) fn used<'l>(&self, live: &'l Live, source: &Source, names_others: bool) -> Option<&'l Live> {
        let has_policies = !self.policies.is_empty() || names_others;
        (source.is_cluster() || !has_policies).then_some(live)
    }

    /// The requester, with the namespace of the cluster that is used, if one is.
    ///
    /// # Errors
    ///
    /// If a requester is given without grants.
    pub(super) fn requester(&self, used: Option<&Live>) -> Outcome<Requester> {
        self.identity.requester(&self.grants, used)
    }

    /// The policies; what they leave open is a warning.
    ///
    /// # Errors
    ///
    /// If one of them cannot be read.
    pub(super) fn load(
        &self,
        requester: &Requester,
        used: Option<&Live>,
        options: OutputOptions,
    ) -> Outcome<Policies> {
        let policies = self.load_from(&self.policies, requester, used)?;
        for caveat in policies.caveats() {
            options.warn(&caveat);
        }
        Ok(policies)
    }

    /// The policies in these files, without files those of the cluster.
    ///
    /// A cluster that is read anyway says who may use policies that ask RBAC.
    ///
    /// # Errors
    ///
    /// If one of them cannot be read.
    pub(super) fn load_from(
        &self,
        sources: &[PathBuf],
        requester: &Requester,
        used: Option<&Live>,
    ) -> Outcome<Policies> {
        let modules = Modules { named: self.modules.named.clone() };
        let authority = self.grants.load(&requester.namespace)?;
        let mut policies = match used.filter(|_| sources.is_empty()) {
            Some(live) => {
                let mut policies = live.cluster()?.policies(&live.selection()?, &modules)?;
                policies.authorize(authority);
                policies
            }
            None => policies::load(sources, &modules, authority, stdin)?,
        };
        if let Some(live) = used.filter(|_| self.grants.is_empty() && policies.ask_rbac()) {
            policies.authorize(live.cluster()?.authority()?);
        }
        policies.now = now();
        Ok(policies)
    }
}
