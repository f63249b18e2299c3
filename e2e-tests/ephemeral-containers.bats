#!/usr/bin/env bats

setup() { load helper; }

# attached CONTAINER: a request that adds one ephemeral container to a pod that is a nightmare already.
attached() {
    pod '{"hostPID":true,"containers":[{"name":"app"}]}' | jq -c --argjson container "$1" '.operation = "UPDATE" | .subResource = "ephemeralcontainers"
        | .oldObject = .object | .object.spec.ephemeralContainers = [$container]'
}

@test "new ones are judged" {
    review "{$OPEN,\"hostPID\":true}" "$(attached '{"name":"d","securityContext":{"privileged":true}}')"
    denied 'spec.ephemeralContainers[0].securityContext.privileged: Invalid value: true: Privileged containers are not allowed'
}

@test "new ones get defaults, and the rest of the pod does not" {
    review "{$OPEN,\"hostPID\":true,\"defaultAllowPrivilegeEscalation\":false}" "$(attached '{"name":"d"}')"
    patched '[{"op":"add","path":"/spec/ephemeralContainers/0/securityContext","value":{"allowPrivilegeEscalation":false}}]'
}

@test "what a new one shares with its pod is judged with it" {
    review "{$OPEN}" "$(attached '{"name":"d"}')"
    denied 'spec.hostPID: Invalid value: true: Host PID is not allowed to be used'
}

@test "old ones are not judged again" {
    review "{$OPEN}" "$(attached '{"name":"d","securityContext":{"privileged":true}}' | jq -c '.oldObject = .object')"
    unchanged
}
