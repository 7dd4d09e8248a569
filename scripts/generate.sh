#!/usr/bin/env bash
# Writes every generated file of the repository again.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

# golden PACKAGE TEST: the test writes its golden files when given -update.
golden() {
	has_test "$1" "$2"
	go test "$1" -run "$2" -count=1 -update
}

golden ./chatcfg Schema
golden ./widget SettingsType
golden ./tickets Diagram
golden ./console OpenAPI
go run ./lab/suffixes
go run ./lab/api
scripts/widget.sh build >&2
