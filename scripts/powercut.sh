#!/usr/bin/env bash
# Cuts the power under SQLite (lab/powercut): SEEDS runs from SEED on (default 4
# from 1) of STEPS steps each (default 60), each at every operation of its disk, or
# at about CUTS of them. Prints cuts, acknowledgements checked, lost, unsound.
# KEEP=folder keeps the disks that failed.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

go test ./lab/powercut -run '^TestCut$' -count=1 -timeout=12h -v -args \
	-seeds "${SEEDS:-4}" -seed "${SEED:-1}" -steps "${STEPS:-60}" -cuts "${CUTS:-0}" -keep "${KEEP:-}"
