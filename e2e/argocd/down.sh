#!/bin/bash
# Ends the processes that up.sh started and, without `processes`, takes Argo CD's namespace and kinds out of the cluster.
set -uo pipefail
RUN=${ARGO_RUN:-/var/tmp/dagster-operator-argocd}
export PATH=${KUBE_BIN:-$HOME/.cache/dagster-operator/kube}:$PATH
export KUBECONFIG=${KUBECONFIG:-/var/tmp/dagster-operator-cluster/admin.kubeconfig}
for name in controller repo-server redis; do
	[ -f "$RUN/$name.pid" ] || continue
	pid=$(cat "$RUN/$name.pid")
	# A number left from before a reboot may be somebody else's by now.
	grep -qa argocd "/proc/$pid/cmdline" 2>/dev/null && kill "$pid"
	for _ in $(seq 50); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
	rm -f "$RUN/$name.pid"
done
[ "${1:-}" = processes ] && exit 0
for application in $(kubectl -n argocd get applications -o name 2>/dev/null); do
	kubectl -n argocd patch "$application" --type=merge -p '{"metadata":{"finalizers":null}}' >/dev/null
done
kubectl delete namespace argocd --ignore-not-found --timeout=60s >/dev/null
kubectl delete --ignore-not-found crd/applications.argoproj.io crd/appprojects.argoproj.io crd/applicationsets.argoproj.io >/dev/null
rm -rf "$RUN"
exit 0
