package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Every bug has its place in today's sources.
func TestPlaces(t *testing.T) {
	t.Parallel()
	for _, m := range table {
		source, err := os.ReadFile(filepath.Join("..", "..", "..", m.file))
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(source), m.old); n != 1 {
			t.Errorf("%s: %q is in %s %d times", m.name, m.old, m.file, n)
		}
	}
}
