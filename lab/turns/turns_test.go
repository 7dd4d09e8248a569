package turns_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/lab/stores"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { stores.Main(m) }

// TestTurns: R11.2: every ticket that waits is found, and a repetition finds the same ticket,
// also at the same instant in another process: with as many keys as tickets each key gets
// one, from four callers; with one ticket fewer exactly one key gets none, from all of them.
func TestTurns(t *testing.T) {
	t.Parallel()
	const callers = 4
	for name, empty := range stores.ByName {
		for _, c := range []struct{ tickets, keys, rounds int }{{1, 1, 20}, {12, 12, 3}, {2, 3, 10}} {
			t.Run(fmt.Sprint(name, "/", c.tickets, " tickets, ", c.keys, " keys"), func(t *testing.T) {
				t.Parallel()
				open := empty(t)
				var desks [2]*charla.Desk // as of two processes
				for i := range desks {
					var err error
					desks[i], err = charla.New(open(), nil)
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
