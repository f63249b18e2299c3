#!/usr/bin/env bats

setup() { load helper; }

user() { printf '{"runAsUser":%s,"seLinux":{"rule":"RunAsAny"},"supplementalGroups":{"rule":"RunAsAny"},"fsGroup":{"rule":"RunAsAny"}}' "$1"; }
RANGE='{"rule":"MustRunAs","ranges":[{"min":1000,"max":2000}]}'

@test "MustRunAs fills in the first user of the range" {
    review "$(user "$RANGE")" "$(pod "$(container '{}')")"
    patched '[{"op":"add","path":"/spec/containers/0/securityContext","value":{"runAsUser":1000}}]'
}

@test "MustRunAs rejects users outside of the range" {
    review "$(user "$RANGE")" "$(pod "$(container '{"securityContext":{"runAsUser":0}}')")"
    denied 'spec.containers[0].securityContext.runAsUser: Invalid value: 0: must be in the ranges: [{1000 2000}]'
}

@test "MustRunAsNonRoot fills in runAsNonRoot" {
    review "$(user '{"rule":"MustRunAsNonRoot"}')" "$(pod "$(container '{}')")"
    patched '[{"op":"add","path":"/spec/containers/0/securityContext","value":{"runAsNonRoot":true}}]'
}

@test "MustRunAsNonRoot rejects root" {
    review "$(user '{"rule":"MustRunAsNonRoot"}')" "$(pod "$(container '{"securityContext":{"runAsUser":0}}')")"
    denied 'spec.containers[0].securityContext.runAsUser: Invalid value: 0: running with the root UID is forbidden'
}
