// Package widget breaks rules.
package widget

import (
	_ "github.com/charlahq/charla"
	_ "github.com/charlahq/charla/storage/storagetest" // want depguard
)
