#!/usr/bin/env bash
# Runs the simulation: SEEDS of them from SEED on (default 100 from 1), on STORE
# (memory, sqlite or postgres). A failure is shrunk and kept in lab/sim/testdata/regress. Prints
# seeds, steps, simulated time, faults and crashes; TRACE=1 prints what happens.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

case ${STORE:-memory} in
memory) dir=lab/sim ;;
sqlite) dir=lab/sim/sqlite ;;
postgres) dir=lab/sim/postgres ;;
*) die "STORE is memory, sqlite or postgres" ;;
esac
flags=(-seeds "${SEEDS:-100}" -seed "${SEED:-1}" -shrink "${SHRINK:-3000}" -keep "$PWD/lab/sim/testdata/regress")
[ -z "${TRACE:-}" ] || flags+=(-trace)
go test "./$dir" -run '^TestSimulation$' -count=1 -timeout=12h -v -args "${flags[@]}"
