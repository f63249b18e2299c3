//! The parts that a pod falls into: fields that no rule reads together with those of another part.

use serde_json::{Value, json};

use super::context::Context;
use super::fields;
use super::vocabulary::Vocabulary;

/// What the two sets of policies have, as far as it decides which values differ.
#[derive(Debug, Default)]
pub(super) struct World {
    pub(super) vocabulary: Vocabulary,
    /// Whether a Pod Security Standard is enforced.
    pub(super) standards: bool,
}

/// A part of a pod.
pub(super) struct Component {
    /// Its name in texts: `users`.
    pub(super) name: &'static str,
    /// The rules that read its fields. A rule may read those of several parts if it looks at each for itself.
    pub(super) rules: &'static [&'static str],
    /// The checks of the Pod Security Standards that do.
    pub(super) checks: &'static [&'static str],
    /// The part of the context that those read.
    pub(super) reads: fn(Context) -> Context,
    /// Whether several elements stand in one container; otherwise each has its own.
    pub(super) is_list: bool,
    /// Its values.
    pub(super) groups: fn(&World, Context) -> Vec<Group>,
}

/// The values of the fields of the pod as a whole, and the elements that may stand next to them.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) base: Value,
    /// An element that is always there. Without one, at least one of the others is.
    pub(super) fixed: Option<Element>,
    pub(super) elements: Vec<Element>,
}

/// A container, or an element of a list, as far as it belongs to the part.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Element {
    /// What it adds to the pod.
    pub(super) pod: Value,
    /// What it adds to a container.
    pub(super) container: Value,
    /// The start of an annotation's key that ends with the container's name, and its value.
    pub(super) annotation: Option<(&'static str, String)>,
}

impl Element {
    /// One in the pod as a whole.
    pub(super) fn of_pod(pod: Value) -> Self {
        Element { pod, ..Element::default() }
    }

    /// One in the security context of a container.
    pub(super) fn secured(security_context: &Value) -> Self {
        Element { container: json!({"securityContext": security_context}), ..Element::default() }
    }

    /// How many values it sets.
    pub(super) fn cost(&self) -> usize {
        leaves(&self.pod) + leaves(&self.container) + usize::from(self.annotation.is_some())
    }
}

impl Group {
    /// Containers, of which the pod has at least one.
    pub(super) fn of(elements: Vec<Element>) -> Self {
        Group { base: Value::Null, fixed: None, elements }
    }

    /// Elements of a list, which may be empty.
    pub(super) fn list(elements: Vec<Element>) -> Self {
        Group { base: Value::Null, fixed: Some(Element::default()), elements }
    }

    /// A value of the pod as a whole.
    pub(super) fn only(base: Value) -> Self {
        Group { base, ..Group::list(Vec::new()) }
    }
}

/// How many values there are in a value.
pub(super) fn leaves(value: &Value) -> usize {
    match value {
        Value::Null => 0,
        Value::Array(list) => list.iter().map(leaves).sum::<usize>().max(1),
        Value::Object(members) => members.values().map(leaves).sum::<usize>().max(1),
        _ => 1,
    }
}

