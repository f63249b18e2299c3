#!/usr/bin/env bats

# The policy server: the pair, monitor mode and an audit. Kubewarden's, where $POLICY_SERVER names it, else `policy-host
# serve`. Needs curl.

setup_file() {
    load helper
    local settings="$OPEN,\"requiredDropCapabilities\":[\"ALL\"]"
    registration() {
        jq -nc --arg path "file://$POLICY" --arg mode "$1" --argjson mutating "$2" --argjson settings "{$3}" \
            '{module: $path, policyMode: $mode, allowedToMutate: $mutating, hostCapabilities: ["*"], settings: $settings}'
    }
    jq -nc --argjson mutating "$(registration protect true "$settings")" \
        --argjson validating "$(registration protect false "$settings,\"mutate\":false")" \
        --argjson forgetful "$(registration protect false "$settings")" \
        --argjson monitored "$(registration monitor true "$settings")" \
        '{$mutating, $validating, $forgetful, $monitored}' >"$BATS_FILE_TMPDIR/policies.yml"
    start || start || start
}

# Starts the server on ports that seem to be free, and waits until it is ready.
start() {
    export PORT=$((20000 + RANDOM % 20000))
    local server=("${POLICY_HOST:-policy-host}" serve)
    if [[ -n ${POLICY_SERVER:-} ]]; then server=("$POLICY_SERVER"); fi
    "${server[@]}" --addr 127.0.0.1 --port "$PORT" --readiness-probe-port "$((PORT + 1))" --workers 1 \
        --policies "$BATS_FILE_TMPDIR/policies.yml" --policies-download-dir "$BATS_FILE_TMPDIR" \
        --ignore-kubernetes-connection-failure >"$BATS_FILE_TMPDIR/log" 2>&1 3>&- &
    export SERVER=$!
    until curl --silent --fail "http://127.0.0.1:$((PORT + 1))/readiness" >/dev/null; do
        kill -0 "$SERVER" || return 1
        sleep 0.2
    done
}

teardown_file() {
    if [[ -n ${SERVER:-} ]]; then kill "$SERVER"; fi
}

setup() {
    load helper
}

# post PATH REQUEST: puts the server's response into $answer.
post() {
    answer=$(jq -nc --argjson request "$2" '{apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", $request}' |
        curl --silent --fail --header 'Content-Type: application/json' --data @- "http://127.0.0.1:$PORT/$1" | jq -c .response)
}

FILLED='would be filled in: spec.containers[0].securityContext.capabilities.drop = ["ALL"]'

@test "the mutating half fills in" {
    post validate/mutating "$(pod "$(container '{}')")"
    patched '[{"op":"add","path":"/spec/containers/0/securityContext","value":{"capabilities":{"drop":["ALL"]}}}]'
}

@test "the mutating half rejects violations that no default can fix" {
    post validate/mutating "$(pod '{"hostPID":true,"containers":[]}')"
    denied 'spec.hostPID: Invalid value: true: Host PID is not allowed to be used'
}

@test "the validating half reports missing defaults" {
    post validate/validating "$(pod "$(container '{}')")"
    denied "$FILLED"
}

@test "without mutate: false the server itself rejects the mutation" {
    post validate/forgetful "$(pod "$(container '{}')")"
    same "$(jq -c '[.allowed, .patch]' <<<"$answer")" '[false,null]'
    same "$(jq -r .status.message <<<"$answer")" 'Request rejected by policy forgetful. The policy attempted to mutate the request, but it is currently configured to not allow mutations.'
}

@test "monitor mode writes nothing and rejects nothing" {
    post validate/monitored "$(pod "$(container '{}')")"
    unchanged
    post validate/monitored "$(pod '{"hostPID":true,"containers":[]}')"
    unchanged
}

@test "an audit gets the same response" {
    post audit/validating "$(pod "$(container '{}')" | jq -c '.userInfo = {}')"
    denied "$FILLED"
}
