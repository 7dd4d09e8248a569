// Package require stands in for the real one.
package require
