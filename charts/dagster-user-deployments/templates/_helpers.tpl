{{- define "dagster-user-deployments.labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/part-of: dagster
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- /* ConfigMap with the env of a deployment that is a map: { root, deployment } */ -}}
{{- define "dagster-user-deployments.envConfigMap" -}}
{{- printf "%s-%s-user-env" .root.Release.Name .deployment.name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- /* The code to load, as JSON, from the arguments of Dagster's commands: { deployment } */ -}}
{{- define "dagster-user-deployments.code" -}}
{{- $flags := dict
  "-f" "file" "--python-file" "file" "--file" "file"
  "-m" "module" "--module-name" "module" "--module" "module" "-p" "module" "--package-name" "module"
  "-a" "attribute" "--attribute" "attribute"
  "-d" "workingDirectory" "--working-directory" "workingDirectory" -}}
{{- $code := dict -}}
{{- $python := false -}}
{{- $next := "" -}}
{{- range $argument := concat (default list .deployment.dagsterApiGrpcArgs) (default list .deployment.codeServerArgs) -}}
{{- $argument = toString $argument -}}
{{- if $next -}}
{{- $_ := set $code $next $argument -}}
{{- $next = "" -}}
{{- else -}}
{{- $flag := $argument -}}
{{- if and (hasPrefix "--" $argument) (contains "=" $argument) -}}
{{- $flag = splitList "=" $argument | first -}}
{{- end -}}
{{- if not (hasKey $flags $flag) -}}
{{- fail (printf "deployment %s: the argument %q has no meaning here: name the code with --file, --module, --attribute and --working-directory" $.deployment.name $argument) -}}
{{- end -}}
{{- if has $flag (list "--python-file" "-m" "--module-name" "-p" "--package-name") -}}
{{- $python = true -}}
{{- end -}}
{{- if ne $flag $argument -}}
{{- $_ := set $code (get $flags $flag) (trimPrefix (printf "%s=" $flag) $argument) -}}
{{- else -}}
{{- $next = get $flags $flag -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if $next -}}
{{- fail (printf "deployment %s: the last argument needs a value" .deployment.name) -}}
{{- end -}}
{{- range $field := list "file" "module" "attribute" "workingDirectory" -}}
{{- with get $.deployment $field -}}
{{- $_ := set $code $field . -}}
{{- end -}}
{{- end -}}
{{- if eq (hasKey $code "file") (hasKey $code "module") -}}
{{- fail (printf "deployment %s: name its code by either a file or a module, in codeServerArgs, dagsterApiGrpcArgs, file or module" .deployment.name) -}}
{{- end -}}
{{- if or $python (hasSuffix ".py" (get $code "file")) -}}
{{- $_ := set $code "language" "python" -}}
{{- end -}}
{{- with .deployment.language -}}
{{- $_ := set $code "language" . -}}
{{- end -}}
{{- $code | toJson -}}
{{- end -}}

{{- /* A probe as YAML; empty where the operator's own is used: none is given, it is off, or it asks Dagster's gRPC server. */ -}}
{{- define "dagster-user-deployments.probe" -}}
{{- $given := default dict . -}}
{{- $asks := or (hasKey $given "exec") (hasKey $given "httpGet") (hasKey $given "tcpSocket") (hasKey $given "grpc") -}}
{{- $off := eq (toString (get $given "enabled")) "false" -}}
{{- if and $asks (not $off) (not (contains "grpc-health-check" (toJson (get $given "exec")))) -}}
{{- toYaml (omit $given "enabled") -}}
{{- end -}}
{{- end -}}

{{- /* "- key: why" for each value that has no effect. Empty ones, what is switched off and the official defaults are not named. */ -}}
{{- define "dagster-user-deployments.ignored" -}}
{{- $home := "there is no DAGSTER_HOME" }}
{{- $celery := "there is no Celery" }}
{{- $database := "user code does not talk to the database" }}
{{- $chart := dict "dagsterHome" $home "jobNamespace" "runs are in the namespace of their code location" "celeryConfigSecretName" $celery "postgresqlSecretName" $database "global.dagsterHome" $home "global.celeryConfigSecretName" $celery "global.postgresqlSecretName" $database }}
{{- $official := list "" "/opt/dagster/dagster_home" "dagster-celery-config-secret" "dagster-postgresql-secret" }}
{{- range $path, $why := $chart }}
{{- $given := get (ternary $.Values.global $.Values (hasPrefix "global." $path)) (trimPrefix "global." $path) }}
{{- if not (has (default "" $given) $official) }}
- {{ $path }}: {{ $why }}
{{- end }}
{{- end }}
{{- if .Values.rbacEnabled }}
- rbacEnabled: pods of code locations have no rights in the cluster; bind a Role to their service account where code makes objects
{{- end }}
{{- range $deployment := .Values.deployments }}
{{- if ne (int (default 3030 $deployment.port)) 3030 }}
- {{ $deployment.name }}.port: code servers listen on 3030, behind a Service of their own
{{- end }}
{{- if $deployment.deploymentStrategy }}
- {{ $deployment.name }}.deploymentStrategy: old servers always stay until new ones have loaded
{{- end }}
{{- if or (dig "annotations" dict (default dict $deployment.service)) (omit (default dict $deployment.service) "annotations") }}
- {{ $deployment.name }}.service: the Service has no settings
{{- end }}
{{- if eq (dig "includeConfigInLaunchedRuns" "enabled" true $deployment) false }}
- {{ $deployment.name }}.includeConfigInLaunchedRuns: run pods always have the fields of their location; lay others over them with runTemplate
{{- end }}
{{- range $probe := list "readinessProbe" "livenessProbe" "startupProbe" }}
{{- $given := default dict (get $deployment $probe) }}
{{- $settings := omit $given "enabled" }}
{{- $default := dict "periodSeconds" 20 "timeoutSeconds" 10 "successThreshold" 1 "failureThreshold" 3 }}
{{- if and $settings (ne (toString (get $given "enabled")) "false") (ne (toJson $settings) (toJson $default)) (not (include "dagster-user-deployments.probe" $given)) }}
- {{ $deployment.name }}.{{ $probe }}: it {{ ternary "asks a gRPC server, which code servers are not" "names no exec, httpGet, tcpSocket or grpc" (hasKey $given "exec") }}, so the operator's own probe is used
{{- end }}
{{- end }}
{{- end }}
{{- end -}}
