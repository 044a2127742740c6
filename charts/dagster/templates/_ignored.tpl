{{- /* Keys of the official chart that are accepted so that a values file can be brought along, and why each has no effect. */ -}}
{{- define "dagster.ignorable" -}}
dagster-user-deployments: code locations are a release of their own; install the chart dagster-user-deployments with these values, or apply CodeLocation objects
dagsterWebserver.image: all processes are one image; see image
dagsterWebserver.workspace: code locations are CodeLocation objects; apply one for each server
dagsterWebserver.pathPrefix: the page is served at the root of its host
dagsterWebserver.dbStatementTimeout: statements are short; set statement_timeout on the database user
dagsterWebserver.dbPoolRecycle: idle connections are closed by themselves
dagsterWebserver.dbPoolMaxOverflow: the pool has a fixed size
dagsterWebserver.checkDbReadyInitContainer: the init container migrate waits for the database
dagsterWebserver.logFormat: logs are lines of JSON
dagsterWebserver.nameOverride: the name is fixed; see fullnameOverride
dagsterWebserver.readinessProbe: probes are fixed
dagsterWebserver.livenessProbe: probes are fixed
dagsterWebserver.startupProbe: probes are fixed
dagsterDaemon.image: all processes are one image; see image
dagsterDaemon.runCoordinator.config.queuedRunCoordinator.dequeueIntervalSeconds: the queue is woken at once
dagsterDaemon.runCoordinator.config.queuedRunCoordinator.dequeueUseThreads: there is no need for threads
dagsterDaemon.runCoordinator.config.queuedRunCoordinator.dequeueNumWorkers: runs leave the queue in batches
dagsterDaemon.sensors.useThreads: there is no need for threads
dagsterDaemon.sensors.numSubmitWorkers: runs are submitted in batches
dagsterDaemon.schedules.useThreads: there is no need for threads
dagsterDaemon.schedules.numSubmitWorkers: runs are submitted in batches
dagsterDaemon.heartbeatTolerance: daemons show their health by probes and metrics
dagsterDaemon.runMonitoring.freeSlotsAfterRunEndSeconds: slots are free as soon as a run has ended
dagsterDaemon.checkDbReadyInitContainer: the init container migrate waits for the database
dagsterDaemon.logFormat: logs are lines of JSON
dagsterDaemon.backfills: there is no need for threads
dagsterDaemon.runCoordinator.config.queuedRunCoordinator.blockOpConcurrencyLimitedRuns: use concurrency.pools
dagsterDaemon.readinessProbe: probes are fixed
dagsterDaemon.livenessProbe: probes are fixed
dagsterDaemon.startupProbe: probes are fixed
runLauncher.config.k8sRunLauncher.image: runs have the image that their code location had when they were submitted
runLauncher.config.k8sRunLauncher.jobNamespace: runs are in the namespace of their code location
runLauncher.config.k8sRunLauncher.loadInclusterConfig: the operator is always in the cluster
runLauncher.config.k8sRunLauncher.kubeconfigFile: the operator is always in the cluster
runLauncher.config.k8sRunLauncher.failPodOnRunFailure: a run's failure is told by its Run object and the page
postgresql.postgresqlScheme: the driver is part of the system
computeLogManager: logs of steps are kept in the database
pythonLogs: there is no Python process in the system
migrate: every process brings the database to its version before it starts
telemetry: nothing is sent anywhere
scheduler: the daemon is the scheduler
busybox: no such image is needed
celeryConfigSecretName: there is no Celery
generateCeleryConfigSecret: there is no Celery
rabbitmq: there is no Celery
redis: there is no Celery
flower: there is no Celery
additionalInstanceConfig: there is no dagster.yaml; use concurrency, retention, webhooks and the keys of dagsterDaemon
pipelineRun: replaced by runTemplate of a CodeLocation
dagit: renamed; use dagsterWebserver
dagsterHome: there is no DAGSTER_HOME
global.dagsterHome: there is no DAGSTER_HOME
global.serviceAccountName: for the operator use serviceAccount.name, for runs serviceAccountName of their code location
global.celeryConfigSecretName: there is no Celery
global.dagsterInstanceConfigMap: there is no dagster.yaml
ingress.apiVersion: networking.k8s.io/v1 always
ingress.flower: there is no Celery
{{- end -}}

