//! Review of claims for devices, and of templates for them.

use super::Evaluator;
use super::response::Response;
use super::stand_in::StandIn;
use crate::json::{Error, Read, Reader, Tree, Value, lookup};
use crate::request::Request;
use crate::rule::{Action, Violation};
use crate::settings::rule_names;

/// The API group of the kinds.
pub(super) const GROUP: &str = "resource.k8s.io";

/// The kinds.
pub(super) const KINDS: [&str; 2] = ["ResourceClaim", TEMPLATE];
const TEMPLATE: &str = "ResourceClaimTemplate";

/// The accounts that make claims from templates, which have been reviewed themselves.
const MAKERS: [&str; 2] =
    ["system:serviceaccount:kube-system:resource-claim-controller", "system:kube-controller-manager"];

/// A container in the place of a request: privileged ones have the devices of their node as well.
const CONTAINER: &str = r#"{"securityContext":{"privileged":true}}"#;

/// The path of the request that a container is in the place of.
fn path_of(container: &str, paths: &[String]) -> Option<String> {
    let (index, _) = container.strip_prefix("spec.containers[")?.split_once(']')?;
    paths.get(index.parse::<usize>().ok()?).cloned()
}

/// The paths of the requests with administrative access.
///
/// A request has the field itself, or, since `v1beta2` of the API, under `exactly`.
fn with_access(claim: &str, is_template: bool) -> Read<Vec<String>> {
    let tree: Tree<'_> = Reader::document(claim)?;
    let spec: &[&str] = if is_template { &["spec", "spec"] } else { &["spec"] };
    let requests = lookup::at(tree.root(), &[spec, &["devices", "requests"]].concat())?;
    if !requests.is_null() && !requests.is_list() {
        return Err(Error::new("must be a list").in_path(&format!("{}.devices.requests", spec.join("."))));
    }
    let mut found = Vec::new();
    for (index, request) in requests.elements().enumerate() {
        let at = format!("{}.devices.requests[{index}]", spec.join("."));
        for path in [&["adminAccess"][..], &["exactly", "adminAccess"]] {
            let access = lookup::at(request, path).map_err(|error| error.in_path(&at))?;
            let field = path.join(".");
            match access.flag() {
                Some(true) => found.push(format!("{at}.{field}")),
                None if !access.is_null() => {
                    let found = Value::describe(access);
                    let error = Error::new(format!("must be true or false, not {found}"));
                    return Err(error.in_path(&format!("{at}.{field}")));
                }
                _ => {}
            }
        }
    }
    Ok(found)
}

impl<'e> Evaluator<'e> {
    /// Reviews a claim, or a template for claims.
    pub(crate) fn review_claim(&self, on_claims: Action, request: &Request<'_>) -> Read<Response> {
        let is_template = request.kind.kind == TEMPLATE;
        if on_claims == Action::Ignore || (!is_template && MAKERS.contains(&&*request.user.username)) {
            return Ok(Response::accepted());
        }
        let Some(object) = request.object else { return Ok(Response::missing_object()) };
        let paths = with_access(object, is_template)?;
        if let ("UPDATE", Some(old)) = (&*request.operation, request.old_object)
            && with_access(old, is_template).map_err(|error| error.in_path("oldObject"))? == paths
        {
            return Ok(Response::accepted());
        }
        if paths.is_empty() {
            return Ok(Response::accepted());
        }
        let stand_in = StandIn {
            kind: if is_template { TEMPLATE } else { "ResourceClaim" },
            name: if is_template { "template for claims" } else { "claim" },
            pod: format!(r#"{{"spec":{{"containers":[{}]}}}}"#, vec![CONTAINER; paths.len()].join(",")),
            rules: &["privileged"],
            option: rule_names::RESOURCE_CLAIMS,
            namespace: &request.namespace,
        };
        let retell = |violation: Violation| Violation {
            path: path_of(&violation.path, &paths).unwrap_or_default(),
            detail: "administrative access to devices takes a policy with privileged: true".to_owned(),
            ..violation
        };
        self.review_by(&stand_in, on_claims, request, &retell)
    }
}

#[cfg(test)]
mod tests;
