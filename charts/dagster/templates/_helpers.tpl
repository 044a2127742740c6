{{- define "dagster.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 41 | trimSuffix "-" -}}
{{- end -}}

{{- /* 52 characters are left to a StatefulSet, whose pods have its name and a hash as a label; "-postgresql" is 11 of them. */ -}}
{{- define "dagster.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 41 | trimSuffix "-" -}}
{{- else if contains (include "dagster.name" .) .Release.Name -}}
{{- .Release.Name | trunc 41 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "dagster.name" .) | trunc 41 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "dagster.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride -}}
{{- end -}}

{{- /* Labels that select: { root, component } */ -}}
{{- define "dagster.selector" -}}
app.kubernetes.io/name: {{ include "dagster.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "dagster.labels" -}}
{{ include "dagster.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: dagster
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "dagster.image" -}}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}

{{- define "dagster.operatorServiceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (printf "%s-operator" (include "dagster.fullname" .)) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "dagster.postgresqlHost" -}}
{{- if .Values.postgresql.enabled -}}
{{- printf "%s-postgresql" (include "dagster.fullname" .) -}}
{{- else -}}
{{- required "postgresql.enabled is false: name your server in postgresql.postgresqlHost, or a Secret with its URL in database.existingSecret.name" .Values.postgresql.postgresqlHost -}}
{{- end -}}
{{- end -}}

{{- /* The database as every process finds it. */ -}}
{{- define "dagster.databaseEnv" -}}
{{- if .Values.database.existingSecret.name -}}
- name: DAGSTER_OPERATOR_DATABASE_URL
  valueFrom:
    secretKeyRef:
      name: {{ .Values.database.existingSecret.name }}
      key: {{ .Values.database.existingSecret.key }}
{{- else -}}
{{- $parameters := list -}}
{{- range $key, $value := .Values.postgresql.postgresqlParams -}}
{{- $parameters = append $parameters (printf "%s=%s" (urlquery $key) (urlquery (toString $value))) -}}
{{- end -}}
- name: DAGSTER_OPERATOR_DATABASE_URL
  value: {{ printf "postgres://%s@%s:%d/%s%s" (urlquery .Values.postgresql.postgresqlUsername) (include "dagster.postgresqlHost" .) (int .Values.postgresql.service.port) (urlquery .Values.postgresql.postgresqlDatabase) (ternary (printf "?%s" (join "&" $parameters)) "" (gt (len $parameters) 0)) | quote }}
- name: PGPASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ .Values.global.postgresqlSecretName }}
      key: postgresql-password
{{- end -}}
{{- end -}}

{{- /* A log level, in our words or the official chart's. */ -}}
{{- define "dagster.logLevel" -}}
{{- $level := default "info" . -}}
{{- get (dict "warning" "warn" "critical" "fatal") $level | default $level -}}
{{- end -}}

{{- /* Whether an env (a map, a list or nothing) has a variable: { env, name }. "" = no. */ -}}
{{- define "dagster.hasEnv" -}}
{{- if kindIs "map" .env -}}
{{- if hasKey .env .name }}yes{{ end -}}
{{- else -}}
{{- range .env }}{{ if eq .name $.name }}yes{{ end }}{{ end -}}
{{- end -}}
{{- end -}}

{{- /* env of a component: the official chart takes a map or a list. */ -}}
{{- define "dagster.env" -}}
{{- if kindIs "map" . -}}
{{- range $name, $value := . }}
- name: {{ $name }}
  value: {{ toString $value | quote }}
{{- end -}}
{{- else if . }}
{{ toYaml . }}
{{- end -}}
{{- end -}}

{{- define "dagster.podSecurityContext" -}}
{{- $default := dict "runAsNonRoot" true "runAsUser" 1000 "runAsGroup" 1000 "fsGroup" 1000 "seccompProfile" (dict "type" "RuntimeDefault") -}}
{{- toYaml (mergeOverwrite $default (deepCopy (default dict .))) -}}
{{- end -}}

{{- define "dagster.securityContext" -}}
{{- $default := dict "allowPrivilegeEscalation" false "readOnlyRootFilesystem" true "capabilities" (dict "drop" (list "ALL")) -}}
{{- toYaml (mergeOverwrite $default (deepCopy (default dict .))) -}}
{{- end -}}

{{- /* Pod template of a process: { root, component, values, args, semiSpace (MiB), port, serviceAccount, token } */ -}}
{{- define "dagster.pod" -}}
{{- $root := .root -}}
{{- $values := .values -}}
metadata:
  labels:
    {{- include "dagster.labels" . | nindent 4 }}
    {{- with $values.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    checksum/instance: {{ printf "%s%s" (include "dagster.instance" $root) (include "dagster.runLauncher" $root) | sha256sum | trunc 16 }}
    prometheus.io/scrape: "true"
    prometheus.io/port: {{ .port | quote }}
    {{- with $values.annotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ .serviceAccount }}
  automountServiceAccountToken: {{ .token }}
  enableServiceLinks: false
  terminationGracePeriodSeconds: 30
  {{- with $root.Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with $values.schedulerName }}
  schedulerName: {{ . }}
  {{- end }}
  securityContext:
    {{- include "dagster.podSecurityContext" $values.podSecurityContext | nindent 4 }}
  initContainers:
    {{- with $values.extraPrependedInitContainers }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
    # Waits for the database and brings it to this version; of several that start together the first one does it.
    - name: migrate
      image: {{ include "dagster.image" $root | quote }}
      imagePullPolicy: {{ $root.Values.image.pullPolicy }}
      args: [migrate]
      env:
        {{- include "dagster.databaseEnv" $root | nindent 8 }}
      securityContext:
        {{- include "dagster.securityContext" $values.securityContext | nindent 8 }}
      resources:
        {{- toYaml (default $values.resources $values.initContainerResources) | nindent 8 }}
  containers:
    - name: {{ .component }}
      image: {{ include "dagster.image" $root | quote }}
      imagePullPolicy: {{ $root.Values.image.pullPolicy }}
      args:
        {{- toYaml .args | nindent 8 }}
      env:
        {{- include "dagster.databaseEnv" $root | nindent 8 }}
        {{- with .env }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
        - name: NODE_COMPILE_CACHE
          value: /tmp/compile-cache
        {{- if and .semiSpace (not (include "dagster.hasEnv" (dict "env" $values.env "name" "NODE_OPTIONS"))) }}
        - name: NODE_OPTIONS
          value: --max-semi-space-size={{ .semiSpace }}
        {{- end }}
        {{- with include "dagster.env" $values.env | trim }}
        {{- . | nindent 8 }}
        {{- end }}
      {{- if or $values.envConfigMaps $values.envSecrets }}
      envFrom:
        {{- range $values.envConfigMaps }}
        - configMapRef: { name: {{ .name }} }
        {{- end }}
        {{- range $values.envSecrets }}
        - secretRef: { name: {{ .name }} }
        {{- end }}
      {{- end }}
      ports:
        - name: http
          containerPort: {{ .port }}
      startupProbe:
        httpGet: { path: /healthz, port: http }
        periodSeconds: 1
        failureThreshold: 60
      readinessProbe:
        httpGet: { path: /readyz, port: http }
        periodSeconds: 3
        timeoutSeconds: 3
        failureThreshold: 3
      livenessProbe:
        httpGet: { path: /healthz, port: http }
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 6
      securityContext:
        {{- include "dagster.securityContext" $values.securityContext | nindent 8 }}
      resources:
        {{- toYaml $values.resources | nindent 8 }}
      volumeMounts:
        - { name: instance, mountPath: /etc/dagster-operator, readOnly: true }
        - { name: tmp, mountPath: /tmp }
        {{- with $values.volumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    {{- with $values.extraContainers }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  volumes:
    - name: instance
      configMap:
        name: {{ include "dagster.fullname" $root }}-instance
    - name: tmp
      emptyDir: {}
    {{- with $values.volumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with $values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- else }}
  # Replicas stay apart where there is more than one node.
  affinity:
    podAntiAffinity:
      preferredDuringSchedulingIgnoredDuringExecution:
        - weight: 1
          podAffinityTerm:
            topologyKey: kubernetes.io/hostname
            labelSelector:
              matchLabels:
                {{- include "dagster.selector" . | nindent 16 }}
  {{- end }}
  {{- with $values.topologySpreadConstraints }}
  topologySpreadConstraints:
    {{- range . }}
    - {{- toYaml (merge (dict) . (dict "labelSelector" (dict "matchLabels" (include "dagster.selector" $ | fromYaml)))) | nindent 6 }}
    {{- end }}
  {{- end }}
  {{- with $values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

{{- /* A map with its keys, at any depth of maps, in the words of dagster.yaml: purgeAfterDays → purge_after_days. Without what is null or empty. As YAML. */ -}}
{{- define "dagster.snake" -}}
{{- $out := dict -}}
{{- range $key, $value := . -}}
{{- if kindIs "map" $value -}}
{{- with include "dagster.snake" $value | fromYaml }}{{ $_ := set $out (snakecase $key) . }}{{ end -}}
{{- else if not (kindIs "invalid" $value) -}}
{{- $_ := set $out (snakecase $key) $value -}}
{{- end -}}
{{- end -}}
{{- toYaml $out -}}
{{- end -}}

{{- /* Seconds that a worker may take to start. */ -}}
{{- define "dagster.startTimeout" -}}
{{- dig "startTimeoutSeconds" nil (default dict .Values.dagsterDaemon.runMonitoring) | default .Values.operator.runs.startTimeout | int -}}
{{- end -}}

{{- /* Settings of webserver and daemon, in the keys of dagster.yaml. */ -}}
{{- define "dagster.instance" -}}
{{- $queue := dig "config" "queuedRunCoordinator" dict .Values.dagsterDaemon.runCoordinator -}}
{{- if not .Values.dagsterDaemon.runCoordinator.enabled -}}
{{- $queue = dict "maxConcurrentRuns" -1 -}}
{{- end -}}
{{- $concurrency := default dict .Values.concurrency -}}
{{- if eq (toString (dig "enabled" true $concurrency)) "false" }}{{ $concurrency = dict }}{{ end -}}
{{- $runs := default dict $concurrency.runs -}}
{{- $schedules := dict -}}
{{- with (default dict .Values.dagsterDaemon.schedules).numWorkers }}{{- $_ := set $schedules "num_workers" (int .) -}}{{- end -}}
{{- $sensors := dict -}}
{{- with (default dict .Values.dagsterDaemon.sensors).numWorkers }}{{- $_ := set $sensors "num_workers" (int .) -}}{{- end -}}
{{- $limits := list -}}
{{- range (default $queue.tagConcurrencyLimits $runs.tagConcurrencyLimits) -}}
{{- $limits = append $limits (set (deepCopy .) "limit" (int .limit)) -}}
{{- end -}}
{{- /* null is no limit, as in the official chart. */ -}}
{{- $max := $queue.maxConcurrentRuns -}}
{{- if not (kindIs "invalid" $runs.maxConcurrentRuns) }}{{ $max = $runs.maxConcurrentRuns }}{{ end -}}
{{- $runQueue := dict "max_concurrent_runs" (ternary -1 $max (kindIs "invalid" $max) | int) "tag_concurrency_limits" $limits -}}
{{- $instance := dict "run_queue" $runQueue "schedules" $schedules "sensors" $sensors -}}
{{- with include "dagster.snake" (default dict $concurrency.pools) | fromYaml -}}
{{- $_ := set $instance "concurrency" (dict "pools" .) -}}
{{- end -}}
{{- /* The operator knows best why a pod does not start, so it comes first. */ -}}
{{- $monitoring := include "dagster.snake" (omit (default dict .Values.dagsterDaemon.runMonitoring) "maxResumeRunAttempts") | fromYaml -}}
{{- $_ := set $monitoring "start_timeout_seconds" (add (int (include "dagster.startTimeout" .)) 60) -}}
{{- $_ := set $instance "run_monitoring" $monitoring -}}
{{- with .Values.dagsterDaemon.runRetries -}}
{{- $_ := set $instance "run_retries" (include "dagster.snake" . | fromYaml) -}}
{{- end -}}
{{- $retention := default dict .Values.retention -}}
{{- if and $retention (ne (toString (dig "enabled" true $retention)) "false") -}}
{{- $_ := set $instance "retention" (include "dagster.snake" (omit $retention "enabled") | fromYaml) -}}
{{- end -}}
{{- with .Values.webhooks -}}
{{- $_ := set $instance "webhooks" . -}}
{{- end -}}
{{- $instance | toPrettyJson -}}
{{- end -}}

{{- /* What all run pods get, as JSON in the official chart's names; empty when nothing is given. */ -}}
{{- define "dagster.runLauncher" -}}
{{- $given := dig "config" "k8sRunLauncher" dict (default dict .Values.runLauncher) -}}
{{- $used := omit (default dict $given) "image" "jobNamespace" "loadInclusterConfig" "kubeconfigFile" "failPodOnRunFailure" -}}
{{- if $used -}}
{{- $used | toPrettyJson -}}
{{- end -}}
{{- end -}}

{{- /* Namespaces that the operator works in, as JSON; ["*"] = all. */ -}}
{{- define "dagster.watchNamespaces" -}}
{{- if has "*" (default list .Values.operator.watchNamespaces) -}}
["*"]
{{- else -}}
{{- append (default list .Values.operator.watchNamespaces) (include "dagster.namespace" .) | uniq | sortAlpha | toJson -}}
{{- end -}}
{{- end -}}
