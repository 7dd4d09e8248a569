#!/usr/bin/env bash
# Changes the code at N random places, one at a time, and tells which changes the tests
# of the changed package notice. SEED chooses the places (default: another each
# time), PACKAGES the packages (default: tickets automation chatcfg . widget storage/sqlite).
set -euo pipefail
. "$(dirname "$0")/lib.sh"

args=(-n "${N:-300}")
[ -z "${SEED:-}" ] || args+=(-seed "$SEED")
read -ra packages <<<"${PACKAGES:-}"
go run ./lab/mutate "${args[@]}" "${packages[@]}"
