package main_test

import (
	"bytes"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/stretchr/testify/require"
)

// TestBOM: a bill of materials names what is in a program that imports the module, as the
// program itself says, with sums; the widget's files, too, and nothing that only tests
// need. Nothing in it depends on when it is made.
func TestBOM(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	said, err := publish(t, "-C", filepath.Join("..", ".."), "-version", "v0.3.0", "-sbom", dir)
	require.NoError(t, err, said)
	files, err := filepath.Glob(filepath.Join(dir, "*.cdx.json"))
	require.NoError(t, err)
	require.Len(t, files, strings.Count(said, "\n"), "one for each module")

	read := func(name string) (parts map[string]cdx.Component) {
		text, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		var bom cdx.BOM
		require.NoError(t, cdx.NewBOMDecoder(bytes.NewReader(text), cdx.BOMFileFormatJSON).Decode(&bom))
		require.Equal(t, "v0.3.0", bom.Metadata.Component.Version)
		require.Empty(t, bom.SerialNumber+bom.Metadata.Timestamp, "the same each time")
		parts = map[string]cdx.Component{}
		for _, c := range *bom.Components {
			parts[c.Name] = c
			if strings.HasPrefix(c.Name, "github.com/charlahq/charla") {
				require.Equal(t, "v0.3.0", c.Version)
				continue
			}
			require.Len(t, *c.Hashes, 1, c.Name)
			sum, err := hex.DecodeString((*c.Hashes)[0].Value)
			require.NoError(t, err)
			require.Len(t, sum, 32, c.Name)
		}
		return parts
	}
	core := read("charla.cdx.json")
	require.NotContains(t, core, "github.com/stretchr/testify", "only tests need it, and storagetest")
	dist, err := os.ReadDir(filepath.Join("..", "..", "widget", "ui", "dist"))
	require.NoError(t, err)
	require.NotEmpty(t, dist)
	for _, f := range dist {
		require.Contains(t, core, "widget/ui/dist/"+f.Name())
	}

	// A program that imports the module says what is in it.
	program := filepath.Join(t.TempDir(), "first")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-buildvcs=false", "-o", program, "./first")
	cmd.Dir = filepath.Join("..", "..", "examples")
	cmd.Env = append(os.Environ(), "GOWORK=off")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	out, err = exec.CommandContext(t.Context(), "go", "version", "-m", program).Output()
	require.NoError(t, err)
	examples := read("charla-examples.cdx.json")
	found := 0
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		if len(words) < 3 || words[0] != "dep" || strings.HasPrefix(words[1], "github.com/charlahq/") {
			continue
		}
		found++
		require.Equal(t, words[2], examples[words[1]].Version, words[1])
	}
	require.Greater(t, found, 5)
	require.True(t, slices.Contains(strings.Fields(string(out)), "modernc.org/sqlite"))
}
