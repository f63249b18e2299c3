#!/usr/bin/env bats

setup() { load helper; }

@test "a pod that is missing is rejected" {
    review "{$OPEN}" "$(pod '{}' | jq -c '.object = null')"
    same "$(jq -r '.allowed, .status.code' <<<"$answer" | paste -sd' ')" 'false 403'
}

@test "containers that are no list are rejected with their path" {
    review "{$OPEN}" "$(pod '{"containers":"none"}')"
    same "$(jq -r .allowed <<<"$answer")" false
    [[ "$(jq -r .status.message <<<"$answer")" == *'spec.containers: must be a list, not a string'* ]] || same "$answer" 'spec.containers'
}

@test "a user id that is a text is rejected with its path" {
    review "{$OPEN}" "$(pod "$(container '{"securityContext":{"runAsUser":"0"}}')")"
    same "$(jq -r .allowed <<<"$answer")" false
    [[ "$(jq -r .status.message <<<"$answer")" == *'spec.containers[0].securityContext.runAsUser: '* ]] || same "$answer" 'runAsUser'
}

@test "an unknown operation is rejected" {
    review "{$OPEN}" "$(pod '{"containers":[]}' | jq -c '.operation = "PATCH"')"
    denied 'request.operation: Unsupported value: "PATCH": supported values: "CREATE", "UPDATE", "DELETE", "CONNECT"'
}
