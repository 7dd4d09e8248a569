package turns_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/postgres"
	"github.com/charlahq/charla/storage/postgres/pgtest"
	"github.com/charlahq/charla/storage/sqlite"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// server is the PostgreSQL server of all tests here.
var server *pgtest.Server

func TestMain(m *testing.M) {
	os.Exit(func() int {
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
	}())
}

// pairs open one empty store twice, as two processes do.
var pairs = map[string]func(*testing.T) [2]storage.Store{
	"memory": func(*testing.T) [2]storage.Store {
		s := storage.NewMemory()
		return [2]storage.Store{s, s}
	},
	"sqlite": func(t *testing.T) [2]storage.Store {
		path := filepath.Join(t.TempDir(), "turns.db")
		return both(t, func() (storage.Store, error) { return sqlite.Open(path, &sqlite.Options{InsecureNoSync: true}) })
	},
	"postgres": func(t *testing.T) [2]storage.Store {
		dsn, err := server.Create(t.Context())
		require.NoError(t, err)
		return both(t, func() (storage.Store, error) { return postgres.Open(t.Context(), dsn, nil) })
	},
}

func both(t *testing.T, open func() (storage.Store, error)) (pair [2]storage.Store) {
	for i := range pair {
		s, err := open()
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, s.(interface{ Close() error }).Close()) })
		pair[i] = s
	}
	return pair
}

// TestTurns: R11.2: every ticket that waits is found, and a repetition finds the same ticket,
// also at the same instant in another process: with as many keys as tickets each key gets
// one, from four callers; with one ticket fewer exactly one key gets none, from all of them.
func TestTurns(t *testing.T) {
	t.Parallel()
	const callers = 4
	for name, open := range pairs {
		for _, c := range []struct{ tickets, keys, rounds int }{{1, 1, 20}, {12, 12, 3}, {2, 3, 10}} {
			t.Run(fmt.Sprint(name, "/", c.tickets, " tickets, ", c.keys, " keys"), func(t *testing.T) {
				t.Parallel()
				stores := open(t)
				var desks [2]*charla.Desk
				for i := range desks {
					var err error
					desks[i], err = charla.New(stores[i], nil)
					require.NoError(t, err)
				}
				for round := range c.rounds {
					account, _, err := desks[0].CreateAccount(t.Context(), "Tienda", "tienda.cl", nil)
					require.NoError(t, err)
					for i := range c.tickets {
						v, _, err := account.Enter(t.Context(), charla.Entry{Name: "C", Email: fmt.Sprintf("c%d@example.com", i)})
						require.NoError(t, err)
						_, err = v.Write(t.Context(), "hola", nil)
						require.NoError(t, err)
					}
					results := make([][callers]charla.Result, c.keys)
					errs := make([][callers]error, c.keys)
					var group sync.WaitGroup
					for key := range c.keys {
						for i := range callers {
							group.Go(func() {
								agent := desks[i%2].Account(account.ID()).Agent(charla.Person{ID: tickets.AgentID(fmt.Sprint("a", key%3))})
								results[key][i], errs[key][i] = agent.TakeNext(t.Context(), nil, &charla.CallOptions{Key: fmt.Sprint("k", key)})
							})
						}
					}
					group.Wait()
					took := map[tickets.Ref]bool{}
					none := 0
					for key := range c.keys {
						if errs[key][0] != nil {
							none++
							for _, err := range errs[key] {
								assert.ErrorIs(t, err, charla.ErrNoneWaiting, "round %d, key %d", round, key)
							}
							continue
						}
						for i := range callers {
							require.NoError(t, errs[key][i], "round %d, key %d", round, key)
							assert.Equal(t, results[key][0], results[key][i], "round %d, key %d", round, key)
						}
						took[results[key][0].Ref] = true
					}
					assert.Len(t, took, c.tickets, "round %d", round)
					assert.Equal(t, c.keys-c.tickets, none, "round %d", round)
				}
			})
		}
	}
}
