// Package scenario breaks rules.
package scenario

import (
	_ "testing"

	_ "github.com/charlahq/charla"
	_ "github.com/charlahq/charla/widget" // want depguard
)
