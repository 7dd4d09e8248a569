// Package clock stands in for the real one.
package clock

// New returns a clock.
func New() int { return 0 }
