package scenario_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/charlahq/charla/automation/scenario"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

func play(t *testing.T, name, file string, o *scenario.Options) error {
	t.Helper()
	script, err := scenario.Parse(name, []byte(file))
	require.NoError(t, err)
	return script.Play(t.Context(), o)
}

// watched is a store that can go wrong, and knows whether it was closed.
type watched struct {
	storage.Store
	// load runs before an agent's conversation is loaded.
	load   func(context.Context, storage.Store, storage.LoadQuery) error
	closed bool
}

func (w *watched) Close() error { w.closed = true; return nil }

func (w *watched) Conversations() storage.Conversations {
	if w.closed {
		panic("asked after it was closed")
	}
	return loading{w.Store.Conversations(), w}
}

type loading struct {
	storage.Conversations
	w *watched
}

func (l loading) Load(ctx context.Context, q storage.LoadQuery) (storage.Loaded, error) {
	if l.w.load != nil && q.Scope != "" {
		if err := l.w.load(ctx, l.w.Store, q); err != nil {
			return storage.Loaded{}, err
		}
	}
	return l.Conversations.Load(ctx, q)
}

// R4.5: a crash leaves the store to Reopen, and nothing asks the old one again.
func TestCrashReopens(t *testing.T) {
	t.Parallel()
	memory := storage.NewMemory()
	var opened []*watched
	open := func() (storage.Store, error) {
		opened = append(opened, &watched{Store: memory})
		return opened[len(opened)-1], nil
	}
	reopen := func(old storage.Store) (storage.Store, error) {
		require.Same(t, opened[len(opened)-1], old)
		require.NoError(t, old.Close())
		return open()
	}
	require.NoError(t, play(t, "f", on(greets, hola+"crash\ncrash 3d\nexpect juan got newCustomer\n"+hola+"expect juan tickets 1"),
		&scenario.Options{Open: open, Reopen: reopen}))
	require.Len(t, opened, 3)
	for _, one := range opened {
		assert.True(t, one.closed)
	}

	broken := errors.New("disk on fire")
	err := play(t, "f", on("", hola+"crash"), &scenario.Options{
		Reopen: func(old storage.Store) (storage.Store, error) { return nil, broken },
	})
	require.ErrorIs(t, err, broken)
	require.EqualError(t, err, "f:3: want success, got scenario: reopen store: disk on fire")
	err = play(t, "f", on("", hola), &scenario.Options{Open: func() (storage.Store, error) { return nil, broken }})
	require.ErrorIs(t, err, broken)
}

// TestNotChangesNothing is the negative control of "!": a statement that fails but
// changed something, and one that failed because something broke.
func TestNotChangesNothing(t *testing.T) {
	t.Parallel()
	script := on("", hola+`! agent ana opens juan`)
	with := func(load func(context.Context, storage.Store, storage.LoadQuery) error) *scenario.Options {
		return &scenario.Options{Open: func() (storage.Store, error) {
			return &watched{Store: storage.NewMemory(), load: load}, nil
		}}
	}
	require.NoError(t, play(t, "f", script, with(nil)))
	require.EqualError(t, play(t, "f", script, with(func(ctx context.Context, s storage.Store, q storage.LoadQuery) error {
		if q.Session.IsZero() {
			return s.Presence().Put(ctx, q.Account, tickets.Roster{Revision: 1})
		}
		return nil
	})), "f:3: want nothing changed, got a change of the presence")
	require.EqualError(t, play(t, "f", script, with(func(ctx context.Context, s storage.Store, q storage.LoadQuery) error {
		if !q.Session.IsZero() {
			return nil
		}
		l, err := s.Conversations().Load(ctx, storage.LoadQuery{Account: q.Account, Conversation: q.Conversation})
		if err != nil {
			return err
		}
		l.Conversation.Version++
		return s.Conversations().Commit(ctx, &storage.Batch{Config: l.Account.Version, Conversation: l.Conversation})
	})), "f:3: want nothing changed, got a change of the conversation")
	require.EqualError(t, play(t, "f", script, with(func(_ context.Context, _ storage.Store, q storage.LoadQuery) error {
		if q.Session.IsZero() {
			return errors.New("disk on fire")
		}
		return nil
	})), "f:3: want success, got disk on fire")
}

// TestSeed: the same file plays alike every time, and files of other names may
// not.
func TestSeed(t *testing.T) {
	t.Parallel()
	const config = `{"automation": {"newCustomer": {"enabled": true, "messages": ["1", "2", "3"]}}}`
	text := func(name string) string {
		sent := ""
		for _, one := range []string{"1", "2", "3"} {
			if play(t, name, on(config, hola+"expect juan got newCustomer \""+one+"\""), nil) == nil {
				sent += one
			}
		}
		require.Len(t, sent, 1, "one text, always the same")
		return sent
	}
	count := make(map[string]int)
	for i := range 30 {
		name := fmt.Sprint(i)
		count[text(name)]++
		assert.Equal(t, text(name), text("a/folder/"+name))
	}
	assert.Len(t, count, 3, "each text is sent in some file")
}

func TestEndsWithContext(t *testing.T) {
	t.Parallel()
	script, err := scenario.Parse("f", []byte(on("", "! "+hola)))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, script.Play(ctx, nil), context.Canceled)
}

// recorder is a test that only notes what happens to it.
type recorder struct {
	ctx   context.Context
	name  string
	fatal string
	subs  []*recorder
}

func (r *recorder) Helper()                  {}
func (r *recorder) Context() context.Context { return r.ctx }
func (r *recorder) Fatal(args ...any)        { r.fatal = fmt.Sprint(args...) }
func (r *recorder) Run(name string, f func(*recorder)) bool {
	sub := &recorder{ctx: r.ctx, name: name}
	r.subs = append(r.subs, sub)
	f(sub)
	return sub.fatal == ""
}

func TestRun(t *testing.T) {
	t.Parallel()
	r := &recorder{ctx: t.Context()}
	scenario.Run(r, fstest.MapFS{
		"b.txtar":     {Data: []byte(on("", hola+"expect juan closed"))},
		"a.txtar":     {Data: []byte(on("", hola+"expect juan open"))},
		"sub/c.txtar": {Data: []byte("-- script --\nfoo\n")},
		"d.txt":       {Data: []byte("not a scenario")},
	}, nil)
	assert.Empty(t, r.fatal)
	require.Len(t, r.subs, 3)
	assert.Equal(t, recorder{ctx: r.ctx, name: "a.txtar"}, *r.subs[0])
	assert.Equal(t, recorder{ctx: r.ctx, name: "b.txtar", fatal: "b.txtar:3: want closed, got open"}, *r.subs[1])
	assert.Equal(t, "sub/c.txtar", r.subs[2].name)
	assert.Contains(t, r.subs[2].fatal, "sub/c.txtar:2: want at, ")

	empty := &recorder{ctx: t.Context()}
	scenario.Run(empty, fstest.MapFS{"d.txt": {}}, nil)
	assert.Equal(t, "scenario: no file ends in .txtar", empty.fatal)
}
