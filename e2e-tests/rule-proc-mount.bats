#!/usr/bin/env bats

setup() { load helper; }

@test "Unmasked is rejected unless it is listed" {
    local pod
    pod=$(pod "$(container '{"securityContext":{"procMount":"Unmasked"}}')")
    review "{$OPEN}" "$pod"
    denied 'spec.containers[0].securityContext.procMount: Invalid value: "Unmasked": ProcMountType is not allowed'
    review "{$OPEN,\"allowedProcMountTypes\":[\"Default\",\"Unmasked\"]}" "$pod"
    unchanged
}
