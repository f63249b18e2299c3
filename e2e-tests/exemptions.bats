#!/usr/bin/env bats

setup() { load helper; }

# exempt MATCH EXPIRES: settings under which those who match may be privileged until then.
exempt() {
    printf '{%s,"readOnlyRootFilesystem":true,"exemptions":[{"name":"agents","match":%s,"rules":["privileged","readOnlyRootFilesystem"],"expires":"%s"}]}' "$OPEN" "$1" "$2"
}

PRIVILEGED='{"securityContext":{"privileged":true}}'

@test "an exempt rule neither objects nor fills in" {
    review "$(exempt '{"namespaces":["shop"]}' 2999-01-31)" "$(pod "$(container "$PRIVILEGED")")"
    unchanged
    same "$(jq -r .auditAnnotations.exemptions <<<"$answer")" agents
}

@test "others are judged" {
    review "$(exempt '{"namespaces":["kube-system"]}' 2999-01-31)" "$(pod "$(container "$PRIVILEGED")")"
    denied 'spec.containers[0].securityContext.privileged: Invalid value: true: Privileged containers are not allowed'
}

@test "an exemption ends" {
    review "$(exempt '{"namespaces":["shop"]}' 2020-01-31)" "$(pod "$(container "$PRIVILEGED")")"
    denied 'spec.containers[0].securityContext.privileged: Invalid value: true: Privileged containers are not allowed'
}

@test "images exempt only beside namespaces" {
    refuse "$(exempt '{"images":["registry.example.com/agent/*"]}' 2999-01-31)"
    told 'exemptions[0].match.images: is accepted only beside `namespaces`: authors of pods choose it themselves'
}
