#!/usr/bin/env bash
# Makes a clone ready for its tests, its demo or its benchmarks: npm packages, Debian packages, build.
# Does only what is missing, and prints what it does on stderr.
#
#   infra/setup.sh [--for test|demo|embedded|bench]
#
# test and bench fail when something is missing that cannot be installed. demo and embedded (the demo without Redis and
# S3) go on without it.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
stamps=node_modules/.cache/dist
# Debian has runc there.
PATH=$PATH:/usr/sbin:/sbin

say() { printf 'setup: %s\n' "$*" >&2; }
fail() {
  say "$*"
  exit 1
}

purpose=test
while [ $# -gt 0 ]; do
  case $1 in
    --for) purpose=${2-} && shift 2 ;;
    --for=*) purpose=${1#--for=} && shift ;;
    *) fail "unknown argument '$1' (usage: infra/setup.sh [--for test|demo|embedded|bench])" ;;
  esac
done
case $purpose in
  test | demo | embedded | bench) ;;
  *) fail "--for takes test, demo, embedded or bench, not '$purpose'" ;;
esac

check_node() {
  command -v node >/dev/null || fail 'Node.js >= 20.19 is needed; see https://nodejs.org'
  command -v npm >/dev/null || fail 'npm is needed, it comes with Node.js'
  node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' ||
    fail "Node.js >= 20.19 is needed, this is $(node --version)"
}

install_npm_packages() {
  node infra/setup/locked.mjs && return
  say 'installing npm packages (npm ci)'
  npm ci --no-progress --loglevel=error </dev/null >&2 || fail 'npm ci failed, see above'
}

# One line per missing Debian package. Checked by command: a tool from another source is fine, too.
missing_debian_packages() {
  local wanted='docker-registry:docker-registry skopeo:skopeo jq:jq openssl:openssl busybox:busybox-static' pair
  # Redis for the queue, and Ceph's object gateway, the S3 of tests and demo: some 290 MB.
  [ "$purpose" = embedded ] ||
    wanted="$wanted redis-server:redis-server radosgw:radosgw ceph-mon:ceph-mon ceph-osd:ceph-osd ceph:ceph-common"
  # umoci, with which unpacked images are compared, and runc, which runs them. containerd, podman and docker pull from the registry,
  # chromium opens the page of the dashboard, promtool checks metrics and alerts.
  case $purpose in test | bench) wanted="$wanted umoci:umoci runc:runc zstd:zstd ip:iproute2" ;; esac
  [ "$purpose" = test ] &&
    wanted="$wanted containerd:containerd podman:podman dockerd:docker.io chromium:chromium promtool:prometheus"
  [ "$purpose" = bench ] && wanted="$wanted /usr/bin/time:time wrk:wrk chromium:chromium"
  for pair in $wanted; do
    command -v "${pair%%:*}" >/dev/null || printf '%s\n' "${pair##*:}"
  done
}

# Debian starts the services that it installs, unless policy-rc.d refuses.
without_services() {
  local policy=/usr/sbin/policy-rc.d status=0
  if [ -e $policy ]; then
    "$@"
    return
  fi
  trap "rm -f $policy" EXIT
  printf '#!/bin/sh\nexit 101\n' >$policy
  chmod 755 $policy
  "$@" || status=$?
  rm -f $policy
  trap - EXIT
  return $status
}

apt_install() {
  local log status=0
  log=$(mktemp)
  export DEBIAN_FRONTEND=noninteractive
  {
    without_services apt-get install -qy --no-install-recommends "$@" ||
      { apt-get update -q && without_services apt-get install -qy --no-install-recommends "$@"; }
  } </dev/null >"$log" 2>&1 || status=$?
  [ $status -eq 0 ] || tail -n 20 "$log" >&2
  rm -f "$log"
  return $status
}

install_debian_packages() {
  local missing
  missing=$(missing_debian_packages | tr '\n' ' ')
  missing=${missing% }
  [ -n "$missing" ] || return 0
  if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    say "installing Debian packages (their services are not started): $missing"
    # shellcheck disable=SC2086 # a list of words
    apt_install $missing && return
    say 'apt-get failed, see above'
  fi
  local by_hand="sudo apt-get update && sudo apt-get install -y --no-install-recommends $missing"
  case $purpose in
    demo | embedded) say "going on without: $missing (install with: $by_hand)" ;;
    *) fail "missing: $missing; install with: $by_hand" ;;
  esac
}

# Folders count, too: deleting a source changes only the time stamp of its folder.
built() {
  local stamp=$stamps/built changed
  [ -e $stamp ] || return 1
  [ ! -e services/cli/src/main.ts ] || [ -e services/cli/bundle/main.js ] || return 1
  changed=$(find packages/*/src services/*/src services/cli/bin packages/*/*.json services/*/*.json tsconfig*.json \
    package-lock.json infra/bundle.mjs infra/bundling -newer $stamp -print -quit)
  [ -z "$changed" ]
}

build() {
  built && return
  say 'building'
  mkdir -p $stamps
  # Dated before the build starts, so that an edit during the build is built next time.
  touch $stamps/building
  npm run -s build </dev/null >&2 || fail 'the build failed, see above'
  mv $stamps/building $stamps/built
}

check_node
install_npm_packages
install_debian_packages
build
