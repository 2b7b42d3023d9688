#!/usr/bin/env bash
# Runs all tests, against real servers. Arguments go to vitest, e.g. infra/test.sh packages/oci -t digest
# Without arguments a failed file of tests against servers runs once more, alone (infra/ci/again.mjs).
# DIST_TEST_REPORT=FILE also writes vitest's JSON report to that file.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

infra/setup.sh --for test

servers=(--project contract --project integration)
if [ $# -gt 0 ]; then
  exec node_modules/.bin/vitest run --project unit --project receiver "${servers[@]}" "$@"
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export DIST_TEST_REPORT=${DIST_TEST_REPORT:-$folder/report.json}
node_modules/.bin/vitest run --project unit --project receiver "${servers[@]}" && exit
node infra/ci/again.mjs "$DIST_TEST_REPORT" $? node_modules/.bin/vitest run "${servers[@]}" --maxWorkers 1
