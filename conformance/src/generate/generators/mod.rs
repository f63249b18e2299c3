//! The families of rules in a policy, one file each.

mod app_armor;
mod capabilities;
mod drivers;
mod fs_group;
mod host_namespaces;
mod host_paths;
mod host_ports;
mod mounts;
mod privilege_escalation;
mod privileged;
mod proc_mount;
mod read_only_root;
mod run_as_group;
mod run_as_user;
mod runtime_class;
mod se_linux;
mod seccomp;
mod sources;
mod supplemental_groups;
mod sysctls;
mod volumes;

use std::fmt::Debug;

use super::pod::Pod;
use super::policy::Policy;
use super::rng::Rng;

pub(crate) use mounts::mount;
pub(crate) use proc_mount::needs_gate as needs_proc_mount_gate;
pub(crate) use sources::{TYPES, fs_type, source};

/// One family of rules.
pub(crate) trait Generator: Debug + Sync {
    /// The name of a violation of it, in the name of a case.
    fn name(&self) -> &'static str;

    /// Sets the family's fields in a policy, within what the API accepts and what the generators before have set.
    fn settle(&self, rng: &mut Rng, settled: &Policy, policy: &mut Policy);

    /// Makes a pod satisfy the policy, at a boundary where there is one. With `explicit`, nothing is left to defaults.
    fn fit(&self, rng: &mut Rng, policy: &Policy, explicit: bool, pod: &mut Pod);

    /// Makes a fitting pod violate the policy in this one respect. False if the policy does not allow that.
    fn violate(&self, rng: &mut Rng, policy: &Policy, pod: &mut Pod) -> bool;
}

/// Every family, in the order in which a pod is generated: volumes come before the rules about their sources, the
/// host's network before its ports.
pub(crate) const GENERATORS: [&dyn Generator; 19] = [
    &privileged::Privileged,
    &host_namespaces::HostNamespaces,
    &host_ports::HostPorts,
    &run_as_user::RunAsUser,
    &run_as_group::RunAsGroup,
    &supplemental_groups::SupplementalGroups,
    &fs_group::FsGroup,
    &se_linux::SeLinux,
    &capabilities::Capabilities,
    &privilege_escalation::PrivilegeEscalation,
    &read_only_root::ReadOnlyRoot,
    &proc_mount::ProcMount,
    &sysctls::Sysctls,
    &runtime_class::RuntimeClass,
    &seccomp::Seccomp,
    &app_armor::AppArmor,
    &host_paths::HostPaths,
    &drivers::Drivers,
    &volumes::Volumes,
];

/// A boolean of a policy: mostly absent, else either value.
fn settle_flag(rng: &mut Rng, policy: &mut Policy, field: &str, yes: u32) {
    if let Some(value) =
        rng.weighed(&[(yes, Some(true)), (20, Some(false)), (80_u32.saturating_sub(yes), None)])
    {
        policy.set(field, value);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    /// The 24 fields of a policy's spec.
    const FIELDS: &str = "allowPrivilegeEscalation allowedCSIDrivers allowedCapabilities allowedFlexVolumes \
        allowedHostPaths allowedProcMountTypes allowedUnsafeSysctls defaultAddCapabilities \
        defaultAllowPrivilegeEscalation forbiddenSysctls fsGroup hostIPC hostNetwork hostPID hostPorts privileged \
        readOnlyRootFilesystem requiredDropCapabilities runAsGroup runAsUser runtimeClass seLinux supplementalGroups \
        volumes";

    #[test]
    fn the_facets_settle_every_field_and_none_twice() {
        let mut owners: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        for index in 0..300 {
            let mut rng = Rng::new(0, index);
            for generator in GENERATORS {
                let mut policy = Policy::default();
                generator.settle(&mut rng, &Policy::default(), &mut policy);
                for field in policy.spec.keys() {
                    owners.entry(field.clone()).or_default().insert(generator.name());
                }
            }
        }
        assert_eq!(
            owners.keys().map(String::as_str).collect::<Vec<_>>(),
            FIELDS.split(' ').collect::<Vec<_>>()
        );
        assert!(owners.values().all(|generators| generators.len() == 1), "{owners:?}");
    }
}
