package sqlite_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/charlahq/charla/storage/sqlite"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What customers wrote is for the owner's eyes: the database, the files that SQLite
// puts beside it, and a backup. A file that is there keeps its mode.
func TestModes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	modes := func() map[string]os.FileMode {
		list, err := os.ReadDir(dir)
		require.NoError(t, err)
		got := map[string]os.FileMode{}
		for _, entry := range list {
			info, err := entry.Info()
			require.NoError(t, err)
			got[entry.Name()] = info.Mode().Perm()
		}
		return got
	}
	path, copied := filepath.Join(dir, "chat.db"), filepath.Join(dir, "backup.db")
	s, err := sqlite.Open(path, nil)
	require.NoError(t, err)
	require.NoError(t, s.Backup(t.Context(), copied))
	assert.Equal(t, map[string]os.FileMode{"chat.db": 0o600, "chat.db-wal": 0o600, "chat.db-shm": 0o600, "backup.db": 0o600}, modes())
	require.NoError(t, s.Close())

	require.NoError(t, os.Chmod(path, 0o640))
	s, err = sqlite.Open(path, nil)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o640), modes()["chat.db"])
	assert.Equal(t, os.FileMode(0o640), modes()["chat.db-wal"])
	require.NoError(t, s.Close())
}
