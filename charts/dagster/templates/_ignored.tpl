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
dagsterDaemon.runCoordinator.config.queuedRunCoordinator.blockOpConcurrencyLimitedRuns: pools are not limited yet
dagsterDaemon.readinessProbe: probes are fixed
dagsterDaemon.livenessProbe: probes are fixed
dagsterDaemon.startupProbe: probes are fixed
runLauncher.config.k8sRunLauncher.image: runs have the image that their code location had when they were submitted
runLauncher.config.k8sRunLauncher.jobNamespace: runs are in the namespace of their code location
runLauncher.config.k8sRunLauncher.loadInclusterConfig: the operator is always in the cluster
runLauncher.config.k8sRunLauncher.kubeconfigFile: the operator is always in the cluster
runLauncher.config.k8sRunLauncher.failPodOnRunFailure: a run's failure is told by its Run object and the page
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
additionalInstanceConfig: there is no dagster.yaml
pipelineRun: replaced by runTemplate of a CodeLocation
dagit: renamed; use dagsterWebserver
dagsterHome: there is no DAGSTER_HOME
global.dagsterHome: there is no DAGSTER_HOME
global.serviceAccountName: use serviceAccount.name
global.celeryConfigSecretName: there is no Celery
global.dagsterInstanceConfigMap: there is no dagster.yaml
ingress.apiVersion: networking.k8s.io/v1 always
ingress.flower: there is no Celery
{{- end -}}

{{- /* "- key: why" for each that was given. */ -}}
{{- define "dagster.ignored" -}}
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
{{- if $found }}
- {{ $path }}: {{ $why }}
{{- end }}
{{- end }}
{{- end -}}
