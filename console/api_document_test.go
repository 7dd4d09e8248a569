package console_test

import (
	"flag"
	"os"
	"testing"

	"github.com/charlahq/charla/console"
	"github.com/charlahq/charla/console/internal/openapi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden files")

// TestOpenAPI: the document that the console serves is the one of its operations.
func TestOpenAPI(t *testing.T) {
	t.Parallel()
	words, err := openapi.ReadComments("..", "../tickets", "../chatcfg", "../automation", ".")
	require.NoError(t, err)
	doc, err := console.Document(words)
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.WriteFile("openapi.json", doc, 0o644))
	}
	file, err := os.ReadFile("openapi.json")
	require.NoError(t, err)
	assert.Equal(t, string(doc), string(file), "run go test ./console -run OpenAPI -update")
}
