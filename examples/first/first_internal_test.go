package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/storage/sqlite"
	"github.com/stretchr/testify/require"
)

func Example() {
	folder, err := os.MkdirTemp("", "first")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	if err := run(context.Background(), filepath.Join(folder, "chat.db")); err != nil {
		fmt.Println(err)
	}
	// Output:
	// customer: Where is my order?
	// rule: Welcome, Carla!
	// agent: It left this morning.
}

// TestOneAccount: a run on the database of another makes no second account.
func TestOneAccount(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "chat.db")
	for range 2 {
		require.NoError(t, run(t.Context(), file))
	}
	store, err := sqlite.Open(file, nil)
	require.NoError(t, err)
	defer store.Close()
	desk, err := charla.New(store, nil)
	require.NoError(t, err)
	accounts, err := desk.Accounts(t.Context(), charla.AccountQuery{})
	require.NoError(t, err)
	require.Len(t, accounts.Items, 1)
}
