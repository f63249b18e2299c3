{{- define "psp.labels" -}}
app.kubernetes.io/name: {{ .Values.name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version | replace "+" "_" }}
{{- with .Values.labels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- /* The registry that everything comes from, if Rancher sets one. */ -}}
{{- define "psp.registry" -}}
{{- $global := .root.Values.global | default dict -}}
{{- $cattle := $global.cattle | default dict -}}
{{- $cattle.systemDefaultRegistry | default .own -}}
{{- end -}}

{{- define "psp.module" -}}
{{- $module := .Values.module -}}
{{- $registry := include "psp.registry" (dict "root" . "own" $module.registry) -}}
registry://{{ $registry }}/{{ $module.repository }}:{{ $module.tag | default (printf "v%s" .Chart.AppVersion) }}
{{- with $module.digest }}@{{ . }}{{ end -}}
{{- end -}}

{{- /* The mode of a half. */ -}}
{{- define "psp.mode" -}}
{{- .half.mode | default .root.Values.mode -}}
{{- end -}}

{{- /* In monitor mode nothing may stop while the policy server is down. */ -}}
{{- define "psp.failurePolicy" -}}
{{- $mode := include "psp.mode" . -}}
{{- .root.Values.failurePolicy | default (ternary "Fail" "Ignore" (eq $mode "protect")) -}}
{{- end -}}

{{- /* The names of namespaces that a list stands for, as JSON. */ -}}
{{- define "psp.namespaces" -}}
{{- $lists := .root.Files.Get "files/system-namespaces.yaml" | fromYaml -}}
{{- $names := list -}}
{{- range .names -}}
{{- if hasPrefix "@" . -}}
{{- $names = concat $names (get $lists (trimPrefix "@" .)) -}}
{{- else -}}
{{- $names = append $names . -}}
{{- end -}}
{{- end -}}
{{- $names | uniq | sortAlpha | toJson -}}
{{- end -}}
