#!/usr/bin/env bash
# The browser's part of the widget (widget/ui): "build" writes dist, "check" checks
# the types, "test" runs the tests that need no browser.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

case ${1-} in
build)
	go run ./widget/ui/tools
	;;
check)
	command -v npm >/dev/null || die "the types of widget/ui are checked by npm (Debian packages nodejs npm)"
	cd widget/ui
	npm ci --silent --no-audit --no-fund
	npm run --silent check
	;;
test)
	out=$(mktemp -d)
	trap 'rm -rf "$out"' EXIT
	go run ./widget/ui/tools -tests "$out"
	node --test --test-reporter=spec "$out"/*.mjs
	;;
*)
	die "usage: $0 build|check|test"
	;;
esac
