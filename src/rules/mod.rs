//! The registry: every rule, in the order in which it mutates and validates.
//!
//! ```
//! use pod_security_policy::rules;
//!
//! let (index, rule) = rules::all().find(|(_, rule)| rule.id == "privileged").unwrap();
//! assert_eq!((rules::index("privileged"), rule.annotations.len()), (Some(index), 0));
//! ```

use crate::json::same_name;
use crate::pod::volume_type::VolumeTypes;
use crate::pod::{Container, Pod, Volume};
use crate::rule::spec::MOST_READS;
use crate::rule::{Demands, Entry, Findings, Rule, Spec};
use crate::schema::doc_only;

pub use seccomp::adopt_annotations;

/// Declares the rule files, [`AnyRule`] and how each rule is loaded: for every file its entries in their order, each
/// with its field, its kind, the type of the rule, and the function that builds it from a policy.
macro_rules! rules {
    ($($file:ident { $($id:literal: $kind:ident($rule:ident $(<$life:lifetime>)?) = $load:ident);+ })+) => {
        $(mod $file;)+

        /// All entries in one row: loading a policy walks along it once for every field.
        const ROW: [Entry; COUNT] = [$($(entry($file::ENTRIES, $id)),+),+];

        // An entry without a line here would not be loaded.
        $(const _: () = assert!($file::ENTRIES.len() == [$($id),+].len());)+

        enum Kind {
            $($($kind),+),+
        }

        const KINDS: &[(&str, Kind)] = &[$($(($id, Kind::$kind)),+),+];

        /// A rule of any kind.
        /// An enum, not a trait object: a new instance, which every request has, sets up each entry of its table of
        /// functions when it is first called through, and the host takes longer for that than most rules need to
        /// evaluate.
        pub(crate) enum AnyRule<'s> {
            $($($kind($file::$rule $(<$life>)?)),+),+
        }

        /// Builds the rule with this index from a policy; `None` for a rule that demands nothing.
        pub(crate) fn load<'s>(index: usize, spec: &mut Spec<'_, 's>) -> Option<AnyRule<'s>> {
            let (_, kind) = KINDS.get(index)?;
            match kind {
                $($(Kind::$kind => $file::$load(spec).map(AnyRule::$kind)),+),+
            }
        }

        impl Rule for AnyRule<'_> {
            fn mutate(&self, pod: &mut Pod<'_>) {
                match self {
                    $($(AnyRule::$kind(rule) => rule.mutate(pod)),+),+
                }
            }

            fn mutate_container(&self, pod: &Pod<'_>, container: &mut Container<'_>, demands: Demands) {
                match self {
                    $($(AnyRule::$kind(rule) => rule.mutate_container(pod, container, demands)),+),+
                }
            }

            fn validate(&self, pod: &Pod<'_>, found: &mut Findings<'_>) {
                match self {
                    $($(AnyRule::$kind(rule) => rule.validate(pod, found)),+),+
                }
            }

            fn validate_container(&self, pod: &Pod<'_>, container: &Container<'_>, found: &mut Findings<'_>) {
                match self {
                    $($(AnyRule::$kind(rule) => rule.validate_container(pod, container, found)),+),+
                }
            }
        }
    };
}

