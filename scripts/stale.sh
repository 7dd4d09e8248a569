#!/usr/bin/env bash
# Fails if generating changes a file: what is in the repository is then not what
# its generator writes. Leaves the new files in place.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

before=$(mktemp) after=$(mktemp)
trap 'rm -f "$before" "$after"' EXIT

# Compares sums, so that a checkout with changes of its own can be checked too.
sums() {
	find . \( -path ./.git -o -path ./bin -o -name node_modules \) -prune -o -type f -print0 |
		LC_ALL=C sort -z | xargs -0 sha256sum
}

sums >"$before"
scripts/generate.sh
sums >"$after"
diff "$before" "$after" >&2 || die "stale: the files above were not as their generators write them"
