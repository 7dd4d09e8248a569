#!/usr/bin/env bash
# Checks everything that needs no test: format, vet, the linters and their
# negative control, documents, tidy modules, known vulnerabilities, the scripts
# themselves.
# Runs every check and fails at the end if any failed.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

failed=()

check() {
	echo "-- $1" >&2
	"$1" || failed+=("$1")
}

format() {
	local files
	files=$(gofmt -s -l .) && [ -z "$files" ] && return
	printf 'not formatted (gofmt -s -w):\n%s\n' "$files" >&2
	return 1
}

vet() {
	go vet work
}

# The pattern "work" means nothing to golangci-lint: it gets the modules' list.
golangci() {
	local lint
	lint=$(tool golangci-lint) || return
	modules | sed 's|$|/...|' | xargs "$lint" run
}

selftest() {
	scripts/lint-selftest.sh
}

# Do links, names, commands, rules and counts in documents hold.
documents() {
	go run ./lab/claims
}

tidy() {
	local dir rc=0
	while read -r dir; do
		GOWORK=off go -C "$dir" mod tidy -diff || {
			echo "not tidy: $dir (GOWORK=off go mod tidy)" >&2
			rc=1
		}
	done < <(modules)
	return $rc
}

vulnerabilities() {
	local vuln dir out rc found=0
	vuln=$(tool govulncheck) || return
	while read -r dir; do
		rc=0
		out=$("$vuln" -C "$dir" ./... 2>&1) || rc=$?
		case $rc in
		0) ;;
		1)
			printf '%s\n' "$out" >&2
			[[ $out == *"fetching vulnerabilities"* ]] || return 1
			cat >&2 <<-'END'
				##########################################################################
				## The vulnerability database (vuln.go.dev) is out of reach.            ##
				## NOTHING WAS CHECKED for known vulnerabilities; the rest goes on.     ##
				##########################################################################
			END
			return 0
			;;
		*)
			printf '%s: %s\n' "$dir" "$out" >&2
			found=1
			;;
		esac
	done < <(modules)
	return $found
}

types() {
	scripts/widget.sh check
}

shell() {
	if ! command -v shellcheck >/dev/null; then
		echo "shellcheck is not installed: the scripts are not checked" >&2
		return 0
	fi
	shellcheck -x -P scripts .ci/run scripts/*.sh
}

check format
check vet
check golangci
check selftest
check documents
check tidy
check vulnerabilities
check types
check shell

[ ${#failed[@]} -eq 0 ] || die "lint failed: ${failed[*]}"
