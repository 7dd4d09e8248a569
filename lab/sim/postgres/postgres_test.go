// Package postgres_test runs the simulation on real PostgreSQL databases.
package postgres_test

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/charlahq/charla/lab/sim"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/postgres"
	"github.com/charlahq/charla/storage/postgres/pgtest"
)

// databases are one for each folder that is in use.
type databases struct {
	*pgtest.Server
	mu  sync.Mutex
	dsn map[string]string
}

var server databases

func TestMain(m *testing.M) {
	os.Exit(func() int {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
		defer cancel()
		var err error
		if server.Server, err = pgtest.Start(ctx, nil); err != nil {
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

func open(dir string) (storage.Store, error) {
	ctx := context.Background()
	dsn, err := server.of(ctx, dir)
	if err != nil {
		return nil, err
	}
	return postgres.Open(ctx, dsn, &postgres.Options{Conns: 4})
}

// of is the database of a folder: a new one, or one of a folder that is gone.
func (d *databases) of(ctx context.Context, dir string) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if dsn := d.dsn[dir]; dsn != "" {
		return dsn, nil
	}
	if d.dsn == nil {
		d.dsn = map[string]string{}
	}
	for other, dsn := range d.dsn {
		if _, err := os.Stat(other); os.IsNotExist(err) {
			delete(d.dsn, other)
			d.dsn[dir] = dsn
			return dsn, d.Empty(ctx, dsn)
		}
	}
	dsn, err := d.Create(ctx)
	d.dsn[dir] = dsn
	return dsn, err
}

// TestSimulation runs the world on a database for each seed.
func TestSimulation(t *testing.T) { sim.Test(t, "postgres", 2, sim.Lasting(open)) }

// TestRegress runs again what failed once.
func TestRegress(t *testing.T) { sim.Regress(t, "../testdata/regress", sim.Lasting(open)) }
