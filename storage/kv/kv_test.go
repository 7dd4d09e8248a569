package kv_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/kv"
	"github.com/charlahq/charla/storage/storagetest"
	"github.com/charlahq/charla/tickets"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// database is a [kv.DB] in memory: pairs in the order of their keys.
type database struct {
	mu    sync.RWMutex
	pairs []pair
	// left is how many calls of a transaction still succeed; negative: all.
	left int
}

type pair struct{ key, value []byte }

var errBroken = errors.New("the disk is gone")

func (d *database) View(read func(kv.Tx) error) error {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return read(&tx{d: d})
}

func (d *database) Update(change func(kv.Tx) error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	t := &tx{d: d}
	err := change(t)
	if err != nil {
		for _, undo := range slices.Backward(t.undo) {
			undo()
		}
	}
	return err
}

func (d *database) Close() error { return nil }

func (d *database) find(key []byte) (int, bool) {
	return slices.BinarySearchFunc(d.pairs, key, func(p pair, key []byte) int { return bytes.Compare(p.key, key) })
}

func (d *database) set(key, value []byte) {
	switch i, found := d.find(key); {
	case value == nil && found:
		d.pairs = slices.Delete(d.pairs, i, i+1)
	case value == nil:
	case found:
		d.pairs[i].value = value
	default:
		d.pairs = slices.Insert(d.pairs, i, pair{key, value})
	}
}

type tx struct {
	d    *database
	undo []func()
	// scanning: each of a Scan runs, which must not use the transaction.
	scanning bool
}

// call fails if no call is left, and within a Scan.
func (t *tx) call() error {
	if t.scanning {
		return errors.New("a call within a Scan")
	}
	if t.d.left == 0 {
		return errBroken
	}
	if t.d.left > 0 {
		t.d.left--
	}
	return nil
}

func (t *tx) Get(key []byte) ([]byte, error) {
	if err := t.call(); err != nil {
		return nil, err
	}
	if i, found := t.d.find(key); found {
		return t.d.pairs[i].value, nil
	}
	return nil, nil
}

func (t *tx) Put(key, value []byte) error {
	if value == nil {
		return errors.New("a nil value")
	}
	return t.set(key, value)
}

func (t *tx) Delete(key []byte) error { return t.set(key, nil) }

func (t *tx) set(key, value []byte) error {
	if err := t.call(); err != nil {
		return err
	}
	var before []byte
	if i, found := t.d.find(key); found {
		before = t.d.pairs[i].value
	}
	t.undo = append(t.undo, func() { t.d.set(key, before) })
	t.d.set(key, value)
	return nil
}

func (t *tx) Scan(first, end []byte, backwards bool, each func(key, value []byte) bool) error {
	if err := t.call(); err != nil {
		return err
	}
	i, _ := t.d.find(first)
	j, _ := t.d.find(end)
	pairs := slices.Clone(t.d.pairs[i:max(i, j)])
	if backwards {
		slices.Reverse(pairs)
	}
	t.scanning = true
	defer func() { t.scanning = false }()
	for _, p := range pairs {
		if !each(p.key, p.value) {
			break
		}
	}
	return nil
}

// TestStore: the store keeps the whole contract. It is not parallel: it counts goroutines.
func TestStore(t *testing.T) {
	databases := map[storage.Store]*database{}
	open := func(t *testing.T, d *database) storage.Store {
		s, err := kv.New(d)
		require.NoError(t, err)
		databases[s] = d
		return s
	}
	storagetest.Run(t, storagetest.Harness{
		Open: func(t *testing.T) storage.Store { return open(t, &database{left: -1}) },
		Reopen: func(t *testing.T, s storage.Store) storage.Store {
			require.NoError(t, s.Close())
			return open(t, databases[s])
		},
	})
}

// A call of which any step fails returns that error, and has changed nothing.
func TestBroken(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d := &database{left: -1}
	s, err := kv.New(d)
	require.NoError(t, err)
	a := chatcfg.Account{ID: chatcfg.AccountID{UUID: uuid.New()}, Key: "a", Revision: 1}
	require.NoError(t, s.Accounts().Create(ctx, a))
	removed := a
	removed.Revision, removed.DeletedAt = 2, removed.DeletedAt.AddDate(2025, 0, 0)
	for name, call := range map[string]func() error{
		"find": func() error { _, err := s.Accounts().Find(ctx, "a"); return err },
		"list": func() error { _, err := s.Accounts().List(ctx, chatcfg.AccountID{}, false, 0); return err },
		"wake": func() error { _, err := s.Outbox().NextWake(ctx); return err },
		"save": func() error { return s.Accounts().Save(ctx, removed, storage.Document{Name: "config"}) },
	} {
		before := slices.Clone(d.pairs)
		for left := 0; ; left++ {
			d.left = left
			err := call()
			if d.left > 0 || err == nil { // there were enough
				require.NoError(t, err, name)
				require.Positive(t, left, name)
				break
			}
			require.ErrorIs(t, err, errBroken, "%s after %d", name, left)
			assert.Equal(t, before, d.pairs, "%s after %d", name, left)
		}
	}
}

// ending is a context that ends when it was asked that often.
type ending struct {
	context.Context
	left atomic.Int64
}

func (c *ending) Err() error {
	if c.left.Add(-1) < 0 {
		return context.Canceled
	}
	return nil
}

// TestEnds: what looks at many tickets ends with its context, also under way.
func TestEnds(t *testing.T) {
	t.Parallel()
	s, err := kv.New(&database{left: -1})
	require.NoError(t, err)
	ctx, a, at := t.Context(), chatcfg.Account{ID: chatcfg.AccountID{UUID: uuid.New()}, Key: "a", Revision: 1}, time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	require.NoError(t, s.Accounts().Create(ctx, a))
	const many = 20
	for range many {
		c := tickets.Conversation{Account: a.ID, ID: tickets.ConversationID{UUID: uuid.New()}, Version: 1, Number: 1}
		one := tickets.Ticket{Number: 1, Status: tickets.StatusOpen, CreatedAt: at, ChangedAt: at}
		require.NoError(t, s.Conversations().Commit(ctx, &storage.Batch{Conversation: c, Tickets: []tickets.Ticket{one}}))
	}
	for name, read := range map[string]func(context.Context) (int, error){
		"counts": func(ctx context.Context) (int, error) {
			counts, err := s.Queries().Counts(ctx, a.ID, []storage.TicketQuery{{}})
			return slices.Max(append(counts, 0)), err
		},
		"tickets": func(ctx context.Context) (int, error) {
			page, err := s.Queries().Tickets(ctx, storage.TicketQuery{Account: a.ID})
			return len(page.Items), err
		},
		"report": func(ctx context.Context) (int, error) {
			r, err := s.Queries().Report(ctx, a.ID, storage.ReportQuery{From: at, To: at.Add(time.Second)})
			return int(r.Open), err
		},
	} {
		n, err := read(ctx)
		require.NoError(t, err, name)
		assert.Equal(t, many, n, name)
		under := &ending{Context: ctx}
		under.left.Store(2) // it begins, and looks at some
		n, err = read(under)
		require.ErrorIs(t, err, context.Canceled, name)
		assert.Zero(t, n, name)
	}
}
