#!/usr/bin/env bash
# Hostile addresses and a hostile tenant beside another tenant's visitors (lab/neighbours):
# each attack lasts PHASE (default 10s); the tenant sends FORMS (default 10000) and LOGINS
# (default 5000). Prints how long the visitors waited, and what was refused.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

go run ./lab/neighbours -phase "${PHASE:-10s}" -forms "${FORMS:-10000}" -logins "${LOGINS:-5000}"
