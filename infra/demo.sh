#!/usr/bin/env bash
# Shows `dist` at work on this machine alone: private servers, temporary folders, nothing left behind.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

purpose=demo
case " $* " in *' --embedded '*) purpose=embedded ;; esac
infra/setup.sh --for $purpose
exec node --import tsx --conditions=source infra/demo/main.ts "$@"
