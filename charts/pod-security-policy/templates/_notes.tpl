{{- /* What Helm says after an installation: the next step, and the way back. */ -}}
{{- define "psp.notes" -}}
{{- $settings := include "psp.settings" . | fromJson }}
{{- $mutates := include "psp.mutates" . }}
{{- $pods := include "psp.evaluatesPods" . }}
{{- $halves := list }}
{{- if $mutates }}{{ $halves = append $halves "mutating" }}{{ end }}
{{- if $pods }}{{ $halves = append $halves "validating" }}{{ end }}
{{- $names := list }}
{{- range $halves }}{{ $names = append $names (printf "%s-%s" $.Values.name .) }}{{ end }}
{{- $upgrade := printf "helm upgrade %s CHART --namespace %s --reuse-values" .Release.Name .Release.Namespace }}
{{- $filling := include "psp.mode" (dict "root" . "half" .Values.mutating) }}
{{- $judging := include "psp.mode" (dict "root" . "half" .Values.validating) }}
{{- $failure := include "psp.failurePolicy" (dict "root" . "half" .Values.validating) }}
{{- if $pods }}
Wait until the policy server has loaded {{ join " and " $names }}:

  kubectl wait clusteradmissionpolicy {{ join " " $names }} --for=condition=PolicyUniquelyReachable --timeout=5m

{{ if and $mutates (eq $filling "monitor") -}}
Nothing is changed or rejected yet. Read what would be:

  kubectl logs --namespace {{ .Values.policyServer.namespace }} --selector kubewarden/policy-server={{ .Values.policyServer.name }} --tail 100

Next step, when only missing defaults are left: fill them in.

  {{ $upgrade }} --set mutating.mode=protect --set failurePolicy=Ignore
{{- else if eq $judging "monitor" -}}
{{- if $mutates -}}
Defaults are filled in; nothing is rejected yet.
{{- else -}}
Nothing is rejected yet.
{{- end }} Next step, when the log has no rejection that you did not expect:

  {{ $upgrade }} --set mode=protect --set failurePolicy=Ignore
{{- else if eq $failure "Ignore" -}}
Pods are evaluated, and pass while the policy server is down. Next step, when it has proved itself:

  {{ $upgrade }} --set mode=protect --set failurePolicy=Fail
{{- else -}}
Pods are evaluated, and none is created while the policy server is down.
{{- end }}

To switch everything off, which needs no policy server:

  {{ range $index, $half := reverse $halves }}{{ if $index }} && {{ end }}kubectl delete clusteradmissionpolicy {{ $.Values.name }}-{{ $half }} --ignore-not-found{{ end }}
{{- end }}
{{- if and (eq (toString $settings.authorization) "RBAC") (not (include "psp.grants" . | fromJsonArray)) }}

This release grants no policy to anyone. Where no role of yours does (verb `use` on `podsecuritypolicies`), every pod will be
rejected in protect mode: see `grants` in values.yaml.
{{- end }}
{{- end -}}
