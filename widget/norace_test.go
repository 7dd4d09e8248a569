//go:build !race

package widget_test

// memoryFactor is one: these are the real limits.
const memoryFactor = 1