// Capabilities come before privilege escalation, which reads them; otherwise this is the order in which
// PodSecurityPolicy reported (`CreatePodSecurityPolicyProvider` and `ValidatePod` in
// pkg/security/podsecuritypolicy/provider.go).
//
// Rules that PodSecurityPolicy did not have stand behind their nearest relative, except that for user namespaces, which
// decides whether ids can be filled in.
rules! {
    user_namespace { "userNamespaceLevel": UserNamespace(PodLevel) = load }
    fs_group { "fsGroup": FsGroup(FsGroup) = load }
    supplemental_groups { "supplementalGroups": SupplementalGroups(SupplementalGroups) = load }
    supplemental_groups_policy { "supplementalGroupsPolicy": SupplementalGroupsPolicy(Strict) = load }
    host_namespaces {
        "hostNetwork": HostNetwork(Refused) = load_network;
        "hostPID": HostPid(Refused) = load_pid;
        "hostIPC": HostIpc(Refused) = load_ipc
    }
    sysctls {
        "forbiddenSysctls": ForbiddenSysctls(Forbidden<'s>) = load_forbidden;
        "allowedUnsafeSysctls": AllowedUnsafeSysctls(Unsafe<'s>) = load_allowed
    }
    volumes { "volumes": Volumes(Volumes) = load }
    host_paths { "allowedHostPaths": HostPaths(HostPaths<'s>) = load }
    volume_drivers {
        "allowedFlexVolumes": FlexVolumes(Drivers<'s>) = load_flex;
        "allowedCSIDrivers": CsiDrivers(Drivers<'s>) = load_csi
    }
    projected_signers {
        "allowedPodCertificateSigners": PodCertificateSigners(Signers<'s>) = load_certificates;
        "allowedClusterTrustBundleSigners": TrustBundleSigners(Signers<'s>) = load_trust_bundles
    }
    runtime_class { "runtimeClass": RuntimeClass(RuntimeClass<'s>) = load }
    run_as_user { "runAsUser": RunAsUser(RunAsUser) = load }
    run_as_group { "runAsGroup": RunAsGroup(RunAsGroup) = load }
    se_linux { "seLinux": SeLinux(MustRunAs<'s>) = load }
    app_armor { "appArmor": AppArmor(AppArmor<'s>) = load }
    seccomp { "seccomp": Seccomp(Seccomp<'s>) = load }
    privileged { "privileged": Privileged(Unprivileged) = load }
    windows_options { "windowsOptions": WindowsOptions(Windows<'s>) = load }
    proc_mount { "allowedProcMountTypes": ProcMount(ProcMount<'s>) = load }
    capabilities {
        "defaultAddCapabilities": DefaultAddCapabilities(DefaultAdd<'s>) = load_default_add;
        "requiredDropCapabilities": RequiredDropCapabilities(RequiredDrop<'s>) = load_required_drop;
        "allowedCapabilities": AllowedCapabilities(Allowed<'s>) = load_allowed
    }
    host_ports { "hostPorts": HostPorts(HostPorts) = load }
    read_only_root_filesystem { "readOnlyRootFilesystem": ReadOnlyRootFilesystem(ReadOnly) = load }
    privilege_escalation {
        "defaultAllowPrivilegeEscalation": DefaultPrivilegeEscalation(Default) = load_default;
        "allowPrivilegeEscalation": PrivilegeEscalation(Refused) = load_allow
    }
}

/// How many rules there are; the checks of the Pod Security Standards are numbered behind them.
pub const COUNT: usize = KINDS.len();

/// The entry of a file with this name. In the module it is without the sentences that only tools and documents print.
#[expect(clippy::indexing_slicing, reason = "done by the compiler")]
const fn entry(file: &[Entry], id: &str) -> Entry {
    let entry = &file[place(file, id)];
    Entry {
        purpose: doc_only(entry.purpose),
        pod_fields: doc_only(entry.pod_fields),
        mutates: doc_only(entry.mutates),
        default: doc_only(entry.default),
        ..*entry
    }
}

static ENTRIES: [Entry; COUNT] = ROW;

/// The index of a rule, where it is known at compile time.
pub(crate) const fn number(id: &str) -> usize {
    place(&ROW, id)
}

#[expect(clippy::indexing_slicing, reason = "done by the compiler, which would not accept an unknown name")]
const fn place(entries: &[Entry], id: &str) -> usize {
    let mut index = 0;
    // The comparison of strings that the compiler can do; no two names differ in case alone.
    while !entries[index].id.eq_ignore_ascii_case(id) {
        index += 1;
    }
    index
}

/// The other fields that every rule reads, as indexes; unused places at the end have an invalid index.
#[expect(
    clippy::indexing_slicing,
    reason = "done by the compiler, which would not accept a rule that reads more"
)]
static READS: [([usize; MOST_READS], usize); COUNT] = {
    let mut reads = [([COUNT; MOST_READS], 0); COUNT];
    let mut index = 0;
    while index < COUNT {
        let fields = ROW[index].reads;
        while reads[index].1 < fields.len() {
            let read = reads[index].1;
            reads[index].0[read] = number(fields[read]);
            reads[index].1 += 1;
        }
        index += 1;
    }
    reads
};

/// The indexes of the rules whose fields this one reads as well, in the order of [`Entry::reads`].
pub(crate) fn read_by(index: usize) -> &'static [usize] {
    READS.get(index).and_then(|(reads, count)| reads.get(..*count)).unwrap_or_default()
}

/// Whether a volume is refused for its type already: what is in it is not evaluated then.
fn is_refused_by_type(volume: &Volume<'_>, types: VolumeTypes, found: &Findings<'_>) -> bool {
    found.denies(const { number("volumes") }) && !types.allow(volume)
}

/// Every rule with its index.
pub fn all() -> impl Iterator<Item = (usize, &'static Entry)> + Clone {
    ENTRIES.iter().enumerate()
}

/// The index of the rule with this name.
pub fn index(id: &str) -> Option<usize> {
    ENTRIES.iter().position(|entry| same_name(entry.id, id))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Otherwise one field would be loaded as another.
    #[test]
    fn every_entry_is_loaded_as_what_it_is() {
        let kinds: Vec<&str> = KINDS.iter().map(|(id, _)| *id).collect();
        let entries: Vec<&str> = all().map(|(_, entry)| entry.id).collect();
        assert_eq!(kinds, entries);
    }

    #[test]
    fn every_rule_is_described() {
        let silent = all()
            .filter(|(_, rule)| [rule.purpose, rule.pod_fields, rule.mutates, rule.default].contains(&""))
            .map(|(_, rule)| rule.id);
        assert_eq!(silent.collect::<Vec<_>>(), [""; 0]);
    }
}
