#!/usr/bin/env bash
# The proofs that are too long for the tests, or that look from outside; each in
# minutes. CHARLA_FULL=1 makes tests go through everything instead of a sample.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

proof() {
	echo "-- $*" >&2
	"$@"
}

# full PACKAGE TEST: the tests of that name, in full, without the race detector.
full() {
	has_test "$1" "$2"
	CHARLA_FULL=1 go test "$1" -run "$2" -count=1 -timeout=15m
}

FAST=1 proof scripts/publish-check.sh # a release builds for every system: make publish-check
proof scripts/stale.sh
proof full ./chatcfg Oracle
proof full ./storage/postgres Killed
proof full ./automation/mail TestDeskAtPostfix
proof full ./widget TestIdleStreamMemory # the limits that hold without the race detector
proof env N=15 scripts/crash.sh
proof env N=20 STORE=postgres scripts/crash.sh
proof env SEEDS=2 STEPS=12 CUTS=150 scripts/powercut.sh
proof env IDLE=500 STUCK=50 scripts/streams.sh
proof env PHASE=2s FORMS=500 LOGINS=250 scripts/neighbours.sh
proof go run ./lab/agents -agents 20 -tickets 36000 -for 5s
proof go run ./lab/bench -short -rounds 1 >/dev/null # does each row still work
