package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/postgres"
	"github.com/charlahq/charla/storage/storagetest"
)

// pair is two processes' stores on one database: each call goes to the next one.
type pair struct {
	stores [2]*postgres.Store
	turn   atomic.Uint64
	closed func()
}

func (p *pair) next() *postgres.Store                { return p.stores[p.turn.Add(1)%2] }
func (p *pair) Accounts() storage.Accounts           { return p.next().Accounts() }
func (p *pair) Conversations() storage.Conversations { return p.next().Conversations() }
func (p *pair) Outbox() storage.Outbox               { return p.next().Outbox() }
func (p *pair) Presence() storage.Presence           { return p.next().Presence() }
func (p *pair) Sessions() storage.Sessions           { return p.next().Sessions() }
func (p *pair) Queries() storage.Queries             { return p.next().Queries() }
func (p *pair) Contacts() storage.Contacts           { return p.next().Contacts() }

func (p *pair) Close() error {
	err := errors.Join(p.stores[0].Close(), p.stores[1].Close())
	if err == nil {
		p.closed()
	}
	return err
}

// R4.5, R3.2: the contract holds for several processes together, whichever of them
// does what.
func TestTwoStores(t *testing.T) {
	t.Parallel()
	var s spare
	for _, err := range storagetest.Errors(t, storagetest.Harness{
		Open: func(t *testing.T) storage.Store {
			dsn := s.take(t)
			p := &pair{closed: func() { s.put(&hosted{dsn: dsn}) }}
			for i := range p.stores {
				p.stores[i] = open(t, dsn, nil)
				p.stores[i].Sweep() // what one schedules is due for the other at once
			}
			return p
		},
	}, "claims/", "commit/", "feed/", "marks/", "model/", "outbox/at once", "presence/", "races/", "stale/") {
		t.Error(err)
	}
}

// Example has desks of two processes on one database. Each may serve any request
// and do what falls due; the broker tells the others what one did.
func Example() {
	ctx := context.Background()
	dsn, err := server.Create(ctx) // an empty database; yours is "postgres://…"
	if err != nil {
		fmt.Println(err)
		return
	}
	process := func() (*charla.Desk, func(), error) {
		pool, err := postgres.NewPool(ctx, dsn, nil)
		if err != nil {
			return nil, nil, err
		}
		store, err := postgres.New(ctx, pool, nil)
		if err != nil {
			return nil, nil, err
		}
		desk, err := charla.New(store, &charla.Options{Broker: postgres.NewBroker(pool)})
		return desk, func() { store.Close(); pool.Close() }, err
	}
	one, end, err := process()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer end()
	two, end, err := process()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer end()

	account, _, err := one.CreateAccount(ctx, "Tienda", "tienda.cl", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	found, err := two.Account(account.ID()).Info(ctx)
	fmt.Println(found.Name, err)
	// Output: Tienda <nil>
}
