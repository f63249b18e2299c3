//! The SELinux type decides what a container can reach on its node, and user and role can widen that.
//!
//! | | |
//! |---|---|
//! | Level | baseline |
//! | Pod fields | `securityContext.seLinuxOptions` of pod and containers |
//! | Accepts | the types for containers, no user, no role; any level |
//! | Source | Pod Security Standards, Baseline, "SELinux" |

use super::phrases::{applicable, plural, quoted, set};
use super::{Check, Level, Objection, Subject, Variant, doc_only};
use crate::pod::SeLinuxOptions;

pub(super) const CHECK: Check = Check {
    id: "seLinuxOptions",
    level: Level::Baseline,
    purpose: doc_only("The SELinux type must be one for containers; user and role may not be set."),
    pod_fields: doc_only("`securityContext.seLinuxOptions` of pod and containers"),
    variants: &[
        Variant { since: 0, judge: |subject| judge(subject, false) },
        Variant { since: 31, judge: |subject| judge(subject, true) },
    ],
};

fn judge<'p>(subject: &Subject<'p>, allow_engines: bool) -> Option<Objection> {
    let (mut kinds, mut sets_user, mut sets_role) = (Vec::new(), false, false);
    let mut forbids = |options: Option<&'p SeLinuxOptions<'p>>| {
        let Some(SeLinuxOptions { user, role, kind, .. }) = options else { return false };
        let is_allowed = match &**kind {
            "" | "container_t" | "container_init_t" | "container_kvm_t" => true,
            "container_engine_t" => allow_engines,
            _ => false,
        };
        if !is_allowed {
            kinds.push(&**kind);
        }
        sets_user |= !user.is_empty();
        sets_role |= !role.is_empty();
        !is_allowed || !user.is_empty() || !role.is_empty()
    };
    let pod = forbids(subject.security_context().se_linux_options.as_ref());
    let setters = subject.setters(pod, &mut |own| forbids(own.se_linux_options.as_ref()))?;
    let kinds = set(kinds);
    let types = [plural(kinds.len(), "type ", "types "), &quoted(&kinds)].concat();
    let errors = [
        (!kinds.is_empty(), &*types),
        (sets_user, "user may not be set"),
        (sets_role, "role may not be set"),
    ];
    let errors = applicable(&errors, "; ");
    let detail = [&setters, " set forbidden securityContext.seLinuxOptions: ", &errors].concat();
    Some(Objection { reason: "seLinuxOptions", detail })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::standards::testing::{NOTHING, both, one, says};
    use rstest::rstest;
    use serde_json::{Value, json};

    fn options(options: Value) -> Value {
        one(json!({"seLinuxOptions": options}))
    }

    #[rstest]
    #[case::unset(one(json!({})), NOTHING)]
    #[case::empty(options(json!({})), NOTHING)]
    #[case::empty_strings(options(json!({"type": "", "user": "", "role": "", "level": ""})), NOTHING)]
    #[case::level(options(json!({"level": "s0:c123,c456"})), NOTHING)]
    #[case::container(options(json!({"type": "container_t"})), NOTHING)]
    #[case::init(options(json!({"type": "container_init_t"})), NOTHING)]
    #[case::virtual_machine(options(json!({"type": "container_kvm_t"})), NOTHING)]
    #[case::another_type(options(json!({"type": "spc_t"})),
        r#"seLinuxOptions (container "a" set forbidden securityContext.seLinuxOptions: type "spc_t")"#)]
    #[case::user(options(json!({"type": "container_t", "user": "u"})),
        r#"seLinuxOptions (container "a" set forbidden securityContext.seLinuxOptions: user may not be set)"#)]
    #[case::role(options(json!({"role": "r"})),
        r#"seLinuxOptions (container "a" set forbidden securityContext.seLinuxOptions: role may not be set)"#)]
    #[case::user_and_role(options(json!({"role": "r", "user": "u"})),
        r#"seLinuxOptions (container "a" set forbidden securityContext.seLinuxOptions: user may not be set; role may not be set)"#)]
    #[case::gathered_from_pod_and_container(
        both(json!({"seLinuxOptions": {"type": "y", "role": "r"}}), json!({"seLinuxOptions": {"type": "x"}})),
        r#"seLinuxOptions (pod and container "a" set forbidden securityContext.seLinuxOptions: types "x", "y"; role may not be set)"#)]
    #[case::of_the_pod_though_overridden(
        both(json!({"seLinuxOptions": {"type": "x"}}), json!({"seLinuxOptions": {"type": "container_t"}})),
        r#"seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "x")"#)]
    fn judges_at_every_version(#[case] pod: Value, #[case] expected: &str) {
        for version in ["v1.0", "v1.30", "v1.31", "latest"] {
            assert_eq!(says(&CHECK, version, &pod), expected, "{version}");
        }
    }

    #[rstest]
    #[case::before("v1.30",
        r#"seLinuxOptions (container "a" set forbidden securityContext.seLinuxOptions: type "container_engine_t")"#)]
    #[case::since("v1.31", NOTHING)]
    #[case::latest("latest", NOTHING)]
    fn container_engines_are_allowed_since_v1_31(#[case] version: &str, #[case] expected: &str) {
        let pod = options(json!({"type": "container_engine_t"}));
        assert_eq!(says(&CHECK, version, &pod), expected);
    }
}
