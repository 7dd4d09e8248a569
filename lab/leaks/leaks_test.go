package leaks_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/sqlite"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// world is a desk on a store, with a conversation; and all that it started.
type world struct {
	t       *testing.T
	store   storage.Store
	desk    *charla.Desk
	account *charla.Account
	visitor *charla.Visitor
	ref     tickets.Ref
	group   sync.WaitGroup
	// sending is closed when the mailer has begun.
	sending chan struct{}
	begun   sync.Once
}

var stores = map[string]func(dir string) (storage.Store, error){
	"memory": func(string) (storage.Store, error) { return storage.NewMemory(), nil },
	"sqlite": func(dir string) (storage.Store, error) {
		return sqlite.Open(filepath.Join(dir, "leaks.db"), &sqlite.Options{InsecureNoSync: true})
	},
}

// Send is a mail server that answers nothing until it is hung up on.
func (w *world) Send(ctx context.Context, _ charla.Mail) error {
	w.begun.Do(func() { close(w.sending) })
	<-ctx.Done()
	return ctx.Err()
}

func newWorld(t *testing.T, open func(string) (storage.Store, error)) *world {
	w := &world{t: t, sending: make(chan struct{})}
	var err error
	w.store, err = open(t.TempDir())
	require.NoError(t, err)
	w.desk, err = charla.New(w.store, &charla.Options{
		Mailer: w, Hooks: map[string]charla.Hook{"host": func(context.Context, charla.Event) error { return nil }},
		Runner: charla.RunnerOptions{Poll: 10 * time.Millisecond, Lease: 10 * time.Second},
	})
	require.NoError(t, err)
	cfg := chatcfg.Default(chatcfg.Spanish)
	cfg.General.Notify = chatcfg.Notify{Tickets: chatcfg.NotifyAll, To: []string{"a@example.com"}}
	w.account, _, err = w.desk.CreateAccount(t.Context(), "Tienda", "tienda.cl", &charla.AccountOptions{Config: &cfg})
	require.NoError(t, err)
	w.visitor = w.enter("Juan")
	r, err := w.visitor.Write(t.Context(), "hola", nil)
	require.NoError(t, err)
	w.ref = r.Ref
	return w
}

func (w *world) enter(name string) *charla.Visitor {
	v, _, err := w.account.Enter(w.t.Context(), charla.Entry{Name: name, Email: name + "@example.com"})
	require.NoError(w.t, err)
	return v
}

// over waits until everything has ended by itself.
func (w *world) over() {
	done := make(chan struct{})
	go func() { w.group.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		w.t.Fatal("something does not end")
	}
}

// open begins a number of streams of every kind, and returns when each has
// yielded something.
func (w *world) open(ctx context.Context) {
	var begun sync.WaitGroup
	for range 5 {
		for _, begin := range []func() func() error{
			func() func() error { return reader(w.account.Inbox().Live(ctx, "", 0)) },
			func() func() error { return reader(w.account.Inbox().Follow(ctx, w.ref, 0, 0)) },
			func() func() error { return reader(w.visitor.Live(ctx, 0, 0)) },
			func() func() error { return reader(w.account.Inbox().Follow(ctx, w.ref, 0, 5*time.Millisecond)) },
		} {
			begun.Add(1)
			next := begin()
			w.group.Go(func() {
				err := next()
				begun.Done()
				for err == nil {
					err = next()
				}
			})
		}
	}
	begun.Wait()
}

// reader reads a stream, one after the other, until its error.
func reader[T any](stream iter.Seq2[T, error]) func() error {
	next, stop := iter.Pull2(stream)
	return func() error {
		_, err, ok := next()
		if !ok {
			err = errors.New("the stream ended without an error")
		}
		if err != nil {
			stop()
		}
		return err
	}
}

// rest reads a stream to its error.
func rest(next func() error) error {
	for {
		if err := next(); err != nil {
			return err
		}
	}
}

// write calls as fast as it can, from many goroutines, until a call fails.
func (w *world) write(ctx context.Context) (begun *sync.WaitGroup) {
	begun = new(sync.WaitGroup)
	for i := range 16 {
		v := w.enter(fmt.Sprint("c", i))
		begun.Add(1)
		w.group.Go(func() {
			r, err := v.Write(ctx, "hola", nil)
			begun.Done()
			for err == nil {
				if _, err = v.Write(ctx, "sigo", nil); err == nil {
					_, err = w.account.Inbox().Messages(ctx, r.Ref, charla.MessageQuery{})
				}
			}
		})
	}
	return begun
}

func (w *world) run(ctx context.Context) {
	w.group.Go(func() { assert.ErrorIs(w.t, w.desk.Run(ctx), context.Canceled) })
}

