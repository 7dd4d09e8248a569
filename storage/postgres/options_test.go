package postgres_test

import (
	"testing"
	"time"

	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/postgres"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every problem of the options at once.
func TestBadOptions(t *testing.T) {
	t.Parallel()
	dsn := database(t)
	_, err := postgres.Open(t.Context(), dsn, &postgres.Options{Conns: 3, Queue: -1, Timeout: time.Millisecond, Partitions: 1001})
	for _, want := range []string{"Conns is 3", "Queue is -1", "Timeout is 1ms", "Partitions is 1001"} {
		assert.ErrorContains(t, err, want)
	}
	_, err = postgres.Open(t.Context(), dsn, &postgres.Options{Conns: -1, Timeout: -1, Partitions: -1})
	for _, want := range []string{"Conns is -1", "Timeout is -1ns", "Partitions is -1"} {
		assert.ErrorContains(t, err, want)
	}
	_, err = postgres.New(t.Context(), nil, nil)
	require.ErrorContains(t, err, "no pool")
}

// A connection string that cannot be read is no reason to try again; a server that
// is not there is one.
func TestOpenBusy(t *testing.T) {
	t.Parallel()
	_, err := postgres.Open(t.Context(), "postgres://charla:secret@[/chat", nil)
	require.ErrorContains(t, err, "cannot parse")
	require.NotErrorIs(t, err, storage.ErrBusy)
	assert.NotContains(t, err.Error(), "secret")
	_, err = postgres.Open(t.Context(), "host='"+t.TempDir()+"' user=charla dbname=chat sslmode=disable", nil)
	require.ErrorIs(t, err, storage.ErrBusy)
	var e *postgres.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "open", e.Op)
}
