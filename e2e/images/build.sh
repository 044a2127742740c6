#!/bin/bash
# Builds the images that e2e needs and puts them into the cluster's containerd, where no image registry can be reached:
# Debian by debootstrap with this machine's Node 24 stands in for node:24-bookworm-slim; everything else is the Dockerfile.
#   build.sh [system] [user-code] [weather] [postgres]     default: all
# Where kind runs the cluster of tools/run-e2e.mjs they are built by Docker from its own base.
# An image whose inputs did not change is not built again (content hashes in $CACHE). As root, with buildah.
set -euo pipefail
ROOT=$(cd "$(dirname "$0")/../.." && pwd)
CACHE=${IMAGES_CACHE:-$HOME/.cache/dagster-operator/images}
RUN=${KUBE_RUN:-/var/tmp/dagster-operator-cluster}
BASE=localhost/dagster-operator-e2e-base:24
VERSION=0.1.0
mkdir -p "$CACHE/npm"
WHAT=("$@")
[ $# -gt 0 ] || WHAT=(postgres system user-code weather)

# --- with Docker and kind it is what the README says
KIND=dagster-operator-e2e
if command -v docker >/dev/null && command -v kind >/dev/null && kind get clusters 2>/dev/null | grep -qx "$KIND"; then
	for what in "${WHAT[@]}"; do
		case $what in
		postgres) image=dagster-operator-e2e-postgres:15 options=(--build-arg BASE=node:24-bookworm-slim "$ROOT/e2e/images/postgres") ;;
		system) image=dagster-operator:$VERSION options=("$ROOT") ;;
		user-code) image=dagster-operator-user-code:$VERSION options=(--target user-code "$ROOT") ;;
		weather) image=dagster-operator-example-weather:$VERSION options=("$ROOT/examples/weather") ;;
		*) echo "images: there is no image \"$what\": system, user-code, weather or postgres" >&2; exit 2 ;;
		esac
		docker build -q -t "$image" "${options[@]}"
		kind load docker-image --name "$KIND" "$image"
	done
	exit 0
fi
say() { echo "$(date +%T) images: $*"; }
buildah() { command buildah --storage-driver overlay "$@"; }
exec 9>"$CACHE/lock"
flock 9

# hash <path>…: of the tracked and new files below these paths, by content
hash() {
	(cd "$ROOT" && git ls-files -z -co --exclude-standard -- "$@" | sort -z | while IFS= read -r -d '' file; do
		[ -f "$file" ] && printf '%s\0' "$file"
	done | xargs -0 sha256sum; cat "$CACHE/base.key" 2>/dev/null || true) | sha256sum | cut -c1-20
}
# What a build on this machine needs to reach package registries: its certificates.
CERTIFICATES=/etc/ssl/certs/ca-certificates.crt
echo "cafile=$CERTIFICATES" >"$CACHE/npmrc"
bud() { # bud <image> <buildah arguments…>
	local image=$1
	shift
	say "building $image"
	buildah bud -q --network host --isolation chroot --layers --volume "$CERTIFICATES:$CERTIFICATES:ro" \
		--volume "$CACHE/npmrc:/usr/local/etc/npmrc:ro" --volume "$CACHE/npm:/root/.npm" \
		--build-arg "BASE=$BASE" -t "$image" "$@" >"$CACHE/build.log" 2>&1 ||
		{ tail -40 "$CACHE/build.log" >&2; echo "images: $image does not build; see $CACHE/build.log" >&2; exit 1; }
}
image_exists() { buildah images -q "$1" >/dev/null 2>&1; }
bring() { # bring <image>: into containerd of the cluster, unless this very image is there
	local id
	id=$(buildah images -q --no-trunc "$1")
	[ -S "$RUN/containerd/containerd.sock" ] || { say "no cluster is up: $1 stays in buildah's storage"; return; }
	local ctr="ctr -a $RUN/containerd/containerd.sock -n k8s.io"
	local mark="$RUN/containerd/imported"
	mkdir -p "$mark"
	local file="$mark/$(echo "$1" | tr '/:' '__')"
	if [ "$(cat "$file" 2>/dev/null)" = "$id" ] && $ctr images ls -q | grep -qx "$1"; then return; fi
	local tar="$CACHE/import.tar"
	rm -f "$tar"
	buildah push -q --disable-compression "$1" "oci-archive:$tar:$1"
	$ctr images import "$tar" >/dev/null
	rm -f "$tar"
	echo "$id" >"$file"
	say "$1 is in the cluster"
}
make() { # make <image> <key> <buildah arguments…>
	local image=$1 key=$2
	shift 2
	local file="$CACHE/$(echo "$image" | tr '/:' '__').key"
	if [ "$(cat "$file" 2>/dev/null)" != "$key" ] || ! image_exists "$image"; then
		bud "$image" "$@"
		BUILT=yes
		echo "$key" >"$file"
	fi
	bring "$image"
}

