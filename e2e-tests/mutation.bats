#!/usr/bin/env bats

setup() { load helper; }

@test "defaults are filled in, and nothing else changes" {
    review "{$OPEN,\"defaultAllowPrivilegeEscalation\":false,\"requiredDropCapabilities\":[\"NET_RAW\"],\"annotations\":{\"seccomp.security.alpha.kubernetes.io/allowedProfileNames\":\"*\",\"seccomp.security.alpha.kubernetes.io/defaultProfileName\":\"runtime/default\"}}" \
        "$(pod '{"containers":[{"name":"a","unknown":null}],"newer":{"field":1.50}}')"
    patched '[
        {"op":"add","path":"/spec/containers/0/securityContext","value":{"allowPrivilegeEscalation":false,"capabilities":{"drop":["NET_RAW"]}}},
        {"op":"add","path":"/spec/securityContext","value":{"seccompProfile":{"type":"RuntimeDefault"}}}]'
}

@test "fields that the author set are kept" {
    review "{$OPEN,\"defaultAllowPrivilegeEscalation\":false}" "$(pod "$(container '{"securityContext":{"allowPrivilegeEscalation":true}}')")"
    unchanged
}

@test "mutate: false reports missing defaults" {
    review '{"mutate":false,"runAsUser":{"rule":"MustRunAsNonRoot"},"seLinux":{"rule":"RunAsAny"},"supplementalGroups":{"rule":"RunAsAny"},"fsGroup":{"rule":"MustRunAs","ranges":[{"min":5,"max":9}]}}' "$(pod "$(container '{}')")"
    denied 'would be filled in: spec.securityContext.fsGroup = 5; would be filled in: spec.containers[0].securityContext.runAsNonRoot = true'
}
