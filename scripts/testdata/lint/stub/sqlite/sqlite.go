// Package sqlite stands in for the real one.
package sqlite
