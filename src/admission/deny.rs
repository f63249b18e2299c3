//! Why no policy admits a pod.

use super::cluster::Grants;
use super::select::{MutatedPod, Pass};
use super::{Denial, Evaluator, Mode, PodReview};
use crate::json::Quoted;
use crate::pod::Pod;
use crate::pod::diff::{Writable, blocked_changes};
use crate::policy::Policy;
use crate::rule::{Action, Findings, ROOM, Row, SPELT_OUT, TAIL, Violation, cut, join_within};

/// The least room that the reasons of one policy among many get: its name, and a violation or two.
const SHARE: usize = 512;

impl<'e> Evaluator<'e> {
    /// Why no policy admits the pod, policy by policy.
    pub(super) fn deny(
        &self,
        review: &PodReview<'_, '_>,
        mutated: &mut MutatedPod<'_, 'e, '_>,
        grants: &mut Grants<'_>,
        pass: &Pass<'_>,
    ) -> Result<Denial, String> {
        let without_defaults = |reason: String| Ok(Denial { reason, defaults: String::new() });
        let mut usable = Vec::new();
        for policy in &self.settings.policies {
            if grants.allow(&policy.name)? {
                usable.push(policy);
            }
        }
        if usable.is_empty() && review.mode != Mode::DryRun {
            return without_defaults(format!(
                "no PodSecurityPolicy admits this pod: {}",
                unusable(grants, review)
            ));
        }
        if usable.is_empty() {
            usable = self.settings.policies.iter().collect();
        }
        let mut defaults = String::new();
        let mut reason = |policy: &'e Policy<'e>, room: usize| {
            mutated.by(policy, pass);
            let (mut denying, denials) = objections(policy, review, &mutated.pod, pass);
            denying.retain(|violation| violation.action == Action::Deny);
            let mut reason = join_within(&denying, denials, room);
            let (edits, in_all) =
                blocked_changes(mutated.arrived(), &mutated.pod, &pass.scope.writable, SPELT_OUT);
            if in_all > 0 {
                let settles = denials == 0 && review.is_filled_in(mutated);
                let would = if settles { "would be filled in: " } else { "would have to be changed: " };
                let row = |before: &str, room: usize| {
                    let mut row = Row::new("; ", room);
                    for edit in &edits {
                        row.push(&cut(&format_args!("{before}{edit} = {}", edit.value)));
                    }
                    row.end(in_all - edits.len())
                };
                let changes = row(would, room.saturating_sub(reason.len()));
                if settles && defaults.is_empty() {
                    defaults = row("", ROOM);
                }
                let before = if reason.is_empty() || changes.is_empty() { "" } else { "; " };
                reason.push_str(&[before, &changes].concat());
            }
            reason
        };
        if let ([_], [policy]) = (self.settings.policies.as_slice(), usable.as_slice()) {
            let reason = reason(policy, ROOM);
            return Ok(Denial { reason, defaults });
        }
        let mut text = "no PodSecurityPolicy admits this pod: ".to_owned();
        for (nth, policy) in usable.iter().enumerate() {
            let left = usable.len() - nth;
            // The room that one policy leaves is for the policies after it.
            let room = ROOM.saturating_sub(text.len() + TAIL);
            let share = SHARE.max(room / left);
            let before = if nth == 0 { "" } else { "; " };
            if room < SHARE {
                let policies = if left == 1 { "policy" } else { "policies" };
                text.push_str(&format!("{before}and {left} more {policies}"));
                break;
            }
            let name = format!("{before}{}: ", Quoted(&policy.name));
            let reason = reason(policy, share.saturating_sub(name.len()));
            text.push_str(&name);
            text.push_str(&reason);
        }
        Ok(Denial { reason: text, defaults })
    }
}

impl PodReview<'_, '_> {
    /// Whether the other half of a pair, which mutates, would write all of these changes.
    fn is_filled_in(&self, mutated: &MutatedPod<'_, '_, '_>) -> bool {
        let added = &self.scope.writable.added;
        let created = self.request.operation == "CREATE" && self.request.sub_resource.is_empty();
        let writable = Writable { nothing: !created && added.is_none(), added: added.clone() };
        self.mode == Mode::Refuse && blocked_changes(mutated.arrived(), &mutated.pod, &writable, 0).1 == 0
    }
}

/// That no policy may be used for a pod: `none may be used by user "alice" in namespace "shop"`
pub(super) fn unusable(grants: &Grants<'_>, review: &PodReview<'_, '_>) -> String {
    let namespace = Quoted(&review.request.namespace);
    format!("none may be used by {} in namespace {namespace}", grants.describe())
}

