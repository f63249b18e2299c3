//! The purpose of each rule, for users whose pod was rejected by it.

use pod_security_policy::{rules, standards};

/// What a rule is for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RuleDoc {
    /// One sentence.
    pub(crate) purpose: &'static str,
    /// Why it matters, and what to do.
    pub(crate) paragraph: &'static str,
    /// Where to read on.
    pub(crate) link: &'static str,
}

const CONTEXT: &str = "https://kubernetes.io/docs/tasks/configure-pod-container/security-context/";
const STANDARDS: &str = "https://kubernetes.io/docs/concepts/security/pod-security-standards/";
const VOLUMES: &str = "https://kubernetes.io/docs/concepts/storage/volumes/";
const RBAC: &str = "https://kubernetes.io/docs/reference/access-authn-authz/rbac/";

/// Rules, a paragraph each, and a link.
const PARAGRAPHS: &[(&[&str], &str, &str)] = &[
    (
        &["privileged"],
        "A privileged container has all capabilities, all devices of the node and no seccomp or AppArmor profile: control of it is control of the node. Most containers that ask for it need a capability or one device. Remove the field and add what is missing.",
        CONTEXT,
    ),
    (
        &["hostNetwork"],
        "On the host network a pod sees the node's traffic and reaches services that listen on localhost, the kubelet's among them; network policies do not apply to it. Publish ports through a Service instead.",
        "https://kubernetes.io/docs/concepts/services-networking/service/",
    ),
    (
        &["hostPID", "hostIPC"],
        "Sharing the node's process or IPC namespace lets a pod see the processes of all others, read their environment and memory, and signal them. Only agents that watch the node need it.",
        STANDARDS,
    ),
    (
        &["hostPorts"],
        "A host port takes a port of the node: two such pods cannot share a node, and the port is reachable on all of the node's addresses, past network policies. Use a Service. On the host network every container port is a host port.",
        "https://kubernetes.io/docs/concepts/services-networking/service/",
    ),
    (
        &["volumes"],
        "Some types of volumes reach into the node (hostPath), run programs on it (gitRepo, flexVolume) or carry credentials. The policy lists the types that pods may have; every pod has a `projected` one for its service account's token unless automountServiceAccountToken is false.",
        VOLUMES,
    ),
    (
        &["allowedHostPaths"],
        "A path of the node that can be written is often the node itself: through log folders, sockets and the kubelet's own files. Mount it with readOnly: true where the policy allows it for reading, or use a persistent volume or an emptyDir.",
        "https://kubernetes.io/docs/concepts/storage/volumes/#hostpath",
    ),
    (
        &["allowedFlexVolumes"],
        "A FlexVolume driver is a program that runs as root on the node. The policy lists those that may be used; CSI drivers have replaced them.",
        VOLUMES,
    ),
    (
        &["allowedCSIDrivers"],
        "A CSI driver that is used inline takes its parameters from the author of the pod. The policy lists the drivers that are made for that; claims are not governed here.",
        "https://kubernetes.io/docs/concepts/storage/ephemeral-volumes/#csi-ephemeral-volumes",
    ),
    (
        &["runtimeClass"],
        "The runtime class chooses the sandbox that a pod runs in. The policy lists the classes that pods may name.",
        "https://kubernetes.io/docs/concepts/containers/runtime-class/",
    ),
    (
        &["userNamespaceLevel"],
        "In a user namespace of its own a pod's root is an ordinary user of the node, and its capabilities reach nothing outside of the pod. Leave `hostUsers` out or set it to false; it does not go together with host namespaces, block devices and Windows.",
        "https://kubernetes.io/docs/concepts/workloads/pods/user-namespaces/",
    ),
    (
        &["supplementalGroupsPolicy"],
        "An image can put its user into any group through its /etc/group, past all ranges of group ids. With `supplementalGroupsPolicy: Strict` only the groups of the pod count.",
        "https://kubernetes.io/docs/tasks/configure-pod-container/security-context/#supplementalgroupspolicy",
    ),
    (
        &["allowedPodCertificateSigners", "allowedClusterTrustBundleSigners"],
        "A projected volume can ask a signer for a certificate of the pod, and hold trust anchors of a signer. A signer decides whom it trusts with what; the policy lists those that pods may name.",
        "https://kubernetes.io/docs/concepts/storage/projected-volumes/",
    ),
    (
        &["windowsOptions"],
        "Windows containers run as a named user, and as HostProcess containers they are processes of the node. The policy lists the names; ContainerUser has few rights, ContainerAdministrator has all inside of its container.",
        "https://kubernetes.io/docs/concepts/windows/intro/",
    ),
    (
        &["runAsUser"],
        "Root in a container is root on the node as soon as anything else gives way. Give the image a user and say so: `runAsNonRoot: true` makes the kubelet refuse an image that runs as root, `runAsUser` picks an id.",
        CONTEXT,
    ),
    (
        &["runAsGroup", "supplementalGroups", "fsGroup"],
        "Group ids decide which files of volumes a process may read and write, those of other workloads among them. The policy gives ranges; what is left open gets the first id of the first range where the policy demands one.",
        CONTEXT,
    ),
    (
        &["seLinux"],
        "SELinux keeps containers from each other's files by labels. The policy demands one context; leave the field out and it is filled in.",
        "https://kubernetes.io/docs/tasks/configure-pod-container/security-context/#assign-selinux-labels-to-a-container",
    ),
    (
        &["seccomp"],
        "A seccomp profile takes system calls away that containers do not need and exploits do. Set `seccompProfile: {type: RuntimeDefault}` in the pod's security context. Only fields count; annotations have had no effect since Kubernetes 1.27.",
        "https://kubernetes.io/docs/tutorials/security/seccomp/",
    ),
    (
        &["appArmor"],
        "An AppArmor profile confines a container to the files and capabilities it needs. Set `appArmorProfile` in the security context to one that the policy lists.",
        "https://kubernetes.io/docs/tutorials/security/apparmor/",
    ),
    (
        &["allowedProcMountTypes"],
        "With `procMount: Unmasked` a container sees all of /proc, which the runtime otherwise hides. It is made for nested containers in user namespaces; leave it out.",
        STANDARDS,
    ),
    (
        &["allowedCapabilities", "defaultAddCapabilities"],
        "A capability is a slice of root: SYS_ADMIN is most of it, NET_ADMIN and SYS_PTRACE are much of it. Names are written without CAP_. Add only what the policy lists, or run what needs it elsewhere.",
        "https://kubernetes.io/docs/tasks/configure-pod-container/security-context/#set-capabilities-for-a-container",
    ),
    (
        &["requiredDropCapabilities"],
        "Runtimes give containers a dozen capabilities that few need. The policy demands that these are dropped; leave `drop` out and it is filled in.",
        "https://kubernetes.io/docs/tasks/configure-pod-container/security-context/#set-capabilities-for-a-container",
    ),
    (
        &["readOnlyRootFilesystem"],
        "What cannot write to its image cannot plant programs in it. Set `readOnlyRootFilesystem: true` and mount an emptyDir where files are written, /tmp for example.",
        CONTEXT,
    ),
    (
        &["allowPrivilegeEscalation", "defaultAllowPrivilegeEscalation"],
        "With `allowPrivilegeEscalation: false` a process gains nothing from set-uid programs such as sudo. Kubernetes rejects false together with `privileged: true` or an added CAP_SYS_ADMIN.",
        CONTEXT,
    ),
    (
        &["allowedUnsafeSysctls", "forbiddenSysctls"],
        "Sysctls set the kernel's parameters for a pod. The safe ones stay inside of it; others touch the whole node, and the kubelet must allow them too. The policy names which may be set.",
        "https://kubernetes.io/docs/tasks/administer-cluster/sysctl-cluster/",
    ),
    (
        &["authorization"],
        "Policies count only for those who may `use` them: the pod's service account, or the user who creates the pod. Bind the service account to a role that grants the verb `use` on the policy; a ClusterRoleBinding holds everywhere, a RoleBinding in its namespace.",
        RBAC,
    ),
    (
        &["request"],
        "The object cannot be judged as it is. What cannot be read is rejected: a policy that cannot read a pod cannot know what it lets through.",
        STANDARDS,
    ),
];