{{- /* What the official values.yaml has for them: who brings that whole file along is told of what was changed in it alone. */ -}}
{{- define "dagster.officialDefaults" -}}
dagsterWebserver.image.repository: docker.io/dagster/dagster-celery-k8s
dagsterWebserver.image.pullPolicy: Always
dagsterWebserver.nameOverride: dagster-webserver
dagsterWebserver.readinessProbe: { httpGet: { path: /server_info, port: 80 }, periodSeconds: 20, timeoutSeconds: 10, successThreshold: 1, failureThreshold: 3 }
dagsterDaemon.image.repository: docker.io/dagster/dagster-celery-k8s
dagsterDaemon.image.pullPolicy: Always
dagsterDaemon.runCoordinator.config.queuedRunCoordinator.dequeueUseThreads: true
dagsterDaemon.runCoordinator.config.queuedRunCoordinator.dequeueNumWorkers: 4
dagsterDaemon.sensors.useThreads: true
dagsterDaemon.schedules.useThreads: true
dagsterDaemon.heartbeatTolerance: 300
dagsterDaemon.runMonitoring.freeSlotsAfterRunEndSeconds: 0
runLauncher.config.k8sRunLauncher.loadInclusterConfig: true
postgresql.postgresqlScheme: postgresql
computeLogManager.type: NoOpComputeLogManager
telemetry.enabled: true
busybox: { image: { repository: docker.io/busybox, tag: "1.28", pullPolicy: IfNotPresent } }
ingress.flower.pathType: ImplementationSpecific
pipelineRun.image.repository: docker.io/dagster/user-code-example
pipelineRun.image.pullPolicy: Always
scheduler.type: DagsterDaemonScheduler
generateCeleryConfigSecret: true
celeryConfigSecretName: dagster-celery-config-secret
global.celeryConfigSecretName: dagster-celery-config-secret
dagsterHome: /opt/dagster/dagster_home
global.dagsterHome: /opt/dagster/dagster_home
{{- end -}}

{{- /* "yes" where a value says something: { value, path, defaults }. Empty ones, what is switched off and the official defaults do not. */ -}}
{{- define "dagster.saysSomething" -}}
{{- $path := .path -}}
{{- if and (hasKey .defaults .path) (eq (toJson (get .defaults .path)) (toJson .value)) -}}
{{- else if kindIs "map" .value -}}
{{- if ne (toString (dig "enabled" true .value)) "false" -}}
{{- range $key, $value := .value -}}
{{- include "dagster.saysSomething" (dict "value" $value "path" (printf "%s.%s" $path $key) "defaults" $.defaults) -}}
{{- end -}}
{{- end -}}
{{- else if .value -}}yes
{{- end -}}
{{- end -}}

{{- /* "- key: why" for each that was given. */ -}}
{{- define "dagster.ignored" -}}
{{- $defaults := include "dagster.officialDefaults" . | fromYaml }}
{{- range $path, $why := include "dagster.ignorable" . | fromYaml }}
{{- $here := $.Values }}
{{- $found := true }}
{{- range $part := splitList "." $path }}
{{- if and $found (kindIs "map" $here) (hasKey $here $part) }}
{{- $here = index $here $part }}
{{- else }}
{{- $found = false }}
{{- end }}
{{- end }}
{{- if and $found (include "dagster.saysSomething" (dict "value" $here "path" $path "defaults" $defaults)) }}
- {{ $path }}: {{ $why }}
{{- end }}
{{- end }}
{{- end -}}

{{- /* What cannot be taken in another meaning, with what to do instead. */ -}}
{{- define "dagster.refuse" -}}
{{- $launcher := default "K8sRunLauncher" (default dict .Values.runLauncher).type -}}
{{- if ne $launcher "K8sRunLauncher" -}}
{{- fail (printf "runLauncher.type %s: every run is a Kubernetes Job here; use K8sRunLauncher, and the executor k8s_job for a pod per step (docs/executors.md)" $launcher) -}}
{{- end -}}
{{- $operator := .Values.operator -}}
{{- range dig "config" "k8sRunLauncher" "envVars" list (default dict .Values.runLauncher) -}}
{{- if not (or (contains "=" .) (include "dagster.hasEnv" (dict "env" $operator.env "name" .)) $operator.envConfigMaps $operator.envSecrets) -}}
{{- fail (printf "runLauncher.config.k8sRunLauncher.envVars: %s has no value; write %s=…, or give it to the operator, from which it is taken (operator.env)" . .) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.database.existingSecret.name .Values.postgresql.enabled -}}
{{- fail "database.existingSecret names a database of your own: set postgresql.enabled: false, or take it out" -}}
{{- end -}}
{{- if and .Values.dagsterDaemon.runCoordinator.enabled (ne .Values.dagsterDaemon.runCoordinator.type "QueuedRunCoordinator") -}}
{{- fail (printf "dagsterDaemon.runCoordinator.type %s: there is no Python process to load it; use QueuedRunCoordinator" .Values.dagsterDaemon.runCoordinator.type) -}}
{{- end -}}
{{- end -}}
