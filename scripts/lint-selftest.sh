#!/usr/bin/env bash
# The negative control of .golangci.yml: runs it on a small tree with planted
# faults, each marked "// want LINTER" on its line, and fails unless exactly
# those are reported.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

lint=$(tool golangci-lint)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cp -R scripts/testdata/lint/. "$dir"
cp .golangci.yml "$dir"
cd "$dir"

grep -rnoE --include='*.go' '// want [a-z]+' . |
	sed -E 's|^\./([^:]+:[0-9]+):// want |\1 |' | sort >want

rc=0
"$lint" run --enable-only depguard,forbidigo,revive,testpackage \
	--show-stats=false --output.text.path=got.txt --output.text.colors=false \
	--output.text.print-issued-lines=false ./... ./storage/sqlite/... >log 2>&1 || rc=$?
if [ "$rc" -ne 1 ] || ! [ -s got.txt ]; then
	cat log >&2
	die "the linter did not run (exit $rc)"
fi
sed -E 's|^([^:]+:[0-9]+):.* \(([a-z]+)\)$|\1 \2|' got.txt | sort >got

if ! diff -u want got; then
	die "lint-selftest: - was planted but not reported, + was reported but not planted"
fi
echo "lint-selftest: all $(wc -l <want) planted faults are reported, and nothing else"
