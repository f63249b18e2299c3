#!/usr/bin/env bats

setup() { load helper; }

@test "a bare spec is one policy" {
    review "{$OPEN}" "$(pod "$(container '{}')")"
    unchanged
}

@test "a whole PodSecurityPolicy is one policy" {
    review '{"apiVersion":"policy/v1beta1","kind":"PodSecurityPolicy","metadata":{"name":"p"},"spec":{'"$OPEN"'}}' \
        "$(pod '{"hostPID":true,"containers":[]}')"
    denied 'spec.hostPID: Invalid value: true: Host PID is not allowed to be used'
}

@test "a misspelt key is named with the nearest known one" {
    refuse "{$OPEN,\"privilegd\":true}"
    told 'privilegd: unknown field; did you mean "privileged"?'
}

@test "all errors are reported at once" {
    refuse '{"runAsUser":{"rule":"MustRunAs"},"seLinux":{"rule":"RunAsAny"},"fsGroup":{"rule":"RunAsAny"}}'
    told 'supplementalGroups.rule: Required value: supported values: "MayRunAs", "MustRunAs", "RunAsAny"; runAsUser.ranges: Required value: must provide at least one range'
}

@test "settings without a policy are rejected" {
    refuse '{}'
    told 'settings hold no policy, no standard and no labels of namespaces; give the fields of a PodSecurityPolicy spec, a whole PodSecurityPolicy, several under `policies`, a level under `podSecurityStandards`, or `namespaceLabels`'
}

@test "several policies must say who may use them" {
    refuse '{"policies":[{"metadata":{"name":"a"},"spec":{'"$OPEN"'}},{"metadata":{"name":"b"},"spec":{'"$OPEN"'}}]}'
    told 'authorization: Required value: with several policies, say whether `RBAC` decides who may use which, or `None` lets any pod use any'
}
