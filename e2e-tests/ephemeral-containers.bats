#!/usr/bin/env bats

setup() { load helper; }

# attached CONTAINER: a request that adds one ephemeral container to a pod that violates the policy already.
attached() {
    pod '{"hostPID":true,"containers":[{"name":"app"}]}' | jq -c --argjson container "$1" '.operation = "UPDATE" | .subResource = "ephemeralcontainers"
        | .oldObject = .object | .object.spec.ephemeralContainers = [$container]'
}

@test "new ones are evaluated" {
    review "{$OPEN,\"hostPID\":true}" "$(attached '{"name":"d","securityContext":{"privileged":true}}')"
    denied 'spec.ephemeralContainers[0].securityContext.privileged: Invalid value: true: Privileged containers are not allowed'
}

@test "new ones get defaults, the rest of the pod does not" {
    review "{$OPEN,\"hostPID\":true,\"defaultAllowPrivilegeEscalation\":false}" "$(attached '{"name":"d"}')"
    patched '[{"op":"add","path":"/spec/ephemeralContainers/0/securityContext","value":{"allowPrivilegeEscalation":false}}]'
}

@test "fields that a new one shares with its pod are evaluated with it" {
    review "{$OPEN}" "$(attached '{"name":"d"}')"
    denied 'spec.hostPID: Invalid value: true: Host PID is not allowed to be used'
}

@test "existing ones are not evaluated again" {
    review "{$OPEN}" "$(attached '{"name":"d","securityContext":{"privileged":true}}' | jq -c '.oldObject = .object')"
    unchanged
}