/// All parts. The fields of the context come first: its values are those of the context itself.
pub(super) const COMPONENTS: &[Component] = &[
    Component {
        name: CONTEXT,
        rules: &["userNamespaceLevel", "hostNetwork", "hostPID", "hostIPC"],
        checks: &["hostNamespaces"],
        reads: |context| context,
        is_list: false,
        groups: |_, _| vec![Group::only(Value::Null)],
    },
    Component {
        name: "privileges",
        rules: &[
            "privileged",
            "allowPrivilegeEscalation",
            "defaultAllowPrivilegeEscalation",
            "defaultAddCapabilities",
            "requiredDropCapabilities",
            "allowedCapabilities",
        ],
        checks: &[
            "privileged",
            "capabilities_baseline",
            "capabilities_restricted",
            "allowPrivilegeEscalation",
        ],
        reads: Context::os,
        is_list: false,
        groups: fields::privileges::groups,
    },
    Component {
        name: "users",
        rules: &["runAsUser"],
        checks: &["runAsNonRoot", "runAsUser"],
        reads: Context::user_namespace,
        is_list: false,
        groups: fields::ids::users,
    },
    Component {
        name: "primary groups",
        rules: &["runAsGroup"],
        checks: &[],
        reads: Context::user_namespace,
        is_list: false,
        groups: fields::ids::primary_groups,
    },
    Component {
        name: "fsGroup",
        rules: &["fsGroup"],
        checks: &[],
        reads: Context::user_namespace,
        is_list: false,
        groups: fields::ids::volume_groups,
    },
    Component {
        name: "supplemental groups",
        rules: &["supplementalGroups"],
        checks: &[],
        reads: Context::user_namespace,
        is_list: true,
        groups: fields::ids::supplemental_groups,
    },
    Component {
        name: "supplementalGroupsPolicy",
        rules: &["supplementalGroupsPolicy"],
        checks: &[],
        reads: Context::os,
        is_list: false,
        groups: fields::simple::supplemental_groups_policy,
    },
    Component {
        name: "sysctls",
        rules: &["forbiddenSysctls", "allowedUnsafeSysctls"],
        checks: &["sysctls"],
        reads: Context::os,
        is_list: true,
        groups: fields::sysctls::groups,
    },
    Component {
        name: "volumes",
        rules: &[
            "volumes",
            "allowedHostPaths",
            "allowedFlexVolumes",
            "allowedCSIDrivers",
            "allowedPodCertificateSigners",
            "allowedClusterTrustBundleSigners",
        ],
        checks: &["hostPathVolumes", "restrictedVolumes"],
        reads: |_| Context::default(),
        is_list: true,
        groups: fields::volumes::groups,
    },
    Component {
        name: "runtime class",
        rules: &["runtimeClass"],
        checks: &[],
        reads: |_| Context::default(),
        is_list: false,
        groups: fields::simple::runtime_class,
    },
    Component {
        name: "SELinux",
        rules: &["seLinux"],
        checks: &["seLinuxOptions"],
        reads: Context::os,
        is_list: false,
        groups: fields::profiles::se_linux,
    },
    Component {
        name: "AppArmor",
        rules: &["appArmor"],
        checks: &["appArmorProfile"],
        reads: Context::os,
        is_list: false,
        groups: fields::profiles::app_armor,
    },
    Component {
        name: "seccomp",
        rules: &["seccomp"],
        checks: &["seccompProfile_baseline", "seccompProfile_restricted"],
        reads: Context::os,
        is_list: false,
        groups: fields::profiles::seccomp,
    },
    Component {
        name: "Windows options",
        rules: &["windowsOptions", "privileged"],
        checks: &["windowsHostProcess"],
        reads: Context::os_and_network,
        is_list: false,
        groups: fields::windows::groups,
    },
    Component {
        name: "group managed service accounts",
        rules: &["windowsOptions"],
        checks: &[],
        reads: |_| Context::default(),
        is_list: false,
        groups: fields::windows::accounts,
    },
    Component {
        name: "procMount",
        rules: &["allowedProcMountTypes"],
        checks: &["procMount", "procMount_restricted"],
        reads: Context::user_namespace,
        is_list: false,
        groups: fields::simple::proc_mount,
    },
    Component {
        name: "host ports",
        rules: &["hostPorts"],
        checks: &["hostPorts"],
        reads: |_| Context::default(),
        is_list: true,
        groups: fields::ids::host_ports,
    },
    Component {
        name: "root file system",
        rules: &["readOnlyRootFilesystem"],
        checks: &[],
        reads: Context::os,
        is_list: false,
        groups: fields::simple::root_filesystem,
    },
    Component {
        name: "probes",
        rules: &[],
        checks: &["hostProbesAndHostLifecycle"],
        reads: |_| Context::default(),
        is_list: false,
        groups: fields::simple::probes,
    },
];

/// The name of the part whose values are those of the context.
pub(super) const CONTEXT: &str = "namespaces of the node";

#[cfg(test)]
mod tests {
    use pod_security_policy::{rules, standards};

    use super::COMPONENTS;

    #[test]
    fn every_rule_and_every_check_belongs_to_a_part() {
        let is_orphan = |id: &&str| COMPONENTS.iter().all(|component| !component.rules.contains(id));
        let rules: Vec<_> = rules::all().map(|(_, rule)| rule.id).filter(is_orphan).collect();
        let is_orphan = |id: &&str| COMPONENTS.iter().all(|component| !component.checks.contains(id));
        let checks: Vec<_> = standards::all().map(|(_, check)| check.id).filter(is_orphan).collect();
        assert_eq!((rules, checks), (Vec::<&str>::new(), Vec::<&str>::new()));
    }
}
