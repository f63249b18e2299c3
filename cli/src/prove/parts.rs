//! The list of parts: every rule and every check belongs to one.

use serde_json::Value;

use super::component::{Component, Group};
use super::context::Context;
use super::fields;

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
