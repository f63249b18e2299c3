#!/usr/bin/env bats

setup() { load helper; }

@test "false is filled in where the field is unset" {
    review "{$OPEN,\"allowPrivilegeEscalation\":false}" "$(pod "$(container '{}')")"
    patched '[{"op":"add","path":"/spec/containers/0/securityContext","value":{"allowPrivilegeEscalation":false}}]'
}

@test "a container that sets true is rejected" {
    review "{$OPEN,\"allowPrivilegeEscalation\":false}" "$(pod "$(container '{"securityContext":{"allowPrivilegeEscalation":true}}')")"
    denied 'spec.containers[0].securityContext.allowPrivilegeEscalation: Invalid value: true: Allowing privilege escalation for containers is not allowed'
}

@test "no value is filled in that the API server would reject" {
    review "{$OPEN,\"privileged\":true,\"defaultAllowPrivilegeEscalation\":false}" "$(pod "$(container '{"securityContext":{"privileged":true}}')")"
    unchanged
}
