#!/bin/bash
# A real Argo CD (repo server and application controller as processes of this machine) against the cluster of ../cluster/up.sh.
# Built from its Go module into the cache once, some minutes. Reads Git repositories by file:// URLs; Applications name the
# destination server https://kubernetes.default.svc. $ARGO_RUN: its logs and process ids. down.sh ends it.
#   up.sh [build]     with `build`: only make the binary
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
BIN=${ARGO_BIN:-$HOME/.cache/dagster-operator/argocd}
RUN=${ARGO_RUN:-/var/tmp/dagster-operator-argocd}
export PATH=${KUBE_BIN:-$HOME/.cache/dagster-operator/kube}:$PATH
export KUBECONFIG=${KUBECONFIG:-/var/tmp/dagster-operator-cluster/admin.kubeconfig}
say() { echo "$(date +%T) argocd: $*"; }

WANT=$(cat "$HERE"/{go.mod,main.go} | sha256sum | cut -c1-16)
if [ "$(cat "$BIN/version" 2>/dev/null)" != "$WANT" ]; then
	command -v go >/dev/null || { echo "argocd: Go is missing; it builds Argo CD from its module" >&2; exit 1; }
	say "building Argo CD from its Go module (some minutes, once)"
	mkdir -p "$BIN/crds"
	cd "$HERE"
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o "$BIN/argocd" .
	MODULE=$(go list -m -f '{{.Dir}}' github.com/argoproj/argo-cd/v3)
	cp -f "$MODULE"/manifests/crds/{application,appproject,applicationset}-crd.yaml "$BIN/crds/"
	chmod u+w "$BIN"/crds/*
	echo "$WANT" >"$BIN/version"
fi
[ "${1:-}" = build ] && exit 0

kubectl create namespace argocd --dry-run=client -o yaml | kubectl apply -f - >/dev/null
kubectl apply --server-side --force-conflicts -f "$BIN/crds" >/dev/null
# Not kubectl wait, which fails on a definition that has no conditions yet.
for _ in $(seq 150); do kubectl -n argocd get applications,appprojects >/dev/null 2>&1 && break; sleep 0.2; done
kubectl -n argocd apply -f - >/dev/null <<'Y'
{apiVersion: v1, kind: ConfigMap, metadata: {name: argocd-cm, labels: {app.kubernetes.io/part-of: argocd}}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: argocd-rbac-cm, labels: {app.kubernetes.io/part-of: argocd}}}
---
{apiVersion: v1, kind: Secret, metadata: {name: argocd-secret, labels: {app.kubernetes.io/part-of: argocd}}, stringData: {server.secretkey: e2e}}
---
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: {name: default}
spec: {sourceRepos: ["*"], destinations: [{namespace: "*", server: "*"}], clusterResourceWhitelist: [{group: "*", kind: "*"}]}
Y

mkdir -p "$RUN"
start() { # start <name> <arguments…>
	local name=$1
	shift
	setsid "$BIN/argocd" "$@" >"$RUN/$name.log" 2>&1 </dev/null &
	echo $! >"$RUN/$name.pid"
}
# The controller is outside of the cluster, and takes $KUBECONFIG for https://kubernetes.default.svc.
export ARGOCD_GPG_ENABLED=false ARGOCD_FAKE_IN_CLUSTER=true
"$HERE/down.sh" processes
start redis redis 127.0.0.1:6399
start repo-server argocd-repo-server --redis 127.0.0.1:6399 --disable-tls --address 127.0.0.1 --port 8091 --metrics-address 127.0.0.1 --metrics-port 8094
for _ in $(seq 100); do (exec 3<>/dev/tcp/127.0.0.1/8091) 2>/dev/null && break; sleep 0.1; done
start controller argocd-application-controller --redis 127.0.0.1:6399 --repo-server 127.0.0.1:8091 --repo-server-plaintext \
	--namespace argocd --kubeconfig "$KUBECONFIG" --self-heal-timeout-seconds 1 \
	--persist-resource-health --metrics-port 8092
for _ in $(seq 300); do (exec 3<>/dev/tcp/127.0.0.1/8092) 2>/dev/null && break; sleep 0.1; done
for name in redis repo-server controller; do
	kill -0 "$(cat "$RUN/$name.pid")" 2>/dev/null || { echo "argocd: $name has ended; see $RUN/$name.log" >&2; exit 1; }
done
say "it runs; logs are in $RUN"
