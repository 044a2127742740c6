#!/bin/bash
# Ends the cluster that up.sh started, and removes its state. Images stay cached under $KUBE_RUN/containerd/root with --keep.
set -uo pipefail
RUN=${KUBE_RUN:-/var/tmp/dagster-operator-cluster}
[ -d "$RUN" ] || exit 0
for name in coredns proxy kubelet scheduler controller-manager apiserver; do
	[ -f "$RUN/pids/$name" ] && kill "$(cat "$RUN/pids/$name")" 2>/dev/null
done
# Containers' shims outlive containerd: end them by the ids that containerd itself gives.
CTR="ctr -a $RUN/containerd/containerd.sock -n k8s.io"
for task in $($CTR tasks ls -q 2>/dev/null); do $CTR tasks kill -s SIGKILL "$task" >/dev/null 2>&1; done
sleep 1
for container in $($CTR containers ls -q 2>/dev/null); do
	$CTR tasks rm -f "$container" >/dev/null 2>&1
	$CTR containers rm "$container" >/dev/null 2>&1
done
for name in containerd etcd; do [ -f "$RUN/pids/$name" ] && kill "$(cat "$RUN/pids/$name")" 2>/dev/null; done
sleep 1
grep -o " $RUN[^ ]*" /proc/self/mounts | sort -r | while read -r mount; do umount -l "$mount" 2>/dev/null; done
rm -rf "$RUN"/{pids,etcd,kubelet,log}
[ "${1:-}" = --keep ] || rm -rf "$RUN"
exit 0
