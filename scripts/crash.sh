#!/usr/bin/env bash
# Kills a process under load N times (default 100, from SEED on), and compares what
# it acknowledged with what is on the disk (lab/crash). With STORE=postgres there
# are three processes on one database, and N times each a process and the server are
# killed and a connection is cut. Prints kills, acknowledgements, what was lost, done
# twice or unsound.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

case ${STORE:-sqlite} in
sqlite) proof=TestKilled ;;
postgres) proof=TestCluster ;;
*) die "STORE is sqlite or postgres" ;;
esac
has_test ./lab/crash "^$proof\$"
go test ./lab/crash -run "^$proof\$" -count=1 -timeout=12h -v -args -kills "${N:-100}" -seed "${SEED:-1}"
