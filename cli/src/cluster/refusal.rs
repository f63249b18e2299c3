//! What the API server refuses, in words that name the missing right.

use std::error::Error as _;

use super::Resource;
use crate::error::Error;

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The right is missing; with the user, if the server names it.
    Forbidden(Option<String>),
    /// There is no such resource or object.
    Missing,
    /// Anything else.
    Other(Error),
}

const FORBIDDEN: u16 = 403;
const MISSING: u16 = 404;
const UNAUTHORIZED: u16 = 401;

impl Refusal {
    pub(super) fn of(error: kube::Error, server: &str) -> Self {
        let status = match error {
            kube::Error::Api(status) => status,
            error => {
                let mut reason = error.to_string();
                let mut source = error.source();
                // The innermost reason says most: `Connection refused`.
                while let Some(inner) = source {
                    reason = inner.to_string();
                    source = inner.source();
                }
                return Refusal::Other(
                    Error::new(format_args!("{server} cannot be reached: {reason}"))
                        .help("`kubectl cluster-info` shows whether kubectl reaches it"),
                );
            }
        };
        match status.code {
            FORBIDDEN => Refusal::Forbidden(user(&status.message)),
            MISSING => Refusal::Missing,
            UNAUTHORIZED => Refusal::Other(
                Error::new(format_args!("{server} does not accept the credentials of the kubeconfig"))
                    .help("`kubectl auth whoami` shows as whom it is asked"),
            ),
            code => Refusal::Other(Error::new(format_args!("{server} answers {code}: {}", status.message))),
        }
    }
}

/// `alice` of `pods is forbidden: User "alice" cannot list resource …`
fn user(message: &str) -> Option<String> {
    let (_, rest) = message.split_once("User \"")?;
    rest.split_once('"').map(|(user, _)| user.to_owned())
}

/// All that may not be read, for one line about it.
#[derive(Debug, Default)]
pub(super) struct Refused {
    resources: Vec<String>,
    user: Option<String>,
}

impl Refused {
    pub(super) fn add(&mut self, resource: &Resource, user: Option<String>) {
        self.resources.push(resource.name());
        self.user = self.user.take().or(user);
    }

    /// `alice may not list pods, deployments.apps in namespace shop`
    pub(super) fn error(&self, verb: &str, namespace: Option<&str>) -> Option<Error> {
        let first = self.resources.first()?;
        let who = self.user.as_deref().unwrap_or("you");
        let (place, option) = match namespace {
            Some(namespace) => (format!("in namespace {namespace}"), format!("-n {namespace}")),
            None => ("in the whole cluster".to_owned(), "-A".to_owned()),
        };
        let error = Error::new(format_args!("{who} may not {verb} {} {place}", self.resources.join(", ")));
        Some(error.help(format_args!("kubectl auth can-i {verb} {first} {option}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_names_all_that_is_missing() {
        let mut refused = Refused::default();
        assert!(refused.error("list", None).is_none());
        for resource in Resource::of_pods().iter().take(2) {
            refused.add(resource, user("pods is forbidden: User \"alice\" cannot list resource \"pods\""));
        }
        let error = refused.error("list", Some("shop")).unwrap();
        assert_eq!(error.to_string(), "alice may not list pods, deployments.apps in namespace shop");
        assert_eq!(error.remedy.unwrap(), "kubectl auth can-i list pods -n shop");
        let error = refused.error("list", None).unwrap();
        assert_eq!(error.to_string(), "alice may not list pods, deployments.apps in the whole cluster");
    }
}
