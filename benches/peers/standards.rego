# The Pod Security Standards of Kubernetes 1.37 in Rego: `violations[level]` are the checks that a pod fails.
package standards

violations.baseline := common | baseline_only

violations.restricted := common | restricted_only

# Lists: containers in a set would be hashed whole.
containers := [container |
	some list in ["initContainers", "containers", "ephemeralContainers"]
	some container in input.spec[list]
]

pod := object.get(input.spec, "securityContext", {})

# The security contexts of the pod and of its containers.
contexts := array.concat([pod], [object.get(container, "securityContext", {}) | some container in containers])

is_windows if input.spec.os.name == "windows"

has_user_namespace if input.spec.hostUsers == false

profiles := {"RuntimeDefault", "Localhost"}

common contains "appArmorProfile" if {
	some context in contexts
	type := context.appArmorProfile.type
	not type in profiles
}

common contains "appArmorProfile" if {
	some key, profile in input.metadata.annotations
	startswith(key, "container.apparmor.security.beta.kubernetes.io/")
	not profile in {"", "runtime/default"}
	not startswith(profile, "localhost/")
}

common contains "hostNamespaces" if {
	some field in ["hostNetwork", "hostPID", "hostIPC"]
	input.spec[field] == true
}

common contains "hostPorts" if containers[_].ports[_].hostPort != 0

common contains "hostProbesAndHostLifecycle" if {
	some container in containers
	lifecycle := object.get(container, "lifecycle", {})
	probes := [object.get(container, probe, {}) | some probe in ["livenessProbe", "readinessProbe", "startupProbe"]]
	handlers := array.concat(probes, [object.get(lifecycle, hook, {}) | some hook in ["postStart", "preStop"]])
	some action in ["httpGet", "tcpSocket"]
	handlers[_][action].host != ""
}

common contains "privileged" if containers[_].securityContext.privileged == true

common contains "seLinuxOptions" if {
	some context in contexts
	type := context.seLinuxOptions.type
	not type in {"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}
}

common contains "seLinuxOptions" if {
	some context in contexts
	some field in ["user", "role"]
	context.seLinuxOptions[field] != ""
}

safe_sysctls := {
	"kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range",
	"net.ipv4.ip_unprivileged_port_start", "net.ipv4.ip_local_reserved_ports", "net.ipv4.tcp_keepalive_time",
	"net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem",
	"net.ipv4.tcp_wmem", "net.ipv4.tcp_slow_start_after_idle", "net.ipv4.tcp_notsent_lowat",
}

common contains "sysctls" if {
	some sysctl in pod.sysctls
	not sysctl.name in safe_sysctls
}

common contains "windowsHostProcess" if contexts[_].windowsOptions.hostProcess == true

default_capabilities := {
	"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP", "SETGID",
	"SETPCAP", "SETUID", "SYS_CHROOT",
}

baseline_only contains "capabilities_baseline" if {
	some name in containers[_].securityContext.capabilities.add
	not name in default_capabilities
}

baseline_only contains "hostPathVolumes" if input.spec.volumes[_].hostPath

baseline_only contains "procMount" if {
	not has_user_namespace
	containers[_].securityContext.procMount != "Default"
}

baseline_only contains "seccompProfile_baseline" if {
	some context in contexts
	type := context.seccompProfile.type
	not type in profiles
}

restricted_only contains "allowPrivilegeEscalation" if {
	not is_windows
	some container in containers
	context := object.get(container, "securityContext", {})
	object.get(context, "allowPrivilegeEscalation", true) != false
}

restricted_only contains "capabilities_restricted" if {
	not is_windows
	some container in containers
	not drops_all(container)
}

restricted_only contains "capabilities_restricted" if {
	not is_windows
	some name in containers[_].securityContext.capabilities.add
	name != "NET_BIND_SERVICE"
}

drops_all(container) if "ALL" in container.securityContext.capabilities.drop

restricted_only contains "procMount_restricted" if containers[_].securityContext.procMount != "Default"

sources := {
	"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected", "secret",
}

restricted_only contains "restrictedVolumes" if {
	some volume in input.spec.volumes
	count(object.keys(volume) & sources) == 0
}

restricted_only contains "runAsNonRoot" if {
	not has_user_namespace
	contexts[_].runAsNonRoot == false
}

restricted_only contains "runAsNonRoot" if {
	not has_user_namespace
	some container in containers
	context := object.get(container, "securityContext", {})
	object.get(context, "runAsNonRoot", object.get(pod, "runAsNonRoot", false)) != true
}

restricted_only contains "runAsUser" if {
	not has_user_namespace
	contexts[_].runAsUser == 0
}

restricted_only contains "seccompProfile_restricted" if {
	not is_windows
	some context in contexts
	type := context.seccompProfile.type
	not type in profiles
}

restricted_only contains "seccompProfile_restricted" if {
	not is_windows
	some container in containers
	not container.securityContext.seccompProfile
	not pod_has_profile
}

pod_has_profile if pod.seccompProfile.type in profiles