/// All violations of a policy by a pod, spelt out, and how many of them deny.
pub(super) fn objections(
    policy: &Policy<'_>,
    review: &PodReview<'_, '_>,
    pod: &Pod<'_>,
    pass: &Pass<'_>,
) -> (Vec<Violation>, usize) {
    let mut found = Findings::collecting(&review.root, &pass.enforcement);
    policy.validate(pod, &pass.scope, &mut found);
    let denials = found.denials();
    (found.into_violations(), denials)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{policy, review};

    /// The message of so many policies that allow no privileged container about so many of them.
    fn reported(policies: usize, containers: usize, mutate: bool) -> String {
        let policies: Vec<Value> = (0..policies)
            .map(|nth| {
                let spec = policy(&json!({"readOnlyRootFilesystem": true}));
                json!({"metadata": {"name": format!("p{nth:03}")}, "spec": spec})
            })
            .collect();
        let settings = json!({"policies": policies, "authorization": "None", "mutate": mutate});
        let containers: Vec<Value> = (0..containers)
            .map(|nth| json!({"name": format!("c{nth}"), "securityContext": {"privileged": true}}))
            .collect();
        let request = json!({"operation": "CREATE", "kind": {"kind": "Pod"}, "namespace": "n",
            "object": {"spec": {"containers": containers}}});
        let response = review(&settings, &request);
        let response: Value = serde_json::from_str(&response.into_json()).unwrap();
        response["message"].as_str().unwrap().to_owned()
    }

    fn privileged(nth: usize) -> String {
        let detail = "Invalid value: true: Privileged containers are not allowed";
        format!("spec.containers[{nth}].securityContext.privileged: {detail}")
    }

    #[test]
    fn a_policy_counts_what_is_past_32_violations() {
        let first: Vec<_> = (0..32).map(privileged).collect();
        assert_eq!(reported(1, 40, true), format!("{}; and 8 more", first.join("; ")));
    }

    #[test]
    fn what_would_have_to_be_changed_is_counted_as_well() {
        let text = reported(1, 40, false);
        let change =
            "would have to be changed: spec.containers[31].securityContext.readOnlyRootFilesystem = true";
        assert!(text.ends_with(&format!("{change}; and 8 more")), "{text}");
        assert!(
            text.contains(&format!("{}; and 8 more; would have to be changed: ", privileged(31))),
            "{text}"
        );
    }

    /// Message and annotation about a pod with these settings of its container.
    fn denied(request: &Value, own: &Value) -> (String, Value) {
        let spec = policy(&json!({"readOnlyRootFilesystem": true}));
        let settings = json!({"policies": [{"metadata": {"name": "a"}, "spec": spec}],
            "authorization": "None", "mutate": false});
        let pod = |own: &Value| json!({"spec": {"containers": [{"name": "c", "securityContext": own}]}});
        let mut request = request.clone();
        request["kind"] = json!({"kind": "Pod"});
        request["object"] = pod(own);
        if request["operation"] == "UPDATE" {
            request["oldObject"] = pod(&json!({"privileged": true}));
        }
        let response: Value = serde_json::from_str(&review(&settings, &request).into_json()).unwrap();
        (response["message"].as_str().unwrap().to_owned(), response["audit_annotations"].clone())
    }

    #[test]
    fn defaults_that_would_settle_it_are_apart() {
        let change = "spec.containers[0].securityContext.readOnlyRootFilesystem = true";
        let reason = |text: &str| format!("no PodSecurityPolicy admits this pod: \"a\": {text}");

        assert_eq!(
            denied(&json!({"operation": "CREATE"}), &json!({})),
            (reason(&format!("would be filled in: {change}")), json!({"would-be-filled-in": change}))
        );
        let also = format!("{}; would have to be changed: {change}", privileged(0));
        assert_eq!(
            denied(&json!({"operation": "CREATE"}), &json!({"privileged": true})),
            (reason(&also), Value::Null)
        );
        assert_eq!(
            denied(&json!({"operation": "UPDATE"}), &json!({})),
            (reason(&format!("would have to be changed: {change}")), Value::Null)
        );
    }

    #[test]
    fn many_policies_share_the_room_and_each_counts_what_it_leaves_out() {
        let text = reported(50, 32, true);
        assert!((60_000..65_536).contains(&text.len()), "{}", text.len());
        for nth in 0..50 {
            assert!(text.contains(&format!("\"p{nth:03}\": {}; ", privileged(0))), "{nth}: {text}");
        }
        let counted = text.matches("; and ").count();
        assert_eq!(counted, 50, "{text}");
        assert_eq!(text, reported(50, 32, true));
    }

    #[test]
    fn policies_that_get_no_room_are_counted() {
        let text = reported(300, 32, true);
        assert!(text.len() < 65_536, "{}", text.len());
        let named = text.matches("\": spec.").count();
        assert!(text.ends_with(&format!("; and {} more policies", 300 - named)), "{named}: {text}");
        assert!(named > 100, "{named}");
    }
}
