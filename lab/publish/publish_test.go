package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// repository makes a small repository with the given files in addition.
func repository(t *testing.T, files map[string]string) string {
	dir := t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	write("LICENSE", "free\n")
	write("go.mod", "module github.com/charlahq/charla\n\ngo 1.26.0\n")
	write("charla.go", "package charla\n")
	write("storage/sqlite/go.mod", "module github.com/charlahq/charla/storage/sqlite\n\ngo 1.26.0\n\nrequire github.com/charlahq/charla v0.0.0\n\nreplace github.com/charlahq/charla => ../..\n")
	write("storage/sqlite/sqlite.go", "package sqlite\n")
	write("lab/go.mod", "module github.com/charlahq/charla/lab\n\ngo 1.26.0\n")
	for name, text := range files {
		write(name, text)
	}
	out, err := exec.CommandContext(t.Context(), "git", "init", "-q", dir).CombinedOutput()
	require.NoError(t, err, "%s", out)
	return dir
}

// publish runs the program.
func publish(t *testing.T, args ...string) (string, error) {
	out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput()
	return string(out), err
}

var program string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "publish")
	if err != nil {
		panic(err)
	}
	program = filepath.Join(dir, "publish")
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-o", program, ".").CombinedOutput(); err != nil {
		panic(string(out))
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

func TestProxy(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	out, err := publish(t, "-C", repository(t, nil), "-version", "v0.3.0", dir)
	require.NoError(t, err, out)
	require.Equal(t, "github.com/charlahq/charla\ngithub.com/charlahq/charla/storage/sqlite\n", out, "lab stays here")
	mod, err := os.ReadFile(filepath.Join(dir, "github.com/charlahq/charla/storage/sqlite/@v/v0.3.0.mod"))
	require.NoError(t, err)
	require.Equal(t, "module github.com/charlahq/charla/storage/sqlite\n\ngo 1.26.0\n\nrequire github.com/charlahq/charla v0.3.0\n", string(mod))
}

func TestRelease(t *testing.T) {
	t.Parallel()
	dir := repository(t, nil)
	out, err := publish(t, "-C", dir, "-version", "v0.3.0")
	require.NoError(t, err, out)
	mod, err := os.ReadFile(filepath.Join(dir, "storage/sqlite/go.mod"))
	require.NoError(t, err)
	require.NotContains(t, string(mod), "replace")
	require.Contains(t, string(mod), "charla v0.3.0")
}

func TestRefused(t *testing.T) {
	t.Parallel()
	replaces := func(old, target string) map[string]string {
		return map[string]string{"otel/go.mod": "module github.com/charlahq/charla/otel\n\ngo 1.26.0\n\nreplace " + old + " => " + target + "\n"}
	}
	for name, c := range map[string]struct {
		files map[string]string
		want  string
	}{
		"device":              {map[string]string{"testdata/fuzz/FuzzX/nul": ""}, "nul"},
		"device, ending":      {map[string]string{"testdata/aux.txt": ""}, "aux"},
		"device, unpublished": {map[string]string{"lab/COM1": ""}, "COM1"},
		"device, folder":      {map[string]string{"con/a.go": "package con\n"}, "con"},
		"case":                {map[string]string{"a/B.txt": "", "a/b.txt": ""}, "differ in case only"},
		"case of folders":     {map[string]string{"A/x.txt": "", "a/y.txt": ""}, "differ in case only"},
		"dot":                 {map[string]string{"a/b.": ""}, "trailing dot"},
		"character":           {map[string]string{"a/b:c": ""}, "invalid char"},
		"long":                {map[string]string{strings.Repeat("long/", 30) + "a.go": "package a\n"}, "more than 140"},
		"large":               {map[string]string{"storage/sqlite/data.bin": strings.Repeat("x", 1<<20+1)}, "more than 1048576"},
		"large root":          {map[string]string{"data.bin": strings.Repeat("x", 1<<20+1)}, "more than 1048576"},
		"replaced by folder":  {replaces("example.org/x", "../x"), "replaces example.org/x"},
		"replaced by fork":    {replaces("github.com/google/uuid", "example.org/uuid v1.0.0"), "replaces github.com/google/uuid"},
		"other folder":        {replaces("github.com/charlahq/charla", "../storage"), "replaces github.com/charlahq/charla"},
		"unpublished":         {map[string]string{"otel/go.mod": "module github.com/charlahq/charla/otel\n\nrequire github.com/charlahq/charla/lab v0.0.0\n"}, "not published"},
		"wrong module":        {map[string]string{"otel/go.mod": "module github.com/charlahq/otel\n"}, "the module is"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := repository(t, c.files)
			out, err := publish(t, "-C", dir, t.TempDir())
			require.Error(t, err)
			require.Contains(t, out, c.want)
		})
	}
}
