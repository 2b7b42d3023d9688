#!/usr/bin/env bash
# Shows `dist` at work on this machine alone: a private registry, a temporary store, nothing left behind.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

infra/setup.sh --for demo
exec node --import tsx --conditions=source infra/demo/embedded.ts "$@"
