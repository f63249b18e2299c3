# What all files share. Runs under kwctl where $KWCTL names it, else under policy-host.

ROOT=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
POLICY=$ROOT/annotated-policy.wasm
OPEN='"runAsUser":{"rule":"RunAsAny"},"seLinux":{"rule":"RunAsAny"},"supplementalGroups":{"rule":"RunAsAny"},"fsGroup":{"rule":"RunAsAny"}'

# kwctl prints a trace behind its errors where it is told to.
export RUST_BACKTRACE=0

host() {
    local program=${KWCTL:-${POLICY_HOST:-policy-host}}
    # A path in the Makefile is one from the root of the repository.
    [[ $program == */* && $program != /* ]] && program=$ROOT/$program
    "$program" run "$POLICY" "$@"
}

# pod SPEC: an AdmissionRequest that creates a pod.
pod() {
    jq -nc --argjson spec "$1" '{uid: "1", operation: "CREATE", namespace: "shop", name: "web",
        kind: {group: "", version: "v1", kind: "Pod"}, resource: {group: "", version: "v1", resource: "pods"},
        requestKind: {group: "", version: "v1", kind: "Pod"}, requestResource: {group: "", version: "v1", resource: "pods"},
        userInfo: {username: "alice", groups: ["system:authenticated"]}, dryRun: false, options: {},
        object: {apiVersion: "v1", kind: "Pod", metadata: {name: "web", namespace: "shop"}, spec: $spec}}'
}

# container FIELDS: the spec of a pod with one container that also has these fields.
container() { jq -nc --argjson fields "$1" '{containers: [{name: "app", image: "app"} + $fields]}'; }

# review SETTINGS REQUEST [FLAG...]: puts the answer into $answer.
review() {
    local settings=$1 request=$BATS_TEST_TMPDIR/request.json
    printf '%s' "$2" >"$request"
    shift 2
    answer=$(host --request-path "$request" --settings-json "$settings" "$@" 2>"$BATS_TEST_TMPDIR/log")
}

# refuse SETTINGS: puts what is printed about settings that are not valid into $complaint.
refuse() {
    printf '%s' "$(pod '{"containers":[]}')" >"$BATS_TEST_TMPDIR/request.json"
    if host --request-path "$BATS_TEST_TMPDIR/request.json" --settings-json "$1" >/dev/null 2>"$BATS_TEST_TMPDIR/log"; then
        echo "settings were accepted: $1"
        return 1
    fi
    complaint=$(cat "$BATS_TEST_TMPDIR/log")
}

same() {
    [[ "$1" == "$2" ]] || { printf 'expected: %s\n     got: %s\n' "$2" "$1"; return 1; }
}

unchanged() { same "$(jq -c '[.allowed, .patch]' <<<"$answer")" '[true,null]'; }

# denied MESSAGE: the whole of it.
denied() {
    same "$(jq -r '.allowed, .status.code' <<<"$answer" | paste -sd' ')" 'false 403'
    same "$(jq -r .status.message <<<"$answer")" "$1"
}

# told PROBLEMS: all that is wrong with the settings; what stands before it is the host's.
told() { same "${complaint##*"Provided settings are not valid: "}" "$1"; }

# patched PATCH: the decoded one, sorted by path.
patched() {
    same "$(jq -r .allowed <<<"$answer")" true
    same "$(jq -r .patch <<<"$answer" | base64 -d | jq -Sc 'sort_by(.path)')" "$(jq -Sc 'sort_by(.path)' <<<"$1")"
}
