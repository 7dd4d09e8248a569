package bbolt_test

import (
	"path/filepath"
	"testing"

	"github.com/charlahq/charla/examples/bbolt"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/storagetest"
	"github.com/stretchr/testify/require"
	bolt "go.etcd.io/bbolt"
)

// TestStore: the store keeps the whole contract. It is not parallel: it counts goroutines.
func TestStore(t *testing.T) {
	paths := make(map[storage.Store]string)
	open := func(t *testing.T, path string) storage.Store {
		s, err := bbolt.Open(path, &bolt.Options{NoSync: true})
		require.NoError(t, err)
		paths[s] = path
		return s
	}
	storagetest.Run(t, storagetest.Harness{
		Open: func(t *testing.T) storage.Store { return open(t, filepath.Join(t.TempDir(), "chat.bbolt")) },
		Reopen: func(t *testing.T, s storage.Store) storage.Store {
			require.NoError(t, s.Close())
			return open(t, paths[s])
		},
	})
}
