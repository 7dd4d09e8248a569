#!/usr/bin/env bash
# Builds a program outside this repository that imports only the core, runs it,
# prints what is in its binary, and fails if anything is that a user of the core
# did not ask for.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

# The modules that the core may bring along, as a pattern of whole paths.
allowed='github.com/(charlahq/charla|google/uuid|benbjohnson/clock)|golang\.org/x/[a-z]+'
# The packages that it may not, though their modules may be there.
unwanted='testing|net/http/httptest|github.com/charlahq/charla/(storage/storagetest|automation/scenario|examples).*'

root=$PWD
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
export GOWORK=off CGO_ENABLED=0 GOFLAGS="$GOFLAGS -mod=mod"

cat >go.mod <<END
module example.org/consumer

$(sed -n '/^go /p' "$root/go.mod")

require github.com/charlahq/charla v0.0.0

replace github.com/charlahq/charla => $root
END
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
	ctx := context.Background()
	store := storage.NewMemory()
	defer store.Close()
	desk, err := charla.New(store, nil)
	if err != nil {
		log.Fatal(err)
	}
	account, _, err := desk.CreateAccount(ctx, "Tienda", "tienda.cl", nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("account:", account.Name)
}
END

go build -trimpath -o consumer .
./consumer | grep -x 'account: Tienda'

go version -m consumer | awk '$1 == "dep" { print $2 }' | sort >modules
go list -deps . | sort >packages
printf 'modules in the binary (%s bytes):\n' "$(wc -c <consumer)"
sed 's/^/  /' modules

if grep -vxE "$allowed" modules; then
	die "consumer: these modules do not belong into a user's binary"
fi
if grep -xE "$unwanted" packages; then
	die "consumer: these packages do not belong into a user's binary"
fi
