package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const source = `// Package charla is small.
package charla

import (
	"context"
	"io"
)

const Max = 7

const hidden = 8

type Kind string

const First Kind = "first"

var Default Options

type Options struct {
	Names []string
	Hook  func(ctx context.Context, name string) (ok bool, err error)
	io.Reader
	secret int
}

func (o *Options) Do(names ...string) error { return nil }

func (Options) private() {}

type Store interface {
	io.Closer
	Get(key string) (value []byte, err error)
}

type Page[T any] struct{ Items []T }

type Short = Page[Options]

func Map[K comparable, V any](m map[K]V, f func(k K) V) Page[V] { return Page[V]{} }

type internal struct{ X int }
`

const want = `package charla // github.com/charlahq/charla: 16 exported identifiers
const First Kind = "first"
const Max untyped int = 7
func Map[K comparable, V any](map[K]V, func(K) V) Page[V]
method (*Options) Do(...string) error
type Kind string
type Options struct, Hook func(context.Context, string) (bool, error)
type Options struct, Names []string
type Options struct, Reader io.Reader (embedded)
type Options struct, hidden fields
type Page struct, Items []T
type Page[T any] struct
type Short = Page[Options]
type Store interface
type Store interface, Close() error
type Store interface, Get(string) ([]byte, error)
var Default Options
`

func TestSurface(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	write("go.mod", "module github.com/charlahq/charla\n\ngo 1.26.0\n")
	write("charla.go", source)
	write("internal/x/x.go", "package x\n\nconst NotForUsers = 1\n")
	write("cmd/main.go", "package main\n\nfunc main() {}\n")
	write("api/gone.txt", "of a package that is gone\n")
	program := filepath.Join(t.TempDir(), "api")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-o", program, ".").CombinedOutput()
	require.NoError(t, err, "%s", out)
	cmd := exec.CommandContext(t.Context(), program, "-C", dir)
	cmd.Env = append(os.Environ(), "GOWORK=off")
	out, err = cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	files, err := os.ReadDir(filepath.Join(dir, "api"))
	require.NoError(t, err)
	require.Len(t, files, 1, "neither programs nor internal packages, nor what is gone")
	text, err := os.ReadFile(filepath.Join(dir, "api/charla.txt"))
	require.NoError(t, err)
	require.Equal(t, want, string(text))
}
