// Package uuid stands in for the real one.
package uuid

// New returns an ID.
func New() [16]byte { return [16]byte{} }
