//! Where policies come from: settings, PodSecurityPolicies, registrations, or a level of the Pod Security Standards.
//!
//! ```
//! use kubectl_psp::input::Text;
//! use kubectl_psp::policies::{Modules, of_objects};
//! use kubectl_psp::rbac::Authority;
//!
//! let policy = "kind: PodSecurityPolicy\napiVersion: policy/v1beta1\nmetadata: {name: a}\nspec: {privilegd: true}\n";
//! let policy = Text::new("psp.yaml", policy.to_owned()).read_all().unwrap();
//!
//! // All errors at once, each with its line.
//! let errors = of_objects(&policy, &[], &Modules::default(), Authority::Everybody).unwrap_err();
//! assert!(errors.0.iter().all(|error| error.place.as_ref().is_some_and(|place| place.line >= 3)), "{errors:?}");
//! ```

mod files;
mod labels;
mod lint;
mod load;
mod modules;
mod webhook_match;

use pod_security_policy::admission::{Cluster, Question};
use pod_security_policy::schema::kubernetes::NEWEST;
use pod_security_policy::settings::{Authorization, Settings};
use pod_security_policy::standards::Standard;

use serde_json::Value;

use crate::input::Object;
use crate::rbac::Authority;

pub use files::load;
pub(crate) use lint::{Advice, IS_DROPPED, dropped, holds_policies, of_object as lint};
pub use load::of_objects;
pub(crate) use load::{KUBEWARDEN, Misfit, has_options, misfits, other, parse, settings_without_mutate};
pub use modules::Modules;
pub(crate) use webhook_match::{Covered, RESOURCES, WebhookMatch};

/// The policies to evaluate, and their grants.
#[derive(Debug)]
pub struct Policies {
    /// In the order of evaluation.
    pub(crate) registrations: Vec<Registration>,
    pub(crate) authority: Authority,
    /// Advice about legal but unwise settings.
    pub advice: Vec<String>,
    /// The time, in seconds since 1970 UTC: exemptions that expire do not count without it.
    pub now: Option<i64>,
    /// Registrations of other modules, each as a sentence.
    pub(crate) not_judged: Option<String>,
}

/// One policy as the cluster would run it.
#[derive(Debug)]
pub(crate) struct Registration {
    /// Its name in messages.
    pub(crate) name: String,
    /// The objects it is called for.
    pub(crate) matches: WebhookMatch,
    pub(crate) judge: Judge,
    /// The settings as the policy module receives them, in JSON; empty for a standard.
    pub(crate) document: String,
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

impl Registration {
    /// Position in the admission chain: mutating before validating, then standards, which evaluate the resulting pods.
    pub(super) fn turn(&self) -> u8 {
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

impl Cluster for Policies {
    fn may_use(&self, question: &Question<'_>) -> Result<bool, String> {
        self.authority.may_use(question)
    }

    fn now(&self) -> Result<i64, String> {
        self.now.ok_or_else(|| "there is no clock".to_owned())
    }
}

#[cfg(test)]
impl Policies {
    /// These registrations, with nothing to remark about them.
    pub(crate) fn of(registrations: Vec<Registration>, authority: Authority) -> Self {
        Policies { registrations, authority, advice: Vec::new(), now: None, not_judged: None }
    }
}

impl Policies {
    /// The name of each registration, and its settings as the policy module receives them, in JSON; empty for a level of
    /// the standards, which Pod Security admission enforces.
    pub fn documents(&self) -> Vec<(&str, &str)> {
        self.registrations.iter().map(|one| (&*one.name, &*one.document)).collect()
    }

    /// Whether who may use a policy makes a difference.
    pub fn ask_rbac(&self) -> bool {
        self.registrations.iter().any(Registration::asks)
    }

    /// Sets who may use which policy.
    pub fn authorize(&mut self, authority: Authority) {
        if let Authority::Dump(rbac) = &authority {
            self.advice.extend(lint::of_grants(&self.registrations, rbac));
        }
        self.authority = authority;
    }

    /// The oldest version of Kubernetes that settings name; the newest known if none does.
    pub(crate) fn minor(&self) -> u64 {
        let minors = self.registrations.iter().filter_map(|registration| match &registration.judge {
            Judge::Settings(settings) => Some(settings.minor),
            Judge::Standard(_) => None,
        });
        minors.min().unwrap_or(NEWEST)
    }

    /// The names of all policies.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for registration in &self.registrations {
            let Judge::Settings(settings) = &registration.judge else { continue };
            names.extend(settings.policies.iter().map(|policy| policy.name.as_ref()));
        }
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Who may use which policy.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The kinds with pod templates that settings declare: groups and kinds, each once.
    pub fn pod_templates(&self) -> Vec<(String, String)> {
        let mut kinds = Vec::new();
        for registration in &self.registrations {
            let Judge::Settings(settings) = &registration.judge else { continue };
            for known in &settings.pod_templates {
                let kind = (known.kind.group.to_string(), known.kind.kind.to_string());
                if !kinds.contains(&kind) {
                    kinds.push(kind);
                }
            }
        }
        kinds
    }

    /// Whether registrations select namespaces by labels.
    pub fn select_by_labels(&self) -> bool {
        self.registrations.iter().any(|registration| registration.matches.selects_by_labels())
    }

    /// Evaluates the selectors of namespaces, which are these.
    pub fn locate(&mut self, namespaces: &[Object]) {
        let labels: Vec<(String, Value)> = namespaces
            .iter()
            .map(|namespace| {
                let value = namespace.value();
                (namespace.name.clone(), value.pointer("/metadata/labels").cloned().unwrap_or_default())
            })
            .collect();
        for registration in &mut self.registrations {
            registration.matches.locate(&labels);
        }
    }

    /// Caveats about the verdicts.
    pub fn caveats(&self) -> Vec<String> {
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
            caveats.extend(
                registration.matches.caveat().map(|caveat| format!("{}: {caveat}", registration.name)),
            );
        }
        caveats
    }
}
