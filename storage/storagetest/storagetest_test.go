package storagetest_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/storagetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// harness gives a memory store that a defect has spoilt.
func harness(spoil func(*broken, *conversations, *outbox, *queries)) storagetest.Harness {
	return storagetest.Harness{
		Open: func(*testing.T) storage.Store {
			b := &broken{Memory: storage.NewMemory()}
			c := &conversations{Conversations: b.Memory.Conversations()}
			o := &outbox{Outbox: b.Memory.Outbox()}
			q := &queries{Queries: b.Memory.Queries()}
			b.conversations, b.outbox, b.queries = c, o, q
			spoil(b, c, o, q)
			return b
		},
		Hold: func(_ *testing.T, s storage.Store) (<-chan struct{}, func()) {
			g := &gate{make(chan struct{}), make(chan struct{})}
			s.(*broken).gate.Store(g)
			return g.held, func() { close(g.open) }
		},
	}
}

// TestDefects is the negative control: each defect is seen by the checks that
// are there for it.
func TestDefects(t *testing.T) {
	t.Parallel()
	for _, d := range defects {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			for _, check := range d.seen {
				errs := storagetest.Errors(t, harness(d.spoil), check)
				require.NotEmpty(t, errs, "%s does not see it", check)
				assert.True(t, strings.HasPrefix(errs[0].Error(), check), "%v", errs[0])
				assert.NotContains(t, errs[0].Error(), "panic")
			}
		})
	}
}

// TestNoDefect: the same harness without a defect has nothing to be seen.
func TestNoDefect(t *testing.T) {
	t.Parallel()
	h := harness(func(*broken, *conversations, *outbox, *queries) {})
	assert.NoError(t, errors.Join(storagetest.Errors(t, h)...))
}

// TestForgetfulStore: a store that is empty after a restart is not durable (R8.1).
func TestForgetfulStore(t *testing.T) {
	t.Parallel()
	h := storagetest.Harness{
		Open: func(*testing.T) storage.Store { return storage.NewMemory() },
		Reopen: func(t *testing.T, s storage.Store) storage.Store {
			require.NoError(t, s.Close())
			return storage.NewMemory()
		},
	}
	assert.Len(t, storagetest.Errors(t, h, "durable/"), 2)
}

// TestDurableStore: one that is the same after a restart is.
func TestDurableStore(t *testing.T) {
	t.Parallel()
	h := storagetest.Harness{
		Open:   func(*testing.T) storage.Store { return storage.NewMemory() },
		Reopen: func(_ *testing.T, s storage.Store) storage.Store { return s },
	}
	assert.Empty(t, storagetest.Errors(t, h, "durable/"))
}

// leaking is a store that leaves a goroutine behind.
type leaking struct {
	*storage.Memory
	end chan struct{}
}

func (s leaking) Close() error {
	go func() { <-s.end }()
	return s.Memory.Close()
}

// It is not parallel: goroutines of other tests that end meanwhile would hide
// those that are left.
func TestLeakingStore(t *testing.T) {
	end := make(chan struct{})
	t.Cleanup(func() { close(end) })
	h := storagetest.Harness{Open: func(*testing.T) storage.Store { return leaking{storage.NewMemory(), end} }}
	assert.Len(t, storagetest.Errors(t, h, "end/goroutines"), 1)
}

// TestDeadStore: a store that panics or refuses everything is an error, not the
// end of the tests.
func TestDeadStore(t *testing.T) {
	t.Parallel()
	h := storagetest.Harness{Open: func(t *testing.T) storage.Store {
		s := storage.NewMemory()
		require.NoError(t, s.Close())
		return s
	}}
	all := storagetest.Errors(t, h)
	assert.Greater(t, len(all), 50)
	h.Open = func(*testing.T) storage.Store {
		return &broken{Memory: storage.NewMemory(), before: func(*storage.Batch) { panic("no") }}
	}
	assert.Contains(t, errors.Join(storagetest.Errors(t, h, "commit/", "races/")...).Error(), "panic: no")
}
