// Package storage breaks rules.
package storage

import (
	_ "github.com/charlahq/charla/storage/storagetest" // want depguard
	_ "github.com/charlahq/charla/tickets"
	_ "modernc.org/sqlite" // want depguard
)
