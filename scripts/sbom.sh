#!/usr/bin/env bash
# Writes a bill of materials (CycloneDX) of every published module, the widget's files
# among them: VERSION is the release, DIR where to. The same checkout gives the same files.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

dir=${DIR:-bin/sbom}
mkdir -p "$dir"
go run ./lab/publish -version "${VERSION:-v0.0.0}" -sbom "$dir" >/dev/null
ls "$dir"/*.cdx.json
