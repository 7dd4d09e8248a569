//go:build race

package widget_test

// memoryFactor: the race detector makes frames larger.
const memoryFactor = 4

// idleStreams is how many streams are held open for a measurement.
const idleStreams = 300
