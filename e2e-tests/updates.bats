#!/usr/bin/env bats

setup() { load helper; }

update() { jq -c --argjson new "$2" '.operation = "UPDATE" | .oldObject = .object | .object = (.object * $new)' <<<"$1"; }

@test "an update of the status alone passes" {
    review "{$OPEN}" "$(update "$(pod '{"hostPID":true,"containers":[]}')" '{"status":{"phase":"Running"}}')"
    unchanged
}

@test "an update is evaluated and never mutated" {
    review "{$OPEN,\"defaultAllowPrivilegeEscalation\":false}" "$(update "$(pod "$(container '{}')")" '{"spec":{"hostname":"h"}}')"
    same "$(jq -r .patch <<<"$answer")" null
    review "{$OPEN}" "$(update "$(pod '{"hostPID":true,"containers":[]}')" '{"spec":{"hostname":"h"}}')"
    denied 'spec.hostPID: Invalid value: true: Host PID is not allowed to be used'
}

@test "an update of metadata and scheduling alone passes" {
    review "{$OPEN}" "$(update "$(pod '{"hostPID":true,"containers":[]}')" '{"metadata":{"labels":{"a":"b"}},"spec":{"tolerations":[]}}')"
    unchanged
}

@test "deletions and other subresources pass" {
    review "{$OPEN}" "$(pod '{"hostPID":true,"containers":[]}' | jq -c '.operation = "DELETE" | .oldObject = .object | .object = null')"
    unchanged
    review "{$OPEN}" "$(pod '{"hostPID":true,"containers":[]}' | jq -c '.subResource = "eviction"')"
    unchanged
}
