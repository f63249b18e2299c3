#!/usr/bin/env bats

setup() { load helper; }

group() { printf '{"runAsUser":{"rule":"RunAsAny"},"seLinux":{"rule":"RunAsAny"},"fsGroup":{"rule":"RunAsAny"},"supplementalGroups":{"rule":"%s","ranges":[{"min":10,"max":20}]}}' "$1"; }

@test "MustRunAs fills in the first group of the range" {
    review "$(group MustRunAs)" "$(pod "$(container '{}')")"
    patched '[{"op":"add","path":"/spec/securityContext","value":{"supplementalGroups":[10]}}]'
}

@test "every group outside of the range is rejected" {
    review "$(group MayRunAs)" "$(pod '{"securityContext":{"supplementalGroups":[15,5,25]},"containers":[]}')"
    denied 'spec.securityContext.supplementalGroups: Invalid value: [15, 5, 25]: group 5 must be in the ranges: [{10 20}]; spec.securityContext.supplementalGroups: Invalid value: [15, 5, 25]: group 25 must be in the ranges: [{10 20}]'
}
