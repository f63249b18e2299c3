#!/usr/bin/env bats

setup() { load helper; }

HOSTILE='{"hostNetwork":true,"hostPID":true,"hostIPC":true,"containers":[]}'

@test "each host namespace is rejected by name" {
    review "{$OPEN,\"hostPID\":true}" "$(pod "$HOSTILE")"
    denied 'spec.hostNetwork: Invalid value: true: Host network is not allowed to be used; spec.hostIPC: Invalid value: true: Host IPC is not allowed to be used'
}

@test "allowed ones pass" {
    review "{$OPEN,\"hostNetwork\":true,\"hostPID\":true,\"hostIPC\":true}" "$(pod "$HOSTILE")"
    unchanged
}
