//! Whether one identity may use one policy.

use pod_security_policy::admission::{Cluster as _, Question};

use super::{Authority, MASTERS, Rbac};
use crate::error::{Error, Outcome};

impl Authority {
    /// `None` if the user may not use the policy for pods of the namespace; else where that is granted, if it is known.
    ///
    /// # Errors
    ///
    /// If the cluster cannot be asked.
    pub fn can_use(
        &self,
        policy: &str,
        user: &str,
        groups: &[String],
        namespace: &str,
    ) -> Outcome<Option<Vec<String>>> {
        let mut origins: Option<Vec<String>> = None;
        // PodSecurityPolicies were served by both groups, and grants in either count.
        for api_group in ["policy", "extensions"] {
            let groups = groups.iter().map(|group| group.as_str().into()).collect();
            let question = Question { user: user.into(), groups, api_group, policy, namespace };
            let granted = self
                .may_use(&question)
                .map_err(|reason| Error::new(format_args!("cannot determine it: {reason}")))?;
            if !granted {
                continue;
            }
            let known = origins.get_or_insert_default();
            if let Authority::Dump(rbac) = self {
                known.extend(
                    rbac.origins(&question)
                        .into_iter()
                        .filter(|origin| !known.contains(origin))
                        .collect::<Vec<_>>(),
                );
            }
        }
        Ok(origins)
    }
}

impl Rbac {
    fn origins(&self, question: &Question<'_>) -> Vec<String> {
        if question.groups.iter().any(|group| group == MASTERS) {
            return vec![format!("group {MASTERS}, which may use everything")];
        }
        let granting = self.of_policy(question.policy).filter(|grant| grant.answers(question));
        let mut origins: Vec<String> = Vec::new();
        for grant in granting {
            let origin = format!("{}: {}", grant.origin(), grant.subject);
            if !origins.contains(&origin) {
                origins.push(origin);
            }
        }
        origins
    }
}
