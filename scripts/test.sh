#!/usr/bin/env bash
# Runs the tests of every module of the workspace, with the race detector and in
# a random order (a failure prints the seed: -shuffle=SEED repeats it). Arguments
# replace the packages: scripts/test.sh ./tickets/... The widget in real browsers is
# scripts/browser.sh.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

scripts/need.sh
if [ $# -eq 0 ]; then
	set -- work
	scripts/widget.sh test
fi
CGO_ENABLED=1 go test -race -shuffle=on -timeout=15m "$@"
