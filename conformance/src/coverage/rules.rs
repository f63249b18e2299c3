//! The rules, by their fields in a policy and the fields that they govern in a pod.

use serde_json::Value;

use crate::case::Case;

/// The location of a rule.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    pub(super) name: &'static str,
    /// Fields of the policy's spec.
    settings: &'static [&'static str],
    /// The annotations of policy and pod start with one of these.
    annotations: &'static [&'static str],
    /// The fields it governs in a pod.
    governs: &'static [Field],
    /// Whether it fills in what is missing.
    pub(super) mutates: bool,
}

/// A field of a pod.
#[derive(Clone, Copy, Debug)]
enum Field {
    /// `spec.X`
    Spec(&'static str),
    /// `spec.securityContext.X`
    Context(&'static str),
    /// `securityContext.X` of a container
    Own(&'static str),
    /// `X` of a container
    Container(&'static str),
    /// `X` of a volume
    Volume(&'static str),
}

use Field::{Container, Context, Own, Spec, Volume};

const fn rule(
    name: &'static str,
    settings: &'static [&'static str],
    annotations: &'static [&'static str],
    governs: &'static [Field],
    mutates: bool,
) -> Rule {
    Rule { name, settings, annotations, governs, mutates }
}

const CAPABILITIES: &[&str] = &["allowedCapabilities", "defaultAddCapabilities", "requiredDropCapabilities"];
const ESCALATION: &[&str] = &["allowPrivilegeEscalation", "defaultAllowPrivilegeEscalation"];

/// All of them.
pub(super) const RULES: [Rule; 23] = [
    rule("privileged", &["privileged"], &[], &[Own("privileged")], false),
    rule("capabilities", CAPABILITIES, &[], &[Own("capabilities")], true),
    rule("volumes", &["volumes"], &[], &[Spec("volumes")], false),
    rule("hostNetwork", &["hostNetwork"], &[], &[Spec("hostNetwork")], false),
    rule("hostPorts", &["hostPorts"], &[], &[Container("ports")], false),
    rule("hostPID", &["hostPID"], &[], &[Spec("hostPID")], false),
    rule("hostIPC", &["hostIPC"], &[], &[Spec("hostIPC")], false),
    rule("seLinux", &["seLinux"], &[], &[Context("seLinuxOptions"), Own("seLinuxOptions")], true),
    rule(
        "runAsUser",
        &["runAsUser"],
        &[],
        &[Context("runAsUser"), Own("runAsUser"), Context("runAsNonRoot"), Own("runAsNonRoot")],
        true,
    ),
    rule("runAsGroup", &["runAsGroup"], &[], &[Context("runAsGroup"), Own("runAsGroup")], true),
    rule("supplementalGroups", &["supplementalGroups"], &[], &[Context("supplementalGroups")], true),
    rule("fsGroup", &["fsGroup"], &[], &[Context("fsGroup")], true),
    rule("readOnlyRootFilesystem", &["readOnlyRootFilesystem"], &[], &[Own("readOnlyRootFilesystem")], true),
    rule("allowPrivilegeEscalation", ESCALATION, &[], &[Own("allowPrivilegeEscalation")], true),
    rule("allowedHostPaths", &["allowedHostPaths"], &[], &[Volume("hostPath")], false),
    rule("allowedFlexVolumes", &["allowedFlexVolumes"], &[], &[Volume("flexVolume")], false),
    rule("allowedCSIDrivers", &["allowedCSIDrivers"], &[], &[Volume("csi")], false),
    rule("allowedUnsafeSysctls", &["allowedUnsafeSysctls"], &[], &[Context("sysctls")], false),
    rule("forbiddenSysctls", &["forbiddenSysctls"], &[], &[Context("sysctls")], false),
    rule("allowedProcMountTypes", &["allowedProcMountTypes"], &[], &[Own("procMount")], false),
    rule("runtimeClass", &["runtimeClass"], &[], &[Spec("runtimeClassName")], true),
    rule(
        "seccomp",
        &[],
        &["seccomp.security.alpha.kubernetes.io/", "container.seccomp.security.alpha.kubernetes.io/"],
        &[Context("seccompProfile"), Own("seccompProfile")],
        true,
    ),
    rule(
        "appArmor",
        &[],
        &["apparmor.security.beta.kubernetes.io/", "container.apparmor.security.beta.kubernetes.io/"],
        &[],
        true,
    ),
];

impl Rule {
    /// Whether the case involves the rule: the policy restricts it, or the pod uses a governed field.
    pub(super) fn concerns(&self, policy: &Value, pod: &Value) -> bool {
        let spec = |field: &&str| policy.get("spec").and_then(|spec| spec.get(*field));
        let restricts =
            |value: &Value| !value.is_null() && value.get("rule").is_none_or(|rule| rule != "RunAsAny");
        self.settings.iter().filter_map(spec).any(restricts)
            || !self.annotated(policy).is_empty()
            || !self.annotated(pod).is_empty()
            || self.values(pod).iter().any(|value| value.is_some_and(|value| !value.is_null()))
    }

    /// Whether two states of a pod differ in a governed field.
    pub(super) fn changed(&self, before: &Value, after: &Value) -> bool {
        let values = |pod| -> Vec<Option<&Value>> {
            self.values(pod).into_iter().map(|value| value.filter(|value| !value.is_null())).collect()
        };
        self.annotated(before) != self.annotated(after) || values(before) != values(after)
    }

    /// The annotations that belong to the rule.
    fn annotated<'a>(&self, object: &'a Value) -> Vec<(&'a String, &'a Value)> {
        let annotations = object.get("metadata").and_then(|metadata| metadata.get("annotations"));
        let all = annotations.and_then(Value::as_object).into_iter().flatten();
        all.filter(|(key, _)| self.annotations.iter().any(|prefix| key.starts_with(prefix))).collect()
    }

    /// The values of all governed fields, in an order that is the same for two states of a pod.
    fn values<'a>(&self, pod: &'a Value) -> Vec<Option<&'a Value>> {
        let Some(spec) = pod.get("spec") else { return Vec::new() };
        let context = |object: &'a Value| object.get("securityContext");
        let list = |field: &str| spec.get(field).and_then(Value::as_array).into_iter().flatten();
        let containers = || {
            ["initContainers", "containers", "ephemeralContainers"]
                .into_iter()
                .flat_map(list)
                .collect::<Vec<_>>()
        };
        let mut values = Vec::new();
        for field in self.governs {
            match field {
                Spec(field) => values.push(spec.get(field)),
                Context(field) => values.push(context(spec).and_then(|context| context.get(field))),
                Own(field) => values.extend(containers().into_iter().map(|one| context(one)?.get(field))),
                Container(field) => values.extend(containers().into_iter().map(|one| one.get(field))),
                Volume(field) => values.extend(list("volumes").map(|volume| volume.get(field))),
            }
        }
        values
    }
}

