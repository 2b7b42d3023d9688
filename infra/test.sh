#!/usr/bin/env bash
# Runs all tests, against real servers. Arguments go to vitest, e.g. infra/test.sh packages/oci -t digest
# DIST_TEST_REPORT=FILE also writes vitest's JSON report to that file.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

infra/setup.sh --for test

exec node_modules/.bin/vitest run --project unit --project receiver --project contract --project integration "$@"
