#!/bin/bash
# A real single-node Kubernetes (etcd, API server, controller manager, scheduler, containerd, kubelet, kube-proxy, CoreDNS)
# as root on one Debian machine, without Docker. The components are built from their Go modules into the cache once.
#   up.sh [control-plane]    with `control-plane`: only etcd and the API server, for tests that need no pods
# Writes $KUBE_RUN/admin.kubeconfig; down.sh ends every process that this one started.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
BIN=${KUBE_BIN:-$HOME/.cache/dagster-operator/kube}
RUN=${KUBE_RUN:-/var/tmp/dagster-operator-cluster}
WHAT=${1:-all}
export PATH=$BIN:$PATH
say() { echo "$(date +%T) cluster: $*"; }

need() { # need <program> <debian package>…
	local program=$1
	shift
	command -v "$program" >/dev/null && return
	[ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || { echo "cluster: $program is missing; install $*" >&2; exit 1; }
	say "installing $*"
	apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}
need etcd etcd-server
need openssl openssl
if [ "$WHAT" = all ]; then
	need containerd containerd
	need runc runc
	need buildah buildah
	need iptables iptables
	need conntrack conntrack
	need socat socat
	[ -x /usr/lib/cni/bridge ] || need no-such-program containernetworking-plugins
fi

LDFLAGS="-s -w -X k8s.io/component-base/version.gitVersion=v1.34.4 -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=34"
WANT=$(cat "$HERE"/{go.mod,main.go} | sha256sum | cut -c1-16)
if [ "$(cat "$BIN/kube.version" 2>/dev/null)" != "$WANT" ]; then
	command -v go >/dev/null || { echo "cluster: Go is missing; it builds Kubernetes from its modules" >&2; exit 1; }
	say "building Kubernetes from its Go modules (some minutes, once)"
	mkdir -p "$BIN"
	(cd "$HERE" && CGO_ENABLED=0 go build -trimpath -ldflags "$LDFLAGS" -o "$BIN/kube" .)
	echo "$WANT" >"$BIN/kube.version"
fi
for component in kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy kubectl; do ln -sf kube "$BIN/$component"; done
if [ "$WHAT" = all ] && [ ! -x "$BIN/coredns" ]; then
	say "building CoreDNS"
	GOBIN=$BIN CGO_ENABLED=0 go install -trimpath -ldflags "-s -w" github.com/coredns/coredns@v1.14.2
fi
if [ "$WHAT" = all ] && [ ! -x "$BIN/helm" ]; then
	say "building Helm"
	HELM_KUBE=helm.sh/helm/v3/pkg/chartutil
	GOBIN=$BIN CGO_ENABLED=0 go install -trimpath -ldflags "-s -w -X $HELM_KUBE.k8sVersionMajor=1 -X $HELM_KUBE.k8sVersionMinor=34" helm.sh/helm/v3/cmd/helm@v3.22.0
fi
mkdir -p "$RUN"/{etcd,pki,log,pids}
cd "$RUN"

# --- identities
if [ ! -f pki/done ]; then
	openssl req -x509 -newkey rsa:2048 -nodes -days 365 -subj /CN=kube-ca -keyout pki/ca.key -out pki/ca.crt 2>/dev/null
	openssl genrsa -out pki/sa.key 2048 2>/dev/null
	openssl rsa -in pki/sa.key -pubout -out pki/sa.pub 2>/dev/null
	certificate() { # name subject [extensions]
		openssl req -newkey rsa:2048 -nodes -subj "$2" -keyout "pki/$1.key" -out "pki/$1.csr" 2>/dev/null
		openssl x509 -req -in "pki/$1.csr" -CA pki/ca.crt -CAkey pki/ca.key -CAcreateserial -days 365 -out "pki/$1.crt" -extfile <(printf "%s" "${3:-}") 2>/dev/null
	}
	certificate apiserver /CN=kube-apiserver "subjectAltName=DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:localhost,IP:127.0.0.1,IP:10.96.0.1,IP:10.88.0.1"
	certificate admin /O=system:masters/CN=admin
	certificate controller-manager /CN=system:kube-controller-manager
	certificate scheduler /CN=system:kube-scheduler
	certificate proxy /CN=system:kube-proxy
	certificate kubelet /O=system:nodes/CN=system:node:node1 "subjectAltName=DNS:node1,IP:127.0.0.1"
	for user in admin controller-manager scheduler proxy kubelet; do
		kubectl config --kubeconfig "$user.kubeconfig" set-cluster c --server=https://127.0.0.1:6443 --certificate-authority=pki/ca.crt --embed-certs >/dev/null
		kubectl config --kubeconfig "$user.kubeconfig" set-credentials u --client-certificate="pki/$user.crt" --client-key="pki/$user.key" --embed-certs >/dev/null
		kubectl config --kubeconfig "$user.kubeconfig" set-context c --cluster=c --user=u >/dev/null
		kubectl config --kubeconfig "$user.kubeconfig" use-context c >/dev/null
	done
	touch pki/done
fi

start() { # start <name> <command…>
	local name=$1
	shift
	# A number left from before a reboot may be somebody else's by now.
	if [ -f "pids/$name" ] && grep -qa "$1" "/proc/$(cat "pids/$name")/cmdline" 2>/dev/null; then return; fi
	setsid "$@" >"log/$name.log" 2>&1 </dev/null &
	echo $! >"pids/$name"
}

# --- control plane
if [ "$WHAT" = all ]; then ip link show cni0 >/dev/null 2>&1 || { ip link add cni0 type bridge; ip addr add 10.88.0.1/16 dev cni0; ip link set cni0 up; }; fi
# A Service that kube-proxy does not know yet leads nowhere: outside, somebody else might answer at its address.
[ "$WHAT" != all ] || ip route replace 10.96.0.0/16 dev cni0
ADDRESS=10.88.0.1
[ "$WHAT" = all ] || ADDRESS=$(hostname -I | awk '{ print $1 }')
start etcd etcd --data-dir "$RUN/etcd" --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 --listen-peer-urls http://127.0.0.1:2380 --unsafe-no-fsync
start apiserver kube-apiserver --etcd-servers=http://127.0.0.1:2379 --secure-port=6443 --bind-address=0.0.0.0 --advertise-address="${ADDRESS:-127.0.0.1}" \
	--tls-cert-file=pki/apiserver.crt --tls-private-key-file=pki/apiserver.key --client-ca-file=pki/ca.crt \
	--service-account-key-file=pki/sa.pub --service-account-signing-key-file=pki/sa.key --service-account-issuer=https://kubernetes.default.svc \
	--service-cluster-ip-range=10.96.0.0/16 --authorization-mode=Node,RBAC --allow-privileged \
	--kubelet-client-certificate=pki/admin.crt --kubelet-client-key=pki/admin.key --kubelet-preferred-address-types=InternalIP,Hostname
for _ in $(seq 120); do kubectl --kubeconfig admin.kubeconfig get --raw /readyz >/dev/null 2>&1 && break; sleep 0.5; done
kubectl --kubeconfig admin.kubeconfig get --raw /readyz >/dev/null || { echo "cluster: the API server does not get ready; see $RUN/log/apiserver.log" >&2; exit 1; }
say "API server is ready"
[ "$WHAT" = all ] || exit 0
start controller-manager kube-controller-manager --kube-api-qps=200 --kube-api-burst=400 --concurrent-job-syncs=20 --kubeconfig=controller-manager.kubeconfig --service-account-private-key-file=pki/sa.key --root-ca-file=pki/ca.crt --use-service-account-credentials \
	--cluster-signing-cert-file=pki/ca.crt --cluster-signing-key-file=pki/ca.key --leader-elect=false --cluster-cidr=10.88.0.0/16
start scheduler kube-scheduler --kubeconfig=scheduler.kubeconfig --leader-elect=false

# --- node
mkdir -p /etc/cni/net.d containerd
cat >/etc/cni/net.d/10-dagster-operator.conflist <<'J'
{"cniVersion":"0.4.0","name":"k8s","plugins":[{"type":"bridge","bridge":"cni0","isGateway":true,"ipMasq":true,"hairpinMode":true,"ipam":{"type":"host-local","ranges":[[{"subnet":"10.88.0.0/16"}]],"routes":[{"dst":"0.0.0.0/0"}]}},{"type":"portmap","capabilities":{"portMappings":true}}]}
J
sysctl -qw net.ipv4.ip_forward=1
modprobe br_netfilter 2>/dev/null || true
sysctl -qw net.bridge.bridge-nf-call-iptables=1 2>/dev/null || say "no br_netfilter: Services are reached by pods on other addresses only"
cat >containerd/config.toml <<J
version = 2
root = "$RUN/containerd/root"
state = "$RUN/containerd/state"
[grpc]
  address = "$RUN/containerd/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/pause:1"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "/etc/cni/net.d"
J
start containerd containerd -c containerd/config.toml
CTR="ctr -a $RUN/containerd/containerd.sock"
for _ in $(seq 60); do $CTR version >/dev/null 2>&1 && break; sleep 0.5; done
if [ ! -f pause.tar ]; then
	mkdir -p pause
	printf '#include <unistd.h>\n#include <signal.h>\nstatic void d(int s){_exit(0);}int main(){signal(SIGTERM,d);signal(SIGINT,d);for(;;)pause();}' >pause/p.c
	gcc -O2 -static -o pause/pause pause/p.c
	printf 'FROM scratch\nCOPY pause /pause\nENTRYPOINT ["/pause"]\n' >pause/Dockerfile
	buildah --storage-driver overlay bud -q -t localhost/pause:1 pause >/dev/null
	buildah --storage-driver overlay push -q localhost/pause:1 oci-archive:pause.tar:localhost/pause:1
fi
$CTR -n k8s.io images import pause.tar >/dev/null
cat >kubelet.yaml <<J
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {x509: {clientCAFile: $RUN/pki/ca.crt}, webhook: {enabled: true}, anonymous: {enabled: false}}
authorization: {mode: Webhook}
cgroupDriver: cgroupfs
failSwapOn: false
containerRuntimeEndpoint: unix://$RUN/containerd/containerd.sock
clusterDNS: [10.88.0.1]
clusterDomain: cluster.local
tlsCertFile: $RUN/pki/kubelet.crt
tlsPrivateKeyFile: $RUN/pki/kubelet.key
registryPullQPS: 0
evictionHard: {memory.available: "100Mi", nodefs.available: "1%", imagefs.available: "1%"}
imageGCHighThresholdPercent: 100
resolvConf: /etc/resolv.conf
maxPods: 200
kubeAPIQPS: 200
kubeAPIBurst: 400
J
start proxy kube-proxy --kubeconfig=proxy.kubeconfig --hostname-override=node1 --proxy-mode=iptables --cluster-cidr=10.88.0.0/16 --conntrack-max-per-core=0 --conntrack-tcp-timeout-established=0 --conntrack-tcp-timeout-close-wait=0
printf 'cluster.local:53 {\n  bind 10.88.0.1\n  kubernetes cluster.local {\n    kubeconfig %s/admin.kubeconfig\n  }\n}\n' "$RUN" >Corefile
start coredns coredns -conf Corefile
# containerd answers before its CRI does, and kubelet then ends: like systemd, start it again.
for _ in $(seq 120); do
	start kubelet kubelet --config=kubelet.yaml --kubeconfig=kubelet.kubeconfig --hostname-override=node1 --node-ip=10.88.0.1 --root-dir="$RUN/kubelet"
	kubectl --kubeconfig admin.kubeconfig get node/node1 >/dev/null 2>&1 && break
	sleep 0.5
done
kubectl --kubeconfig admin.kubeconfig wait --for=condition=Ready node/node1 --timeout=90s >/dev/null
say "node is ready; export KUBECONFIG=$RUN/admin.kubeconfig"
