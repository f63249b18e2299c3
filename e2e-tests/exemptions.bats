#!/usr/bin/env bats

setup() { load helper; }

# exempting MATCH [FIELDS]: settings with an exemption from `hostPID` and `privileged`.
exempting() {
    jq -nc --argjson match "$1" --argjson fields "${2:-"{}"}" --argjson open "{$OPEN}" \
        '$open + {exemptions: [{name: "e", match: $match, rules: ["hostPID", "privileged"]} + $fields]}'
}

HOST_PID='{"hostPID":true,"containers":[]}'
OBJECTION='spec.hostPID: Invalid value: true: Host PID is not allowed to be used'

@test "an exemption applies and is audited" {
    for match in '{"namespaces":["shop"]}' '{"usernames":["alice"]}' '{"namespaces":["shop"],"groups":["system:authenticated"]}'; do
        review "$(exempting "$match")" "$(pod "$HOST_PID")"
        unchanged
        same "$(jq -r .auditAnnotations.exemptions <<<"$answer")" e
    done
}

@test "grounds that controllers satisfy need a namespace" {
    refuse "$(exempting '{"groups":["system:authenticated"]}')"
    told 'exemptions[0].match.groups[0]: Invalid value: "system:authenticated": would free the pods of every tenant, which controllers with this account or group create; name the `namespaces` as well'
}

@test "it applies only to the rules it lists" {
    review "$(exempting '{"namespaces":["shop"]}')" "$(pod '{"hostPID":true,"hostIPC":true,"containers":[]}')"
    denied 'spec.hostIPC: Invalid value: true: Host IPC is not allowed to be used'
}

@test "the namespace in the pod's metadata is ignored" {
    review "$(exempting '{"namespaces":["kube-system"]}')" \
        "$(pod "$HOST_PID" | jq -c '.object.metadata += {namespace: "kube-system", labels: {"kubernetes.io/metadata.name": "kube-system"}}')"
    denied "$OBJECTION"
}

@test "an image exempts its own containers, and none with a similar name" {
    local settings
    settings=$(exempting '{"namespaces":["shop"],"images":["registry.example.com/node/*"]}')
    review "$settings" "$(pod '{"containers":[{"name":"a","image":"registry.example.com/node/agent:1","securityContext":{"privileged":true}}]}')"
    unchanged
    review "$settings" "$(pod '{"hostPID":true,"containers":[
        {"name":"a","image":"registry.example.com/node/agent:1","securityContext":{"privileged":true}},
        {"name":"b","image":"registry.example.com/node-evil/agent:1","securityContext":{"privileged":true}}]}')"
    denied "$OBJECTION; spec.containers[1].securityContext.privileged: Invalid value: true: Privileged containers are not allowed"
}

@test "one that has expired is ignored and reported" {
    review "$(exempting '{"namespaces":["shop"]}' '{"expires":"2020-02-29"}')" "$(pod "$HOST_PID")"
    denied "$OBJECTION"
    same "$(jq -r '.warnings[]' <<<"$answer")" 'exemption "e" expired on 2020-02-29'
    same "$(jq -r .auditAnnotations.exemptions <<<"$answer")" 'e (expired on 2020-02-29)'
    review "$(exempting '{"namespaces":["shop"]}' '{"expires":"9999-12-31"}')" "$(pod "$HOST_PID")"
    unchanged
}

@test "images and labels alone are not valid grounds" {
    refuse "$(exempting '{"images":["nginx"]}')"
    told 'exemptions[0].match.images: is accepted only together with `namespaces`: pod authors choose it themselves'
    refuse "$(exempting '{"namespaces":["shop"],"labels":["a"]}')"
    told 'exemptions[0].match.labels: unknown field; known are: "namespaces", "usernames", "groups", "serviceAccounts", "images", "runtimeClasses"'
}
