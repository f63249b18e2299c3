//! Where policies come from: settings, PodSecurityPolicies, registrations, or a level of the Pod Security Standards.

mod load;

use std::path::PathBuf;

use clap::Args;
use pod_security_policy::settings::{Authorization, Settings};
use pod_security_policy::standards::Standard;

use crate::error::Outcome;
use crate::input;
use crate::rbac::{Authority, Rbac};
use crate::reach::Reach;

#[cfg(test)]
pub(crate) use load::parse;
pub(crate) use load::{check_manifests, load};

/// What judges, and who may use it.
#[derive(Debug)]
pub(crate) struct Policies {
    /// In the order in which they are asked.
    pub(crate) registrations: Vec<Registration>,
    pub(crate) authority: Authority,
    /// What is legal and unwise.
    pub(crate) advice: Vec<String>,
}

/// One policy as the cluster would run it.
#[derive(Debug)]
pub(crate) struct Registration {
    /// What to call it in messages.
    pub(crate) name: String,
    /// Which objects it is asked about.
    pub(crate) reach: Reach,
    pub(crate) judge: Judge,
}

/// Who judges.
#[derive(Debug)]
pub(crate) enum Judge {
    /// The policy with these settings. They live as long as the program does.
    Settings(Settings<'static>),
    /// Pod Security admission at a level.
    Standard(Standard),
}

/// Where grants come from.
#[derive(Clone, Debug, Args)]
pub(crate) struct GrantSources {
    /// A dump of roles and bindings, which says who may use which policy; without it everybody may use all
    #[arg(long, value_name = "FILE", help_heading = "Authorization")]
    pub(crate) rbac: Vec<PathBuf>,
}

impl GrantSources {
    /// Who may use what.
    ///
    /// # Errors
    ///
    /// If the dump cannot be read.
    pub(crate) fn load(&self) -> Outcome<Authority> {
        if self.rbac.is_empty() {
            return Ok(Authority::Everybody);
        }
        Ok(Authority::Dump(Rbac::of(&input::read_all(&self.rbac)?)?))
    }
}

impl Registration {
    /// When it is asked: what fills in comes before what judges, and a standard judges the pods that come of both.
    fn turn(&self) -> u8 {
        match &self.judge {
            Judge::Settings(settings) if settings.mutate => 0,
            Judge::Settings(_) => 1,
            Judge::Standard(_) => 2,
        }
    }

    /// Whether it asks who may use which policy.
    pub(crate) fn asks(&self) -> bool {
        matches!(&self.judge, Judge::Settings(settings) if settings.authorization == Authorization::Rbac)
    }
}

impl Policies {
    /// What people should know before they rely on the verdicts.
    pub(crate) fn caveats(&self) -> Vec<String> {
        let mut caveats = Vec::new();
        if matches!(self.authority, Authority::Everybody) && self.registrations.iter().any(Registration::asks)
        {
            caveats.push(
                "the policies ask RBAC who may use them; without --rbac, everybody counts as granted"
                    .to_owned(),
            );
        }
        if let Authority::Dump(rbac) = &self.authority {
            if self.registrations.iter().any(Registration::asks) {
                caveats.extend(rbac.gaps());
            } else {
                caveats.push(
                    "nobody asks what --rbac names: with these policies everybody may use all".to_owned(),
                );
            }
        }
        for registration in &self.registrations {
            caveats
                .extend(registration.reach.caveat().map(|caveat| format!("{}: {caveat}", registration.name)));
        }
        caveats
    }
}
