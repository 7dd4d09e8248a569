package main

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRun(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	file := filepath.Join(t.TempDir(), "chat.journal")
	for range 2 {
		out.Reset()
		require.NoError(t, run(t.Context(), []string{file}, &out))
		require.Equal(t, `The store was closed. Opened again, it holds:
Tienda, ticket 1 of Carla: closed (manual)
  customer: Where is my order?
  agent: It left this morning.
  rule: Thank you, Carla. Goodbye!
`, out.String())
	}
}
