#!/usr/bin/env bats

setup() { load helper; }

# workload GROUP KIND: creates one whose pods set hostPID.
workload() {
    pod '{}' | jq -c --arg group "$1" --arg kind "$2" '.kind = {group: $group, version: "v1", kind: $kind} | .requestKind = .kind
        | .object = {apiVersion: "\($group)/v1", kind: $kind, metadata: {name: "web"}, spec: {template: {spec: {hostPID: true, containers: []}}}}'
}

OBJECTION='spec.template.spec.hostPID: Invalid value: true: Host PID is not allowed to be used'

@test "a workload whose pods would be rejected is rejected" {
    review "{$OPEN}" "$(workload apps Deployment)"
    denied "$OBJECTION"
}

@test "workloads: Warn lets it pass with a warning" {
    review "{$OPEN,\"workloads\":\"Warn\"}" "$(workload apps Deployment)"
    unchanged
    same "$(jq -r '.warnings[]' <<<"$answer")" "pods of this Deployment would be rejected: $OBJECTION"
}

@test "workloads: Ignore lets it pass" {
    review "{$OPEN,\"workloads\":\"Ignore\"}" "$(workload apps Deployment)"
    unchanged
    same "$(jq -r .warnings <<<"$answer")" null
}

@test "podTemplates names further kinds" {
    review "{$OPEN,\"podTemplates\":[{\"apiGroup\":\"argoproj.io\",\"kind\":\"Rollout\",\"path\":\"spec.template\"}]}" "$(workload argoproj.io Rollout)"
    denied "$OBJECTION"
}

@test "an unsupported kind is rejected" {
    review "{$OPEN}" "$(workload argoproj.io Rollout)"
    denied 'request.kind: "Rollout" of the API group "argoproj.io" is not judged by this policy; judged are: Pod, Deployment, ReplicaSet, StatefulSet, DaemonSet, ReplicationController, Job, CronJob, PodTemplate; register it for those, or name further kinds in `podTemplates`'
}
