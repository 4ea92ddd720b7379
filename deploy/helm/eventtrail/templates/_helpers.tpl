{{- define "eventtrail.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "eventtrail.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains (include "eventtrail.name" .) .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "eventtrail.name" .) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Of all pods of the release. */}}
{{- define "eventtrail.selector" -}}
app.kubernetes.io/name: {{ include "eventtrail.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "eventtrail.labels" -}}
{{ include "eventtrail.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{/*
The parts that run, as YAML by name: a part has its own keys, and those of .Values.defaults that it leaves out.
The arguments of sink, indexer, notifier and sealer begin with their command.
*/}}
{{- define "eventtrail.parts" -}}
{{- $parts := dict -}}
{{- range $name := list "sink" "indexer" "notifier" "sealer" -}}
{{- $given := index $.Values $name -}}
{{- if $given.enabled -}}
{{- $part := dict -}}
{{- range $key, $value := $.Values.defaults -}}{{- $_ := set $part $key $value -}}{{- end -}}
{{- range $key, $value := $given -}}{{- $_ := set $part $key $value -}}{{- end -}}
{{- $command := ternary (list "proof" "checkpoint") (list $name) (eq $name "sealer") -}}
{{- $_ := set $part "args" (concat $command $part.args) -}}
{{- $_ := set $parts $name $part -}}
{{- end -}}
{{- end -}}
{{- range $name, $given := $.Values.handlers -}}
{{- if has $name (list "sink" "indexer" "notifier" "sealer" "migrate") -}}
{{- fail (printf "handlers.%s: this name is taken, give the handlers another one" $name) -}}
{{- end -}}
{{- $part := dict -}}
{{- range $key, $value := $.Values.defaults -}}{{- $_ := set $part $key $value -}}{{- end -}}
{{- range $key, $value := $given -}}{{- $_ := set $part $key $value -}}{{- end -}}
{{- $_ := set $parts $name $part -}}
{{- end -}}
{{- toYaml $parts -}}
{{- end -}}

{{/* The image of a part: its own, or that of the chart. Takes root and part. */}}
{{- define "eventtrail.image" -}}
{{- $own := .part.image | default dict -}}
{{- $repository := $own.repository | default .root.Values.image.repository -}}
{{- $digest := $own.digest | default (ternary "" .root.Values.image.digest (or (hasKey $own "repository") (hasKey $own "tag"))) -}}
{{- $tag := $own.tag | default .root.Values.image.tag | default .root.Chart.AppVersion -}}
{{- if $digest -}}
{{- printf "%s@%s" $repository $digest -}}
{{- else -}}
{{- printf "%s:%s" $repository $tag -}}
{{- end -}}
{{- end -}}

{{/* The environment of a part; its own settings win over those of all parts. Takes root and part. */}}
{{- define "eventtrail.env" -}}
{{- $env := dict -}}
{{- range $source := list .root.Values .part -}}
{{- range $name, $value := $source.config -}}
{{- $_ := set $env $name (dict "name" $name "value" (toString $value)) -}}
{{- end -}}
{{- range $name, $key := $source.secretEnv -}}
{{- $_ := set $env $name (dict "name" $name "valueFrom" (dict "secretKeyRef" $key)) -}}
{{- end -}}
{{- end -}}
{{- range $name := keys $env | sortAlpha }}
- {{ index $env $name | toJson }}
{{- end }}
{{- range $each := concat .root.Values.extraEnv .part.extraEnv }}
- {{ $each | toJson }}
{{- end }}
{{- end -}}

{{/* Secrets as files: those of all parts, then those of this one. Takes root and part. */}}
{{- define "eventtrail.secretMounts" -}}
{{- range $index, $each := concat .root.Values.secretFiles .part.secretFiles }}
- { name: secret-{{ $index }}, mountPath: {{ $each.path | quote }}, readOnly: true }
{{- end }}
{{- end -}}

{{/* Without subPath, so that a Secret that changes is seen in the files. 288 is 0440: for the group of the pod. */}}
{{- define "eventtrail.secretVolumes" -}}
{{- range $index, $each := concat .root.Values.secretFiles .part.secretFiles }}
- name: secret-{{ $index }}
  secret: { secretName: {{ $each.secret | quote }}, defaultMode: 288 }
{{- end }}
{{- end -}}

{{- define "eventtrail.serviceAccountName" -}}
{{- if .Values.serviceAccount.name -}}
{{- .Values.serviceAccount.name -}}
{{- else if .Values.serviceAccount.create -}}
{{- include "eventtrail.fullname" . -}}
{{- else -}}
default
{{- end -}}
{{- end -}}
