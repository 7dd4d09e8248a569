#!/usr/bin/env bash
# Serves every published module from a folder, as a proxy would, and builds from
# there what users build: a program that imports only the core (and says what is in
# its binary), the README's first program by its path, and every exported package
# for each system that is supported. Fails if go get would refuse a module, or if
# the core brings along what nobody asked for. FAST=1 leaves out the other systems.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

# The modules that the core may bring along, as a pattern of whole paths.
allowed='github.com/(charlahq/charla|google/uuid|benbjohnson/clock)|golang\.org/x/[a-z]+'
# The packages that it may not, though their modules may be there.
unwanted='testing|net/http(/.*)?|github.com/charlahq/charla/(console|storage/storagetest|automation/scenario|examples).*'

version=v0.0.1-check
root=$PWD
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
go run ./lab/publish -version "$version" "$dir/proxy" >"$dir/published"
printf 'modules published:\n'
sed 's/^/  /' "$dir/published"

# The check's versions stay out of the module cache that everybody uses; whatever
# that has is taken from there. Other people's modules are held against the sums
# of the repository.
GOPROXY="file://$dir/proxy,file://$(go env GOMODCACHE)/cache/download,$(go env GOPROXY)"
GOMODCACHE=$dir/cache
GONOSUMDB=github.com/charlahq
GOFLAGS="$GOFLAGS -trimpath -mod=mod"
export GOPROXY GOMODCACHE GONOSUMDB GOFLAGS GOWORK=off CGO_ENABLED=0

# consumer NAME: makes a module outside the repository and goes there.
consumer() {
	mkdir "$dir/$1"
	cd "$dir/$1"
	printf 'module example.org/%s\n\n%s\n' "$1" "$(sed -n '/^go /p' "$root/go.mod")" >go.mod
	find "$root" -name go.sum -not -path '*/node_modules/*' -not -path '*/testdata/*' -exec cat {} + |
		grep -v '^github.com/charlahq/' | sort -u >go.sum
}

consumer core
cat >main.go <<'END'
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/storage"
)

func main() {
	store := storage.NewMemory()
	defer store.Close()
	desk, err := charla.New(store, nil)
	if err != nil {
		log.Fatal(err)
	}
	account, _, err := desk.CreateAccount(context.Background(), "Tienda", "tienda.cl", nil)
	if err != nil {
		log.Fatal(err)
	}
	info, err := account.Info(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("account:", info.Name)
}
END
go get "github.com/charlahq/charla@$version"
go build -o consumer .
./consumer | grep -x 'account: Tienda'
go version -m consumer | awk '$1 == "dep" { print $2 }' | sort >modules
go list -deps . | sort >packages
printf 'modules in the binary of the core (%s bytes):\n' "$(wc -c <consumer)"
sed 's/^/  /' modules
if grep -vxE "$allowed" modules; then
	die "these modules do not belong into a user's binary"
fi
if grep -xE "$unwanted" packages; then
	die "these packages do not belong into a user's binary"
fi

mkdir "$dir/first"
cd "$dir/first"
GOBIN=$PWD go install "github.com/charlahq/charla/examples/first@$version"
./first 2>/dev/null | grep -xF 'agent: It left this morning.'

consumer all
sed "s/\$/@$version/" "$dir/published" | xargs go get
sed 's|$|/...|' "$dir/published" |
	xargs go list -e -f '{{if and .GoFiles (ne .Name "main")}}{{.ImportPath}}{{end}}' | sed '/\/internal\//d; /^$/d' >packages
{
	echo 'package main'
	sed 's/.*/import _ "&"/' packages
	echo 'func main() {}'
} >main.go
printf '%s exported packages\n' "$(wc -l <packages)"
targets='linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64'
[ -z "${FAST:-}" ] || targets=linux/amd64
for target in $targets; do
	GOOS=${target%/*} GOARCH=${target#*/} go build -o built .
	printf 'builds for %s\n' "$target"
done
[ -z "${FAST:-}" ] || exit 0

# 32 bits: the packages and their tests, from the repository.
cd "$root"
export GOFLAGS="${GOFLAGS/-mod=mod/}" GOWORK=
unset GOMODCACHE GOPROXY
while read -r module; do
	GOARCH=386 go vet "$module/..."
	printf 'vetted for 386: %s\n' "$module"
done <"$dir/published"
