#!/usr/bin/env bash
# Times `dist pull` beside the other tools that are installed here. See test/bench/main.ts for the arguments.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

infra/setup.sh --for bench
exec node --import tsx --conditions=source test/bench/main.ts "$@"
