// Package storagetest breaks rules.
package storagetest

import (
	_ "testing"

	_ "github.com/stretchr/testify/require" // want depguard
)