// endings are the ways in which it can be over. cancel ends the context that
// everything has.
var endings = map[string]func(w *world, ctx context.Context, cancel func()){
	"run is cancelled": func(w *world, ctx context.Context, cancel func()) {
		w.run(ctx)
		<-w.sending // in the middle of a mail
		cancel()
	},
	"streams are cancelled": func(w *world, ctx context.Context, cancel func()) {
		w.open(ctx)
		cancel()
	},
	"readers stop": func(w *world, ctx context.Context, _ func()) {
		for range 5 {
			for _, err := range w.account.Inbox().Follow(ctx, w.ref, 0, 0) {
				require.NoError(w.t, err)
				break
			}
			next, stop := iter.Pull2(w.visitor.Live(ctx, 0, time.Second))
			_, err, ok := next()
			require.NoError(w.t, err)
			require.True(w.t, ok)
			stop()
			_, stop = iter.Pull2(w.visitor.Live(ctx, 0, 0))
			stop() // before it began
			for _, err := range w.account.Inbox().Live(ctx, "", 0) {
				require.NoError(w.t, err)
				break
			}
		}
	},
	"the session ends": func(w *world, ctx context.Context, _ func()) {
		for range 5 {
			next := reader(w.visitor.Live(ctx, 0, 0))
			require.NoError(w.t, next())
			w.group.Go(func() { assert.ErrorIs(w.t, rest(next), charla.ErrSession) })
		}
		require.NoError(w.t, w.visitor.Leave(ctx))
	},
	"the store is closed under streams and run": func(w *world, ctx context.Context, cancel func()) {
		w.open(ctx)
		var run sync.WaitGroup
		run.Go(func() { assert.ErrorIs(w.t, w.desk.Run(ctx), context.Canceled) })
		<-w.sending
		require.NoError(w.t, w.store.Close())
		w.over() // the streams end by themselves
		cancel()
		run.Wait()
	},
	"calls are cancelled": func(w *world, ctx context.Context, cancel func()) {
		w.run(ctx)
		w.write(ctx).Wait()
		cancel()
	},
	"the store is closed under calls": func(w *world, ctx context.Context, _ func()) {
		w.write(ctx).Wait()
		require.NoError(w.t, w.store.Close())
	},
	"calls after the end": func(w *world, ctx context.Context, cancel func()) {
		require.NoError(w.t, w.store.Close())
		_, err := w.visitor.Write(ctx, "hola", nil)
		require.ErrorIs(w.t, err, storage.ErrClosed)
		_, err = w.desk.RunDue(ctx)
		require.ErrorIs(w.t, err, storage.ErrClosed)
		for _, err = range w.account.Inbox().Follow(ctx, w.ref, 0, 0) {
			require.Error(w.t, err)
		}
		cancel()
		require.Error(w.t, w.desk.Run(ctx))
	},
	"everything at once": func(w *world, ctx context.Context, cancel func()) {
		w.run(ctx)
		w.open(ctx)
		w.write(ctx).Wait()
		w.group.Go(cancel)
		require.NoError(w.t, w.store.Close())
	},
}

// TestEndings: R8.3, R8.4: whatever ends, nothing of it is left. The tests are
// one after the other: goleak sees the whole process.
func TestEndings(t *testing.T) {
	for store, open := range stores {
		for name, end := range endings {
			t.Run(store+"/"+name, func(t *testing.T) {
				before := goleak.IgnoreCurrent()
				w := newWorld(t, open)
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				end(w, ctx, cancel)
				w.over()
				if err := w.store.Close(); err != nil {
					require.ErrorIs(t, err, storage.ErrClosed)
				}
				require.NoError(t, goleak.Find(before))
			})
		}
	}
}

// TestOpen: a file that does not open leaves nothing either.
func TestOpen(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "text")
	require.NoError(t, os.WriteFile(file, []byte("this is a text, and no database at all"), 0o600))
	before := goleak.IgnoreCurrent()
	for _, path := range []string{file, filepath.Join(dir, "no", "folder.db"), dir, ""} {
		_, err := sqlite.Open(path, nil)
		require.Error(t, err, path)
	}
	require.NoError(t, goleak.Find(before))
}

// TestFinds: what is left is found.
func TestFinds(t *testing.T) {
	before := goleak.IgnoreCurrent()
	w := newWorld(t, stores["memory"])
	ctx, cancel := context.WithCancel(context.Background())
	w.run(ctx)
	next := reader(w.account.Inbox().Follow(ctx, w.ref, 0, 0))
	require.NoError(t, next())
	w.group.Go(func() { assert.ErrorIs(t, rest(next), context.Canceled) })
	err := goleak.Find(before)
	require.ErrorContains(t, err, "Desk).Run")
	require.ErrorContains(t, err, "(*Desk).live")
	cancel()
	w.over()
	require.NoError(t, goleak.Find(before))
}
