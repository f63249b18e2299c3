#!/usr/bin/env bats

setup() { load helper; }

@test "what is refused is filled in where nothing is said" {
    review "{$OPEN,\"allowPrivilegeEscalation\":false}" "$(pod "$(container '{}')")"
    patched '[{"op":"add","path":"/spec/containers/0/securityContext","value":{"allowPrivilegeEscalation":false}}]'
}

@test "a container that says otherwise is refused" {
    review "{$OPEN,\"allowPrivilegeEscalation\":false}" "$(pod "$(container '{"securityContext":{"allowPrivilegeEscalation":true}}')")"
    denied 'spec.containers[0].securityContext.allowPrivilegeEscalation: Invalid value: true: Allowing privilege escalation for containers is not allowed'
}

@test "nothing is filled in that the API server would refuse" {
    review "{$OPEN,\"privileged\":true,\"defaultAllowPrivilegeEscalation\":false}" "$(pod "$(container '{"securityContext":{"privileged":true}}')")"
    unchanged
}
