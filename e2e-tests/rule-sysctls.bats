#!/usr/bin/env bats

setup() { load helper; }

sysctl() { pod "{\"containers\":[],\"securityContext\":{\"sysctls\":[{\"name\":\"$1\",\"value\":\"1\"}]}}"; }

@test "unsafe ones are rejected unless they are allowed" {
    review "{$OPEN}" "$(sysctl kernel.msgmax)"
    denied 'spec.securityContext.sysctls[0]: Forbidden: unsafe sysctl "kernel.msgmax" is not allowed'
    review "{$OPEN,\"allowedUnsafeSysctls\":[\"kernel.msg*\"]}" "$(sysctl kernel.msgmax)"
    unchanged
}

@test "both spellings are the same name" {
    review "{$OPEN,\"forbiddenSysctls\":[\"kernel.shm_rmid_forced\"]}" "$(sysctl kernel/shm_rmid_forced)"
    denied 'spec.securityContext.sysctls[0]: Forbidden: sysctl "kernel/shm_rmid_forced" is not allowed'
}
