#!/usr/bin/env bash
# Measures `dist pull` and the other tools that are installed, or the benchmarks that are named. See test/bench/main.ts
# for the arguments; `picture NAME JSON SVG` draws figures.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

infra/setup.sh --for bench
run=(node --import tsx --conditions=source)
if [ "${1-}" = picture ]; then
  exec "${run[@]}" test/bench/picture.ts "${@:2}"
fi
# These need Redis, or the S3 gateway of the tests, as well.
case " $* " in *' dashboard '* | *' s3 '* | *' queue '* | *' scale '* | *' hosts '* | *' many '* | *' far '* | *' tags '* | *' gc '* | *' serve '*) infra/setup.sh --for test ;; esac
exec "${run[@]}" test/bench/main.ts "$@"
