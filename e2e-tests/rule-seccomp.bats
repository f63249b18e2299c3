#!/usr/bin/env bats

setup() { load helper; }

@test "without settings Unconfined is rejected and RuntimeDefault passes" {
    review "{$OPEN}" "$(pod '{"containers":[],"securityContext":{"seccompProfile":{"type":"Unconfined"}}}')"
    denied 'spec.securityContext.seccompProfile: Forbidden: seccomp may not be set to unconfined, only to runtime/default'
    review "{$OPEN}" "$(pod '{"containers":[],"securityContext":{"seccompProfile":{"type":"RuntimeDefault"}}}')"
    unchanged
}

@test "the default profile is filled in" {
    review "{$OPEN,\"annotations\":{\"seccomp.security.alpha.kubernetes.io/allowedProfileNames\":\"runtime/default,localhost/web\",\"seccomp.security.alpha.kubernetes.io/defaultProfileName\":\"localhost/web\"}}" "$(pod "$(container '{}')")"
    patched '[{"op":"add","path":"/spec/securityContext","value":{"seccompProfile":{"localhostProfile":"web","type":"Localhost"}}}]'
}

@test "an annotation of the pod becomes the field" {
    review "{$OPEN,\"annotations\":{\"seccomp.security.alpha.kubernetes.io/allowedProfileNames\":\"*\"}}" \
        "$(pod '{"containers":[]}' | jq -c '.object.metadata.annotations = {"seccomp.security.alpha.kubernetes.io/pod": "runtime/default"}')"
    patched '[{"op":"add","path":"/spec/securityContext","value":{"seccompProfile":{"type":"RuntimeDefault"}}}]'
}
