// Package automation breaks rules.
package automation

import (
	_ "github.com/charlahq/charla/internal/fold"
	_ "github.com/charlahq/charla/storage" // want depguard
	_ "github.com/charlahq/charla/tickets"
)
