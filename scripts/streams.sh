#!/usr/bin/env bash
# Many streams on one process (lab/streams), on net/http's connections and taken
# over from it: IDLE of them (default 10000), and STUCK whose readers do not read
# (default 1000). Prints memory, times, losses.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

for mode in false true; do
	echo "hijack                  $mode"
	go run ./lab/streams -idle "${IDLE:-10000}" -stuck "${STUCK:-1000}" -hijack="$mode"
done
