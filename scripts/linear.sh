#!/usr/bin/env bash
# Checks that conversations are linearizable: N histories (default 1000; a tenth
# of them on SQLite) of concurrent calls, from SEED on (default: a fresh one).
set -euo pipefail
. "$(dirname "$0")/lib.sh"

n=${N:-1000}
linear() {
	go test ./lab/linear -run "^TestLinearizable$/^$1$" -count=1 -timeout=12h -v -args -n "$2" -seed "${SEED:-0}"
}
linear memory "$n"
linear sqlite "$(((n + 9) / 10))"