/// What a rule is for, or a check of the Pod Security Standards as `pss/ID`.
pub(crate) fn of(rule: &str) -> RuleDoc {
    if let Some(id) = rule.strip_prefix("pss/") {
        let purpose = standards::all().find(|(_, check)| check.id == id).map(|(_, check)| check.purpose);
        let purpose = purpose.unwrap_or("A check of the Pod Security Standards.");
        return RuleDoc { purpose, paragraph: purpose, link: STANDARDS };
    }
    let purpose = rules::all().find(|(_, entry)| entry.id == rule).map(|(_, entry)| entry.purpose);
    let known = PARAGRAPHS.iter().find(|(rules, ..)| rules.contains(&rule));
    let (_, paragraph, link) = known.copied().unwrap_or((&[], "The policy refuses this.", STANDARDS));
    let purpose = purpose.unwrap_or(match rule {
        "authorization" => "Who may use which policy.",
        _ => "Whether the object can be judged.",
    });
    RuleDoc { purpose, paragraph, link }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_a_paragraph_and_a_link() {
        for (_, entry) in rules::all() {
            assert_eq!(
                PARAGRAPHS.iter().filter(|(rules, ..)| rules.contains(&entry.id)).count(),
                1,
                "{}",
                entry.id
            );
            assert_eq!(of(entry.id).purpose, entry.purpose);
        }
        for (_, check) in standards::all() {
            assert_eq!(of(&format!("pss/{}", check.id)).purpose, check.purpose);
        }
        assert!(PARAGRAPHS.iter().all(|(.., link)| link.starts_with("https://kubernetes.io/docs/")));
    }
}
