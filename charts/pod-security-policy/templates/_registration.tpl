{{- /* The fields that all registrations have: takes root, half, suffix, mutating, audit. */ -}}
{{- define "psp.registration" -}}
{{- $root := .root -}}
apiVersion: policies.kubewarden.io/v1
kind: ClusterAdmissionPolicy
metadata:
  name: {{ $root.Values.name }}-{{ .suffix }}
  labels:
    {{- include "psp.labels" $root | nindent 4 }}
  annotations:
    io.kubewarden.policy.title: {{ $root.Chart.Name }}
    io.kubewarden.policy.category: PSP
    io.kubewarden.policy.severity: critical
    {{- with .half.annotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  policyServer: {{ $root.Values.policyServer.name }}
  module: {{ include "psp.module" $root }}
  mode: {{ include "psp.mode" . }}
  mutating: {{ .mutating }}
  failurePolicy: {{ include "psp.failurePolicy" . }}
  backgroundAudit: {{ .audit }}
  timeoutSeconds: {{ $root.Values.timeoutSeconds }}
  contextAwareResources: []
{{- end -}}

{{- /* Everything but these namespaces, by an expression: the controller ignores matchLabels. Takes root and names. */ -}}
{{- define "psp.namespaceSelector" -}}
{{- $names := include "psp.namespaces" . | fromJsonArray -}}
{{- if $names }}
namespaceSelector:
  matchExpressions:
  - key: kubernetes.io/metadata.name
    operator: NotIn
    values: {{ toJson $names }}
{{- end }}
{{- end -}}
