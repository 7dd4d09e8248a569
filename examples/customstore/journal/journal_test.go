package journal_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/examples/customstore/journal"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/storagetest"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// TestStore: the store keeps the whole contract.
func TestStore(t *testing.T) {
	t.Parallel()
	paths := make(map[storage.Store]string)
	storagetest.Run(t, storagetest.Harness{
		Open: func(t *testing.T) storage.Store {
			path := filepath.Join(t.TempDir(), "chat.journal")
			s := open(t, path, &journal.Options{InsecureNoSync: true})
			paths[s] = path
			return s
		},
		Reopen: func(t *testing.T, s storage.Store) storage.Store {
			require.NoError(t, s.Close())
			again := open(t, paths[s], &journal.Options{InsecureNoSync: true})
			paths[again] = paths[s]
			return again
		},
	})
}

func open(t *testing.T, path string, o *journal.Options) *journal.Store {
	t.Helper()
	s, err := journal.Open(path, o)
	require.NoError(t, err)
	return s
}

func account(i byte) chatcfg.Account {
	return chatcfg.Account{
		ID: chatcfg.AccountID{UUID: uuid.UUID{15: i + 1}}, Key: string(rune('a' + i)), Name: "Tienda",
		CreatedAt: time.Unix(0, 0).UTC(), Version: 1, Revision: 1,
	}
}

// TestCrash: wherever a write is cut off, what was acknowledged before it is
// there, nothing else is, and the store goes on.
func TestCrash(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "chat.journal")
	s := open(t, path, nil)
	var sizes []int64
	for i := range byte(3) {
		require.NoError(t, s.Accounts().Create(t.Context(), account(i)))
		info, err := os.Stat(path)
		require.NoError(t, err)
		sizes = append(sizes, info.Size())
	}
	require.ErrorIs(t, s.Accounts().Create(t.Context(), account(0)), storage.ErrExists)
	require.NoError(t, s.Close())
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Len(t, whole, int(sizes[2]), "what is refused is not written")

	header := bytes.IndexByte(whole, '\n') + 1 // is there before the file has its name
	for cut := header; cut < len(whole); cut += 3 {
		want := 0
		for _, size := range sizes {
			if int64(cut) >= size {
				want++
			}
		}
		require.NoError(t, os.WriteFile(path, whole[:cut], 0o600))
		s := open(t, path, nil)
		list, err := s.Accounts().List(t.Context(), chatcfg.AccountID{}, true, 0)
		require.NoError(t, err)
		require.Len(t, list, want, "cut at byte %d", cut)
		require.NoError(t, s.Accounts().Create(t.Context(), account(9)))
		require.NoError(t, s.Close())
		s = open(t, path, nil)
		_, err = s.Accounts().Get(t.Context(), account(9).ID)
		require.NoError(t, err, "cut at byte %d", cut)
		require.NoError(t, s.Close())
	}
}

// TestCorrupt: a bit that changed in the middle is noticed; a file that is no
// journal is left alone.
func TestCorrupt(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "chat.journal")
	s := open(t, path, nil)
	for i := range byte(3) {
		require.NoError(t, s.Accounts().Create(t.Context(), account(i)))
	}
	require.NoError(t, s.Close())
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	at := bytes.Index(whole, []byte("Tienda"))
	for name, file := range map[string][]byte{
		"a bit":        append(append(bytes.Clone(whole[:at]), whole[at]^1), whole[at+1:]...),
		"a line twice": append(bytes.Clone(whole), whole[bytes.LastIndexByte(whole[:len(whole)-1], '\n')+1:]...),
		"a text file":  []byte("Dear diary,\ntoday I wrote a store.\n"),
		"a line":       []byte("Dear diary\n"),
		"a word":       []byte("Dear"),
	} {
		require.NoError(t, os.WriteFile(path, file, 0o600))
		_, err = journal.Open(path, nil)
		require.ErrorIs(t, err, journal.ErrCorrupt, name)
		after, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, file, after, "%s: the file is as it was", name)
	}
}
