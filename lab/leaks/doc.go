// Package leaks proves that nothing goes on when it should be over: after a desk,
// its streams and a store have ended, in order or by an error in the middle of
// everything, no goroutine is left. goleak looks.
package leaks
