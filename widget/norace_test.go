//go:build !race

package widget_test

// memoryFactor is one: these are the real limits.
const memoryFactor = 1

// idleStreams is how many streams are held open for a measurement.
const idleStreams = 2000
