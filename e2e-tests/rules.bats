#!/usr/bin/env bats

setup() { load helper; }

@test "host namespaces" {
    review "{$OPEN,\"hostPID\":true}" "$(pod '{"hostNetwork":true,"hostPID":true,"hostIPC":true,"containers":[]}')"
    denied 'spec.hostNetwork: Invalid value: true: Host network is not allowed to be used; spec.hostIPC: Invalid value: true: Host IPC is not allowed to be used'
}

@test "privileged containers, init containers too" {
    review "{$OPEN}" "$(pod '{"initContainers":[{"name":"i","securityContext":{"privileged":true}}],"containers":[{"name":"c","securityContext":{"privileged":true}}]}')"
    denied 'spec.initContainers[0].securityContext.privileged: Invalid value: true: Privileged containers are not allowed; spec.containers[0].securityContext.privileged: Invalid value: true: Privileged containers are not allowed'
}

@test "capabilities" {
    review "{$OPEN,\"allowedCapabilities\":[\"CHOWN\"]}" "$(pod "$(container '{"securityContext":{"capabilities":{"add":["CHOWN","SYS_ADMIN"]}}}')")"
    denied 'spec.containers[0].securityContext.capabilities.add: Invalid value: "SYS_ADMIN": capability may not be added'
}

@test "volumes and host paths" {
    local settings="{$OPEN,\"volumes\":[\"hostPath\"],\"allowedHostPaths\":[{\"pathPrefix\":\"/var/log\"}]}"
    review "$settings" "$(pod '{"containers":[],"volumes":[{"name":"a","hostPath":{"path":"/var/log/pods"}}]}')"
    unchanged
    review "$settings" "$(pod '{"containers":[],"volumes":[{"name":"a","hostPath":{"path":"/etc"}},{"name":"b","nfs":{}}]}')"
    denied 'spec.volumes[1]: Invalid value: "nfs": nfs volumes are not allowed to be used; spec.volumes[0].hostPath.path: Invalid value: "/etc": is not allowed to be used'
}

@test "users and groups" {
    local user='"runAsUser":{"rule":"MustRunAs","ranges":[{"min":1000,"max":2000}]},"seLinux":{"rule":"RunAsAny"},"supplementalGroups":{"rule":"RunAsAny"},"fsGroup":{"rule":"RunAsAny"}'
    review "{$user}" "$(pod "$(container '{"securityContext":{"runAsUser":0}}')")"
    denied 'spec.containers[0].securityContext.runAsUser: Invalid value: 0: must be in the ranges: [{1000 2000}]'
}

@test "sysctls" {
    review "{$OPEN,\"forbiddenSysctls\":[\"kernel.shm_rmid_forced\"]}" "$(pod '{"containers":[],"securityContext":{"sysctls":[{"name":"kernel/shm_rmid_forced","value":"1"}]}}')"
    denied 'spec.securityContext.sysctls[0]: Forbidden: sysctl "kernel/shm_rmid_forced" is not allowed'
}

@test "host ports" {
    review "{$OPEN,\"hostPorts\":[{\"min\":8000,\"max\":8080}]}" "$(pod "$(container '{"ports":[{"containerPort":80,"hostPort":8000},{"containerPort":81,"hostPort":81}]}')")"
    denied 'spec.containers[0].ports[1].hostPort: Invalid value: 81: Host port 81 is not allowed to be used. Allowed ports: [8000-8080]'
}

@test "privilege escalation" {
    review "{$OPEN,\"allowPrivilegeEscalation\":false}" "$(pod "$(container '{"securityContext":{"allowPrivilegeEscalation":true}}')")"
    denied 'spec.containers[0].securityContext.allowPrivilegeEscalation: Invalid value: true: Allowing privilege escalation for containers is not allowed'
}

@test "seccomp" {
    review "{$OPEN}" "$(pod '{"containers":[],"securityContext":{"seccompProfile":{"type":"Unconfined"}}}')"
    denied 'spec.securityContext.seccompProfile: Forbidden: seccomp may not be set to unconfined, only to runtime/default'
    review "{$OPEN}" "$(pod '{"containers":[],"securityContext":{"seccompProfile":{"type":"RuntimeDefault"}}}')"
    unchanged
}

@test "runtime classes" {
    review "{$OPEN,\"runtimeClass\":{\"allowedRuntimeClassNames\":[\"gvisor\"]}}" "$(pod '{"containers":[],"runtimeClassName":"kata"}')"
    denied 'spec.runtimeClassName: Invalid value: "kata"'
}
