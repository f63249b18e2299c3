//! `can-use`: whether an identity may use a policy.

use std::process::ExitCode;

use clap::Args;
use kubectl_psp::error::Outcome;
use kubectl_psp::judge::Requester;

use super::live::{ClusterOptions, Live};
use super::{GrantSources, Identity};
use crate::output::{OutputOptions, print};

/// Say whether a user or a service account may use a policy, and which bindings grant it
///
/// Without --as it is the user of the kubeconfig. Exit status: 0 for yes, 1 for no, 2 if it cannot be determined.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubectl psp can-use restricted -n shop
  kubectl psp can-use privileged --as system:serviceaccount:shop:web -n shop
  kubectl psp can-use baseline --as alice --as-group developers --rbac rbac.json")]
pub(crate) struct CanUse {
    /// The name of the policy
    policy: String,
    #[command(flatten)]
    grants: GrantSources,
    #[command(flatten)]
    identity: Identity,
    #[command(flatten)]
    cluster: ClusterOptions,
}

impl CanUse {
    pub(crate) fn execute(&self, options: OutputOptions) -> Outcome<ExitCode> {
        let live = Live::new(&self.cluster, self.identity.given_namespace());
        let needs_cluster = self.grants.is_empty() || !self.identity.names_a_user();
        let used = needs_cluster.then_some(&live);
        let mut requester = self.identity.requester(&self.grants, used)?;
        if requester.user.is_empty() {
            let (user, groups) = live.cluster()?.whoami()?;
            requester = Requester { user, groups, ..requester };
        }
        let authority = match self.grants.is_empty() {
            true => live.cluster()?.authority()?,
            false => self.grants.load(&requester.namespace)?,
        };
        if let Some(gaps) = authority.gaps() {
            options.warn(&gaps);
        }
        let Requester { user, groups, namespace } = &requester;
        let answer = authority.can_use(&self.policy, user, groups, namespace)?;
        let Some(origins) = answer else {
            print(&format!("no: {user} may not use {} for pods in {namespace}\n", self.policy))?;
            return Ok(ExitCode::from(1));
        };
        print(&format!("yes: {user} may use {} for pods in {namespace}\n", self.policy))?;
        for origin in origins {
            print(&format!("  {origin}\n"))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