/// The policy of a case that has this name.
pub(super) fn policy<'a>(case: &'a Case, name: &str) -> Option<&'a Value> {
    case.psps
        .iter()
        .find(|policy| policy.get("metadata").and_then(|metadata| metadata.get("name")) == Some(&name.into()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rule(name: &str) -> Rule {
        RULES.into_iter().find(|rule| rule.name == name).unwrap()
    }

    #[test]
    fn a_rule_is_concerned_by_either_side() {
        let nothing = json!({"spec": {"runAsUser": {"rule": "RunAsAny"}}});
        let strict = json!({"spec": {"runAsUser": {"rule": "MustRunAsNonRoot"}}});
        let user = json!({"spec": {"containers": [{"securityContext": {"runAsUser": 0}}]}});
        assert!(!rule("runAsUser").concerns(&nothing, &json!({"spec": {}})));
        assert!(rule("runAsUser").concerns(&strict, &json!({"spec": {}})));
        assert!(rule("runAsUser").concerns(&nothing, &user));
        assert!(!rule("runAsGroup").concerns(&strict, &user));
    }

    #[test]
    fn a_change_belongs_to_its_rule() {
        let before = json!({"spec": {"containers": [{"securityContext": {"runAsUser": null}}]}});
        let after = json!({"metadata": {"annotations": {"seccomp.security.alpha.kubernetes.io/pod": "unconfined"}},
            "spec": {"containers": [{}]}});
        assert!(rule("seccomp").changed(&before, &after));
        assert!(!rule("runAsUser").changed(&before, &after));
    }
}
