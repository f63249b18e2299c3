//! What the policy must ask the cluster.

use crate::json::{Quoted, Text};
use crate::pod::controllers::{CONTROLLER_MANAGER, Controllers};
use crate::request::Request;

/// Information that is neither in the request nor in the settings, from the cluster.
pub trait Cluster {
    /// Whether a user or service account may `use` a PodSecurityPolicy.
    ///
    /// # Errors
    ///
    /// If the cluster cannot be asked, in words that fit behind `because`.
    fn may_use(&self, question: &Question<'_>) -> Result<bool, String>;

    /// The time, in seconds since 1970 UTC. Asked only for exemptions that expire.
    ///
    /// # Errors
    ///
    /// If there is no clock, in words that fit behind `because`. Such exemptions do not count then.
    fn now(&self) -> Result<i64, String> {
        Err("there is no clock".to_owned())
    }
}

/// One `SubjectAccessReview`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question<'q> {
    /// The user, or the service account in its long form.
    pub user: Text<'q>,
    /// The groups that count for the user.
    pub groups: Vec<Text<'q>>,
    /// `policy` or `extensions`: the API has been served by both.
    pub api_group: &'static str,
    /// The name of the policy.
    pub policy: &'q str,
    /// The namespace in which the pod is to run: a binding there is enough.
    pub namespace: &'q str,
}

/// A user or service account that may be allowed to use a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity<'a> {
    /// The user name.
    pub user: Text<'a>,
    /// The groups.
    pub groups: Vec<Text<'a>>,
}

impl<'a> Identity<'a> {
    /// A service account. `system:authenticated` is not one of its groups here, as in `UserInfo` of pkg/serviceaccount,
    /// which PodSecurityPolicy used.
    pub fn service_account(namespace: &str, name: &str) -> Self {
        Identity {
            user: format!("system:serviceaccount:{namespace}:{name}").into(),
            groups: vec![
                "system:serviceaccounts".into(),
                format!("system:serviceaccounts:{namespace}").into(),
            ],
        }
    }

    /// The requesting user; none if the request is from the audit scanner.
    pub fn requesting_user(request: &Request<'a>) -> Option<Self> {
        let user = &request.user;
        let named = !user.username.is_empty();
        named.then(|| Identity { user: user.username.clone(), groups: user.groups.clone() })
    }

    /// The accounts of the controllers that create pods, with all of their groups; none if they are not known.
    pub fn controllers(controllers: Controllers) -> Vec<Identity<'static>> {
        let Controllers::BuiltIn(account) = controllers else { return Vec::new() };
        let mut account = Identity::service_account("kube-system", account);
        account.groups.push("system:authenticated".into());
        let manager =
            Identity { user: CONTROLLER_MANAGER.into(), groups: vec!["system:authenticated".into()] };
        vec![account, manager]
    }
}

/// Which policies may be used, each asked at most once.
pub(crate) struct Grants<'g> {
    cluster: &'g dyn Cluster,
    namespace: &'g str,
    /// `None` where every policy may be used.
    identities: Option<Vec<Identity<'g>>>,
    known: Vec<(String, bool)>,
}

impl<'g> Grants<'g> {
    pub(crate) fn new(cluster: &'g dyn Cluster, namespace: &'g str, identities: Vec<Identity<'g>>) -> Self {
        Grants { cluster, namespace, identities: Some(identities), known: Vec::new() }
    }

    /// Without authorization, the cluster is not asked.
    pub(crate) fn to_everybody(cluster: &'g dyn Cluster) -> Self {
        Grants { cluster, namespace: "", identities: None, known: Vec::new() }
    }

    /// Whether any of the identities may use the policy.
    pub(crate) fn allow(&mut self, policy: &str) -> Result<bool, String> {
        let Some(identities) = &self.identities else { return Ok(true) };
        if let Some((_, response)) = self.known.iter().find(|(name, _)| name == policy) {
            return Ok(*response);
        }
        let response = self.ask(identities, policy)?;
        self.known.push((policy.to_owned(), response));
        Ok(response)
    }

