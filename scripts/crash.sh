#!/usr/bin/env bash
# Kills a process under load N times (default 100, from SEED on), and compares what
# it acknowledged with what is on the disk (proof/crash). Prints kills,
# acknowledgements, missing, duplicates, unsound.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

go test ./proof/crash -run '^TestKilled$' -count=1 -timeout=12h -v -args -kills "${N:-100}" -seed "${SEED:-1}"
