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
    [[ "$complaint" == *'privilegd: '*'`privileged`'* ]] || same "$complaint" 'privilegd'
}

@test "all errors are told at once" {
    refuse '{"runAsUser":{"rule":"MustRunAs"},"seLinux":{"rule":"RunAsAny"},"fsGroup":{"rule":"RunAsAny"}}'
    [[ "$complaint" == *'supplementalGroups.rule: Required value: supported values: '* ]] || same "$complaint" 'supplementalGroups'
    [[ "$complaint" == *'runAsUser.ranges: Required value: must provide at least one range'* ]] || same "$complaint" 'runAsUser'
}

@test "settings without a policy are refused" {
    refuse '{}'
    [[ "$complaint" == *'settings hold no policy'* ]] || same "$complaint" 'settings hold no policy'
}

@test "several policies must say who may use them" {
    refuse '{"policies":[{"metadata":{"name":"a"},"spec":{'"$OPEN"'}},{"metadata":{"name":"b"},"spec":{'"$OPEN"'}}]}'
    [[ "$complaint" == *'authorization: Required value'* ]] || same "$complaint" 'authorization: Required value'
}
