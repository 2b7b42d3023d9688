#!/usr/bin/env bash
# Runs all tests, against real servers. Arguments go to vitest, e.g. infra/test.sh packages/oci -t digest
# Without arguments a failed file runs once more, alone (infra/ci/again.mjs).
# DIST_TEST_REPORT=FILE also writes vitest's JSON report to that file.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

infra/setup.sh --for test

projects=(--project unit --project receiver --project contract --project integration)
if [ $# -gt 0 ]; then
  exec node_modules/.bin/vitest run "${projects[@]}" "$@"
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export DIST_TEST_REPORT=${DIST_TEST_REPORT:-$folder/report.json}
node_modules/.bin/vitest run "${projects[@]}" && exit
node infra/ci/again.mjs "$DIST_TEST_REPORT" $? node_modules/.bin/vitest run "${projects[@]}" --no-file-parallelism
