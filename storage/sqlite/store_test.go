package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/sqlite"
	"github.com/charlahq/charla/storage/storagetest"
	"github.com/stretchr/testify/require"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	paths := map[storage.Store]string{}
	open := func(t *testing.T, path string) storage.Store {
		s, err := sqlite.Open(path, nil)
		require.NoError(t, err)
		paths[s] = path
		return s
	}
	storagetest.Run(t, storagetest.Harness{
		Open: func(t *testing.T) storage.Store {
			return open(t, filepath.Join(t.TempDir(), "chat.db"))
		},
		Reopen: func(t *testing.T, s storage.Store) storage.Store {
			require.NoError(t, s.Close())
			return open(t, paths[s])
		},
	})
}
