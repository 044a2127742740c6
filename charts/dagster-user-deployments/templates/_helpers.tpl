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

{{- /* "- key: why" for each value that has no effect. */ -}}
{{- define "dagster-user-deployments.ignored" -}}
{{- $chart := dict "dagsterHome" "there is no DAGSTER_HOME" "rbacEnabled" "pods of code locations have no rights in the cluster" "jobNamespace" "runs are in the namespace of their code location" "celeryConfigSecretName" "there is no Celery" "postgresqlSecretName" "user code does not talk to the database" }}
{{- range $key, $why := $chart }}
{{- if hasKey $.Values $key }}
- {{ $key }}: {{ $why }}
{{- end }}
{{- end }}
{{- range $key, $why := dict "postgresqlSecretName" "user code does not talk to the database" "dagsterHome" "there is no DAGSTER_HOME" "celeryConfigSecretName" "there is no Celery" }}
{{- if hasKey $.Values.global $key }}
- global.{{ $key }}: {{ $why }}
{{- end }}
{{- end }}
{{- $why := dict "port" "code servers listen on 3030, behind a Service of their own" "deploymentStrategy" "old servers always stay until new ones have loaded" "service" "the Service has no settings" }}
{{- range $deployment := .Values.deployments }}
{{- range $key, $reason := $why }}
{{- if hasKey $deployment $key }}
- {{ $deployment.name }}.{{ $key }}: {{ $reason }}
{{- end }}
{{- end }}
{{- if eq (dig "includeConfigInLaunchedRuns" "enabled" true $deployment) false }}
- {{ $deployment.name }}.includeConfigInLaunchedRuns: run pods always have the fields of their location; lay others over them with runTemplate
{{- end }}
{{- range $probe := list "readinessProbe" "livenessProbe" "startupProbe" }}
{{- $given := get $deployment $probe }}
{{- if and $given (not (or (hasKey $given "exec") (hasKey $given "httpGet") (hasKey $given "tcpSocket") (hasKey $given "grpc"))) }}
- {{ $deployment.name }}.{{ $probe }}: it names no exec, httpGet, tcpSocket or grpc, so the operator's own probe is used
{{- end }}
{{- end }}
{{- end }}
{{- end -}}
