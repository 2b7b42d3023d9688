#!/usr/bin/env bash
# Shows `dist` on this machine: private servers and temporary folders, which are removed at the end.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

purpose=demo
case " $* " in *' --embedded '*) purpose=embedded ;; esac
infra/setup.sh --for $purpose
exec node --import tsx --conditions=source infra/demo/main.ts "$@"
