// Package tickets breaks rules.
package tickets

import (
	_ "context"
	_ "os/exec" // want depguard

	_ "github.com/charlahq/charla/chatcfg"
	_ "github.com/charlahq/charla/internal/fold" // want depguard
)
