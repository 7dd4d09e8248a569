package sim_test

import (
	"testing"

	"github.com/charlahq/charla/lab/sim"
	"github.com/charlahq/charla/storage"
)

func memory(string) (storage.Store, error) { return storage.NewMemoryOf("sim"), nil }

// TestSimulation runs the world on the memory store.
func TestSimulation(t *testing.T) { sim.Test(t, "memory", 40, memory) }

// TestRegress runs again what failed once.
func TestRegress(t *testing.T) { sim.Regress(t, "testdata/regress", memory) }
