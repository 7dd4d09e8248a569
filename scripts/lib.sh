# Sourced by the other scripts: goes to the repository's root, from where all of
# them run, and holds what they share.
# shellcheck shell=bash

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit
unset GOWORK
# A checkout that belongs to somebody else has no readable version control.
export GOFLAGS="${GOFLAGS:+$GOFLAGS }-buildvcs=false"

die() {
	printf '%s\n' "$*" >&2
	exit 1
}

# modules prints the directory of each module of the workspace.
modules() {
	go list -m -f '{{.Dir}}'
}

# has_test PACKAGE PATTERN fails when no test of the package matches: "go test
# -run" alone would be content.
has_test() {
	local found
	found=$(go test "$1" -list "$2") || die "$found"
	grep -q '^Test' <<<"$found" || die "$1 has no test $2"
}

# The tools that are not part of Go, at their exact versions: name, path, version.
tools='
golangci-lint github.com/golangci/golangci-lint/v2/cmd/golangci-lint v2.15.0
govulncheck   golang.org/x/vuln/cmd/govulncheck                      v1.9.0
'

# tool prints the path of a tool in ./bin, installed first if it is not there, of
# another version, or built by another Go.
tool() {
	local name path version bin
	read -r name path version < <(grep "^$1 " <<<"$tools") || die "unknown tool $1"
	bin=$PWD/bin/$name
	if ! go version -m "$bin" 2>/dev/null |
		awk -v v="$version" -v go="$(go env GOVERSION)" '
			NR == 1 { same = $NF == go }
			$1 == "mod" { found = $3 == v }
			END { exit !(same && found) }'; then
		echo "installing $name $version" >&2
		GOBIN=$PWD/bin GOWORK=off GOFLAGS='' go install "$path@$version" >&2 || die "cannot install $name $version"
	fi
	printf '%s\n' "$bin"
}
