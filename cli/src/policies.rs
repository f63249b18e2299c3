//! Where policies come from: settings, PodSecurityPolicies, registrations, or a level of the Pod Security Standards.

mod load;

use std::path::PathBuf;

use clap::Args;
use pod_security_policy::settings::{Authorization, Settings};
use pod_security_policy::standards::Standard;

use crate::error::Outcome;
use crate::input::{self, Object};
use crate::rbac::{Authority, Rbac};
use crate::reach::Reach;

#[cfg(test)]
pub(crate) use load::parse;
pub(crate) use load::{Misfit, load, misfits};

/// The policies to evaluate, and their grants.
#[derive(Debug)]
pub(crate) struct Policies {
    /// In the order of evaluation.
    pub(crate) registrations: Vec<Registration>,
    pub(crate) authority: Authority,
    /// Advice about legal but unwise settings.
    pub(crate) advice: Vec<String>,
    /// Registrations of other modules, each as a sentence.
    pub(crate) not_judged: Option<String>,
}

/// Policies as given on the command line.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Modules {
    /// A module that registrations of this policy name, if its repository is not called `pod-security-policy`;
    /// registrations of other modules are skipped
    #[arg(id = "modules", long = "module", value_name = "URL")]
    named: Vec<String>,
}

impl Modules {
    /// Whether a registration is for this policy, from any registry and in any version.
    fn are_ours(&self, registration: &Object) -> bool {
        let value = registration.value();
        let Some(module) = value.pointer("/spec/module").and_then(serde_json::Value::as_str) else {
            return true;
        };
        let repository = repository(module);
        repository.ends_with("pod-security-policy")
            || self.named.iter().any(|named| named == module || self::repository(named) == repository)
    }
}

/// The repository of a module: `ghcr.io/example/policy` of `registry://ghcr.io/example/policy:v1@sha256:…`
fn repository(module: &str) -> &str {
    let bare = module.split_once("://").map_or(module, |(_, rest)| rest);
    let bare = bare.split_once('@').map_or(bare, |(name, _)| name);
    let slash = bare.rfind('/').map_or(0, |at| at + 1);
    // A colon before the last slash separates a port.
    let colon = bare.get(slash..).and_then(|last| last.find(':'));
    let bare = colon.map_or(bare, |at| bare.get(..slash + at).unwrap_or(bare));
    bare.strip_suffix(".wasm").unwrap_or(bare)
}

/// One policy as the cluster would run it.
#[derive(Debug)]
pub(crate) struct Registration {
    /// Its name in messages.
    pub(crate) name: String,
    /// The objects it is called for.
    pub(crate) reach: Reach,
    pub(crate) judge: Judge,
}

/// The evaluator.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there are as many as there are registrations")]
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
    /// The grants. Roles and bindings without a namespace belong to the given one.
    ///
    /// # Errors
    ///
    /// If the dump cannot be read.
    pub(crate) fn load(&self, namespace: &str) -> Outcome<Authority> {
        if self.rbac.is_empty() {
            return Ok(Authority::Everybody);
        }
        Ok(Authority::Dump(Rbac::of(&input::read_all(&self.rbac)?, namespace)?))
    }
}

impl Registration {
    /// Position in the admission chain: mutating before validating, then standards, which evaluate the resulting pods.
    fn turn(&self) -> u8 {
        match &self.judge {
            Judge::Settings(settings) if settings.mutate => 0,
            Judge::Settings(_) => 1,
            Judge::Standard(_) => 2,
        }
    }

    /// Whether it depends on grants.
    pub(crate) fn asks(&self) -> bool {
        matches!(&self.judge, Judge::Settings(settings) if settings.authorization == Authorization::Rbac)
    }
}

impl Policies {
    /// Caveats about the verdicts.
    pub(crate) fn caveats(&self) -> Vec<String> {
        let mut caveats: Vec<String> = self.not_judged.iter().cloned().collect();
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
                    "--rbac has no effect: with these policies every requester may use every policy"
                        .to_owned(),
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

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case::released("registry://ghcr.io/example/pod-security-policy:v1.2.3", true)]
    #[case::mirrored("registry://localhost:5000/mirror/pod-security-policy", true)]
    #[case::by_digest("registry://r.example/pod-security-policy@sha256:abc", true)]
    #[case::by_both("ghcr.io/example/pod-security-policy:v1@sha256:abc", true)]
    #[case::a_file("file:///policies/pod-security-policy.wasm", true)]
    #[case::of_another("registry://ghcr.io/kubewarden/policies/capabilities-psp:v1", false)]
    #[case::a_folder_of_that_name("registry://r.example/pod-security-policy/other:v1", false)]
    #[case::named("registry://r.example:5000/team/psp:v7", true)]
    fn a_module_is_known_by_its_repository(#[case] module: &str, #[case] expected: bool) {
        let modules = Modules { named: vec!["registry://r.example:5000/team/psp:v1".to_owned()] };
        let registration =
            Object::of_value(&json!({"kind": "ClusterAdmissionPolicy", "spec": {"module": module}}));
        assert_eq!(modules.are_ours(&registration), expected);
    }
}
