// Package fold may be used by several rooms.
package fold
