// Package extras has no row in the table.
package extras

import (
	_ "net/http"

	_ "github.com/google/uuid" // want depguard
)
