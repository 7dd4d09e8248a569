//go:build race

package widget_test

// memoryFactor: the race detector makes frames larger.
const memoryFactor = 4
