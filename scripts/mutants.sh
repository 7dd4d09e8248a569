#!/usr/bin/env bash
# Plants bugs, one at a time, and fails unless the simulation (or a suite) finds
# each. ONLY=words tries those whose name has the words.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

go run ./lab/sim/mutants -only "${ONLY:-}"
