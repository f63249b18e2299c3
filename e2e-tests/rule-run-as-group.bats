#!/usr/bin/env bats

setup() { load helper; }

group() { printf '{%s,"runAsGroup":{"rule":"%s","ranges":[{"min":10,"max":20}]}}' "$OPEN" "$1"; }

@test "MustRunAs fills in the first group of the range" {
    review "$(group MustRunAs)" "$(pod "$(container '{}')")"
    patched '[{"op":"add","path":"/spec/containers/0/securityContext","value":{"runAsGroup":10}}]'
}

@test "a group outside of the range is rejected" {
    review "$(group MustRunAs)" "$(pod "$(container '{"securityContext":{"runAsGroup":0}}')")"
    denied 'spec.containers[0].securityContext.runAsGroup: Invalid value: 0: group 0 must be in the ranges: [{10 20}]'
}

@test "MayRunAs leaves a pod without a group alone, and rejects others" {
    review "$(group MayRunAs)" "$(pod "$(container '{}')")"
    unchanged
    review "$(group MayRunAs)" "$(pod '{"securityContext":{"runAsGroup":0},"containers":[{"name":"app"}]}')"
    denied 'spec.containers[0].securityContext.runAsGroup: Invalid value: 0: group 0 must be in the ranges: [{10 20}] (inherited from the pod)'
}
