#!/usr/bin/env bats

setup() { load helper; }

@test "a pod that is missing is rejected" {
    review "{$OPEN}" "$(pod '{}' | jq -c '.object = null')"
    denied 'request.object: Required value: there is no object to review'
}

@test "containers that are not a list are rejected with their path" {
    review "{$OPEN}" "$(pod '{"containers":"none"}')"
    denied 'the object cannot be read: spec.containers: must be a list, not the string "none"'
}

@test "a user id that is a string is rejected with its path" {
    review "{$OPEN}" "$(pod "$(container '{"securityContext":{"runAsUser":"0"}}')")"
    denied 'the object cannot be read: spec.containers[0].securityContext.runAsUser: must be a whole number, not the string "0"'
}

@test "an unknown operation is rejected" {
    review "{$OPEN}" "$(pod '{"containers":[]}' | jq -c '.operation = "PATCH"')"
    denied 'request.operation: Unsupported value: "PATCH": supported values: "CREATE", "UPDATE", "DELETE", "CONNECT"'
}
