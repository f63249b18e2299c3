#!/usr/bin/env bats

setup() { load helper; }

group() { printf '{"runAsUser":{"rule":"RunAsAny"},"seLinux":{"rule":"RunAsAny"},"supplementalGroups":{"rule":"RunAsAny"},"fsGroup":{"rule":"%s","ranges":[{"min":10,"max":20}]}}' "$1"; }

@test "MustRunAs fills in the first group of the range" {
    review "$(group MustRunAs)" "$(pod "$(container '{}')")"
    patched '[{"op":"add","path":"/spec/securityContext","value":{"fsGroup":10}}]'
}

@test "a group outside of the range is rejected" {
    review "$(group MayRunAs)" "$(pod '{"securityContext":{"fsGroup":0},"containers":[]}')"
    denied 'spec.securityContext.fsGroup: Invalid value: 0: group 0 must be in the ranges: [{10 20}]'
}