# --- the base
command -v buildah >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends buildah >/dev/null; }
NODE=$(readlink -f "$ROOT/node_modules/node/bin/node")
[ -x "$NODE" ] || { echo "images: node_modules has no Node; run make install" >&2; exit 1; }
NPM=$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")
KEY="bookworm-$("$NODE" -v)"
if [ "$(cat "$CACHE/base.key" 2>/dev/null)" != "$KEY" ] || ! image_exists "$BASE"; then
	command -v debootstrap >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends debootstrap >/dev/null; }
	if [ ! -f "$CACHE/bookworm.tar" ]; then
		say "debootstrap bookworm (a minute, once)"
		rm -rf "$CACHE/rootfs"
		debootstrap --variant=minbase --include=ca-certificates bookworm "$CACHE/rootfs" >"$CACHE/debootstrap.log"
		rm -rf "$CACHE"/rootfs/{var/cache/apt/archives/*.deb,var/lib/apt/lists/*,usr/share/doc/*,usr/share/man/*,usr/share/locale/*}
		tar -C "$CACHE/rootfs" -cf "$CACHE/bookworm.tar" .
		rm -rf "$CACHE/rootfs"
	fi
	say "base image with Node $("$NODE" -v)"
	container=$(buildah from scratch)
	buildah add -q "$container" "$CACHE/bookworm.tar" / >/dev/null
	buildah copy -q "$container" "$NODE" /usr/local/bin/node >/dev/null
	buildah copy -q "$container" "$NPM" /usr/local/lib/node_modules/npm >/dev/null
	buildah run --isolation chroot "$container" -- sh -c "ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm \
		&& ln -s ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx && groupadd -g 1000 node && useradd -m -u 1000 -g 1000 node"
	buildah config --cmd node --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
	buildah commit -q --rm "$container" "$BASE" >/dev/null
	echo "$KEY" >"$CACHE/base.key"
fi

SOURCES=(Dockerfile .dockerignore package.json package-lock.json '*/package.json' tsconfig.base.json sdk sdk-duckdb sdk-gcs sdk-postgres sdk-s3 engine codeserver runworker
	tools/bundle-user-code.mjs ':!*/test/*' ':!*.md')
build() {
	case $1 in
	postgres) make docker.io/library/dagster-operator-e2e-postgres:15 "$(hash e2e/images/postgres)" "$ROOT/e2e/images/postgres" ;;
	system) make "docker.io/library/dagster-operator:$VERSION" "$(hash "${SOURCES[@]}" bin storage operator daemon webserver ui)" --target system "$ROOT" ;;
	user-code) make "docker.io/library/dagster-operator-user-code:$VERSION" "$(hash "${SOURCES[@]}")" --target user-code "$ROOT" ;;
	weather)
		build user-code
		make "docker.io/library/dagster-operator-example-weather:$VERSION" "$(hash examples/weather "${SOURCES[@]}")" \
			--build-arg "BASE=docker.io/library/dagster-operator-user-code:$VERSION" "$ROOT/examples/weather"
		;;
	*) echo "images: there is no image \"$1\": system, user-code, weather or postgres" >&2; exit 2 ;;
	esac
}
BUILT=
for what in "${WHAT[@]}"; do build "$what"; done
# Layers of earlier builds make the next one fast; they go when they have become too many.
if [ -n "$BUILT" ] && [ "$(du -s --block-size=1G "$(buildah info --format '{{ index .store "GraphRoot" }}')" | cut -f1)" -gt 25 ]; then
	say "removing layers of earlier builds"
	buildah rmi --prune >/dev/null
fi