    fn ask(&self, identities: &[Identity<'_>], policy: &str) -> Result<bool, String> {
        for identity in identities {
            for api_group in ["policy", "extensions"] {
                let question = Question {
                    user: identity.user.clone(),
                    groups: identity.groups.clone(),
                    api_group,
                    policy,
                    namespace: self.namespace,
                };
                if self.cluster.may_use(&question)? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// `user "alice" or service account "shop/web"`, for a message.
    pub(crate) fn describe(&self) -> String {
        let mut names = self.names();
        names.reverse();
        if names.is_empty() {
            return "anybody (the pod names no service account and the request no user)".to_owned();
        }
        any_of(&names)
    }

    /// The same in the order in which they are asked, the pod's own account first.
    pub(crate) fn describe_in_order(&self) -> String {
        any_of(&self.names())
    }

    /// The names of the identities, each once: two identities can share one.
    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for Identity { user, .. } in self.identities.iter().flatten() {
            let account = user.strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':'));
            let name = match account {
                Some((namespace, name)) => format!("service account \"{namespace}/{name}\""),
                None => format!("user {}", Quoted(user)),
            };
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }
}

/// `a, b or c`
fn any_of(names: &[String]) -> String {
    match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    /// Grants the listed policies, and records the questions.
    struct Asked {
        granted: Vec<(&'static str, &'static str, &'static str)>,
        questions: RefCell<Vec<(String, String, String)>>,
    }

    impl Cluster for Asked {
        fn may_use(&self, question: &Question<'_>) -> Result<bool, String> {
            let Question { user, api_group, policy, .. } = question;
            if *policy == "broken" {
                return Err("it is asleep".to_owned());
            }
            self.questions.borrow_mut().push((
                user.to_string(),
                (*api_group).to_owned(),
                (*policy).to_owned(),
            ));
            Ok(self.granted.contains(&(&**user, *api_group, *policy)))
        }
    }

    const ACCOUNT: &str = "system:serviceaccount:shop:web";

    fn identities() -> Vec<Identity<'static>> {
        let user = Identity { user: "alice".into(), groups: vec!["system:authenticated".into()] };
        vec![Identity::service_account("shop", "web"), user]
    }

    #[test]
    fn a_service_account_has_two_groups() {
        let Identity { user, groups } = Identity::service_account("shop", "web");
        assert_eq!(user, ACCOUNT);
        assert_eq!(groups, ["system:serviceaccounts", "system:serviceaccounts:shop"]);
    }

    #[test]
    fn a_controller_has_the_groups_of_every_account_and_may_run_as_the_manager() {
        let text = |identity: &Identity<'_>| format!("{} {:?}", identity.user, identity.groups);
        let accounts: Vec<_> =
            Identity::controllers(Controllers::BuiltIn("job-controller")).iter().map(text).collect();
        assert_eq!(
            accounts,
            [
                r#"system:serviceaccount:kube-system:job-controller ["system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"]"#,
                r#"system:kube-controller-manager ["system:authenticated"]"#,
            ]
        );
    }

    #[test]
    fn asks_in_the_order_of_the_original_until_one_is_granted_and_never_again() {
        let cluster = Asked { granted: vec![("alice", "policy", "p")], questions: RefCell::default() };
        let mut grants = Grants::new(&cluster, "shop", identities());
        assert_eq!(
            (grants.allow("p"), grants.allow("p"), grants.allow("q")),
            (Ok(true), Ok(true), Ok(false))
        );
        let asked =
            |user: &str, group: &str, policy: &str| (user.to_owned(), group.to_owned(), policy.to_owned());
        assert_eq!(
            *cluster.questions.borrow(),
            [
                asked(ACCOUNT, "policy", "p"),
                asked(ACCOUNT, "extensions", "p"),
                asked("alice", "policy", "p"),
                asked(ACCOUNT, "policy", "q"),
                asked(ACCOUNT, "extensions", "q"),
                asked("alice", "policy", "q"),
                asked("alice", "extensions", "q"),
            ]
        );
        assert_eq!(grants.describe(), "user \"alice\" or service account \"shop/web\"");
    }

    #[test]
    fn a_cluster_has_no_clock_unless_it_says_so() {
        let cluster = Asked { granted: vec![], questions: RefCell::default() };
        assert_eq!(cluster.now(), Err("there is no clock".to_owned()));
    }

    #[test]
    fn an_old_grant_counts() {
        let cluster = Asked { granted: vec![(ACCOUNT, "extensions", "p")], questions: RefCell::default() };
        assert_eq!(Grants::new(&cluster, "shop", identities()).allow("p"), Ok(true));
    }

    #[test]
    fn nobody_holds_nothing_and_is_described() {
        let cluster = Asked { granted: vec![], questions: RefCell::default() };
        let mut grants = Grants::new(&cluster, "shop", vec![]);
        assert_eq!(grants.allow("p"), Ok(false));
        assert_eq!(grants.describe(), "anybody (the pod names no service account and the request no user)");
        assert!(cluster.questions.borrow().is_empty());
    }

    #[test]
    fn everybody_holds_everything_and_nobody_is_asked() {
        let cluster = Asked { granted: vec![], questions: RefCell::default() };
        assert_eq!(Grants::to_everybody(&cluster).allow("broken"), Ok(true));
    }

    #[test]
    fn what_cannot_be_answered_is_an_error() {
        let cluster = Asked { granted: vec![], questions: RefCell::default() };
        assert_eq!(
            Grants::new(&cluster, "shop", identities()).allow("broken"),
            Err("it is asleep".to_owned())
        );
    }
}
