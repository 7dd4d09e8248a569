#!/usr/bin/env bash
# The widget in real browsers: builds the harness, installs the test tools by
# their lock file, and runs the tests of widget/browser, or those named.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
go build -o "$out/harness" ./widget/browser/harness
cd widget/browser
npm ci --silent --no-audit --no-fund
[ $# -gt 0 ] || set -- tests/*.test.mjs
CHARLA_HARNESS=$out/harness node --test --test-concurrency=2 --test-reporter=spec "$@"
