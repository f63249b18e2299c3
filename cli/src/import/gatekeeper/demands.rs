//! What each kind of constraints demands: the list of the library's kinds.

mod capabilities;
mod containers;
mod profiles;
mod selinux;
mod sysctls;
mod users;
mod volumes;

use super::constraint::{Constraint, Demanded};

/// The level and version of the Pod Security Standards whose checks are demanded. The version is the first that looks at
/// the hosts of probes, and one for all kinds, since checks of one version can be demanded together.
const BASELINE: &str = "baseline:v1.34";
const RESTRICTED: &str = "restricted:v1.34";

/// A kind of constraints.
pub(super) struct Kind {
    name: &'static str,
    /// The parameters that its template reads.
    pub(super) parameters: &'static [&'static str],
    /// Whether the template reads `exemptImages`.
    pub(super) exempts: bool,
    /// Whether it demands nothing of pods as a whole.
    pub(super) is_of_containers: bool,
    pub(super) read: fn(&mut Constraint<'_>) -> Demanded,
}

/// A kind that looks at containers, and exempts some.
const fn of_containers(
    name: &'static str,
    parameters: &'static [&'static str],
    read: fn(&mut Constraint<'_>) -> Demanded,
) -> Kind {
    Kind { name, parameters, exempts: true, is_of_containers: true, read }
}

/// A kind that looks at pods, and exempts nothing.
const fn of_pods(
    name: &'static str,
    parameters: &'static [&'static str],
    read: fn(&mut Constraint<'_>) -> Demanded,
) -> Kind {
    Kind { name, parameters, exempts: false, is_of_containers: false, read }
}

const USERS: &[&str] = &["runAsUser", "runAsGroup", "supplementalGroups", "fsGroup"];
const PROFILES: &[&str] = &["allowedProfiles", "allowedLocalhostFiles"];

const KINDS: &[Kind] = &[
    of_containers("K8sPSPPrivilegedContainer", &[], containers::privileged),
    of_containers("K8sPSPAllowPrivilegeEscalationContainer", &[], containers::privilege_escalation),
    of_containers(
        "K8sPSPCapabilities",
        &["allowedCapabilities", "requiredDropCapabilities"],
        capabilities::read,
    ),
    of_containers("K8sPSPReadOnlyRootFilesystem", &[], containers::read_only_root_filesystem),
    of_containers("K8sPSPProcMount", &["procMount"], containers::proc_mount),
    of_containers("K8sPSPHostProbesLifecycle", &[], containers::host_probes),
    of_containers("K8sPSPSeccompV2", PROFILES, profiles::seccomp),
    of_containers("K8sPSPSeccomp", PROFILES, profiles::annotated_seccomp),
    of_containers("K8sPSPAppArmor", &["allowedProfiles"], profiles::app_armor),
    of_containers("K8sPSPAllowedUsers", USERS, users::read),
    Kind { is_of_containers: false, ..of_containers("K8sPSPHostProcess", &[], containers::host_process) },
    Kind {
        is_of_containers: false,
        ..of_containers("K8sPSPHostNetworkingPorts", &["hostNetwork", "min", "max"], containers::host_network)
    },
    Kind {
        is_of_containers: false,
        ..of_containers("K8sPSPSELinuxV2", &["allowedSELinuxOptions"], selinux::read)
    },
    of_pods("K8sPSPHostNamespace", &[], containers::host_namespaces),
    of_pods("K8sPSPHostFilesystem", &["allowedHostPaths"], volumes::host_paths),
    of_pods("K8sPSPFlexVolumes", &["allowedFlexVolumes"], volumes::flex_volumes),
    of_pods("K8sPSPVolumeTypes", &["volumes"], volumes::types),
    of_pods("K8sPSPForbiddenSysctls", &["forbiddenSysctls", "allowedSysctls"], sysctls::read),
    of_pods("K8sPSPFSGroup", &["rule", "ranges"], users::fs_group),
];

/// The kind with this name.
pub(super) fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}

#[cfg(test)]
mod tests;
