// Package sqlite_test runs the simulation on real databases.
package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/charlahq/charla/lab/sim"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/sqlite"
)

func open(dir string) (storage.Store, error) {
	return sqlite.Open(filepath.Join(dir, "sim.db"), &sqlite.Options{Readers: 1, InsecureNoSync: true})
}

// TestSimulation runs the world on a database for each seed.
func TestSimulation(t *testing.T) { sim.Test(t, "sqlite", 4, sim.Lasting(open)) }

// TestRegress runs again what failed once.
func TestRegress(t *testing.T) { sim.Regress(t, "../testdata/regress", sim.Lasting(open)) }
