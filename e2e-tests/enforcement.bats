#!/usr/bin/env bats

setup() { load helper; }

@test "a rule that warns lets the pod pass" {
    review "{$OPEN,\"enforcement\":{\"rules\":{\"hostPID\":\"Warn\"}}}" "$(pod '{"hostPID":true,"containers":[]}')"
    unchanged
    same "$(jq -r '.warnings[]' <<<"$answer")" 'spec.hostPID: Invalid value: true: Host PID is not allowed to be used'
}

@test "a rule that audits tells the audit log alone" {
    review "{$OPEN,\"enforcement\":{\"default\":\"Audit\"}}" "$(pod '{"hostPID":true,"containers":[]}')"
    unchanged
    same "$(jq -r .warnings <<<"$answer")" null
    same "$(jq -r .auditAnnotations.violations <<<"$answer")" 'spec.hostPID: Invalid value: true: Host PID is not allowed to be used'
}

@test "what warns is filled in all the same" {
    review "{$OPEN,\"readOnlyRootFilesystem\":true,\"enforcement\":{\"default\":\"Warn\"}}" "$(pod "$(container '{}')")"
    patched '[{"op":"add","path":"/spec/containers/0/securityContext","value":{"readOnlyRootFilesystem":true}}]'
}
