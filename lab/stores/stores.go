// Package stores opens each kind of store by name, for tests that all of them must pass alike.
package stores

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/postgres"
	"github.com/charlahq/charla/storage/postgres/pgtest"
	"github.com/charlahq/charla/storage/sqlite"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// server is the PostgreSQL server of all tests of a package.
var server *pgtest.Server

// Main runs a package's tests beside a PostgreSQL server, and exits. Call it from TestMain.
func Main(m *testing.M) { os.Exit(run(m)) }

// run returns the status of the tests; 1 if the server fails.
func run(m *testing.M) int {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	var err error
	if server, err = pgtest.Start(ctx, nil); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	if err := server.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// ByName make an empty store of each kind. What they return opens it, once more at each call, as
// another process does; the test closes what was opened.
var ByName = map[string]func(testing.TB) func() storage.Store{
	"memory": func(t testing.TB) func() storage.Store {
		s := opening(t, func() (storage.Store, error) { return storage.NewMemory(), nil })()
		return func() storage.Store { return s }
	},
	"sqlite": func(t testing.TB) func() storage.Store {
		path := filepath.Join(t.TempDir(), "chat.db")
		return opening(t, func() (storage.Store, error) { return sqlite.Open(path, &sqlite.Options{InsecureNoSync: true}) })
	},
	"postgres": func(t testing.TB) func() storage.Store {
		dsn, err := server.Create(t.Context())
		require.NoError(t, err)
		return opening(t, func() (storage.Store, error) { return postgres.Open(t.Context(), dsn, nil) })
	},
}

// opening returns what opens a store, or fails the test, and closes it at the test's end.
func opening(t testing.TB, open func() (storage.Store, error)) func() storage.Store {
	return func() storage.Store {
		t.Helper()
		s, err := open()
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, s.Close()) })
		return s
	}
}
