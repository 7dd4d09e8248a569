package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/widget"
)

// shard is a database with its desk and its handler.
type shard struct {
	store storage.Store
	desk  *charla.Desk
	chat  *widget.Handler
}

// shards are databases, each with the whole of some accounts. They know nothing of
// each other: which one has an account is found by asking.
type shards struct {
	all []*shard
	// byKey remembers what was found, by public key: at most as many as there are
	// accounts, since an account never moves.
	byKey sync.Map
}

// open makes shards of stores. close closes the stores, also after an error.
func open(stores []storage.Store, o *charla.Options, w *widget.Options) (*shards, error) {
	s := &shards{}
	for _, store := range stores {
		one := &shard{store: store}
		s.all = append(s.all, one)
		var err error
		if one.desk, err = charla.New(store, o); err != nil {
			return s, err
		}
		if one.chat, err = widget.New(one.desk, w); err != nil {
			return s, err
		}
	}
	return s, nil
}

// run runs every desk until ctx ends.
func (s *shards) run(ctx context.Context) {
	var group sync.WaitGroup
	for _, one := range s.all {
		group.Go(func() { _ = one.desk.Run(ctx) }) // it returns ctx's error
	}
	group.Wait()
}

// end ends the streams, for a server's Shutdown.
func (s *shards) end() {
	for _, one := range s.all {
		one.chat.Close()
	}
}

// close closes all stores.
func (s *shards) close() (err error) {
	for _, one := range s.all {
		err = errors.Join(err, one.store.Close())
	}
	return err
}

// newest returns the desk on the last database, in which new accounts are made.
func (s *shards) newest() *charla.Desk { return s.all[len(s.all)-1].desk }

// account returns the handle of an account, for the service's own calls. It fails with
// [charla.ErrNotFound] if no shard has the account.
func (s *shards) account(ctx context.Context, id chatcfg.AccountID) (*charla.Account, error) {
	for _, one := range s.all {
		account := one.desk.Account(id)
		if _, err := account.Info(ctx); !errors.Is(err, charla.ErrNotFound) {
			return account, err
		}
	}
	return nil, fmt.Errorf("account %s: %w", id, charla.ErrNotFound)
}

// find returns the shard that has a public key; nil: none has.
func (s *shards) find(ctx context.Context, key string) (*shard, error) {
	if found, ok := s.byKey.Load(key); ok {
		return found.(*shard), nil
	}
	for _, one := range s.all {
		switch _, err := one.desk.AccountByKey(ctx, key); {
		case err == nil:
			s.byKey.Store(key, one)
			return one, nil
		case !errors.Is(err, charla.ErrNotFound):
			return nil, err // it may be this one's
		}
	}
	return nil, nil
}

// ServeHTTP hands a visitor's request to the shard of its account. The browser's
// files are the same in all of them.
func (s *shards) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	key, named := keyOf(r.URL.Path)
	if !named {
		s.all[0].chat.ServeHTTP(w, r)
		return
	}
	one, err := s.find(r.Context(), key)
	switch {
	case err != nil:
		w.Header().Set("Retry-After", "1")
		http.Error(w, "try again", http.StatusServiceUnavailable)
	case one == nil:
		http.NotFound(w, r)
	default:
		one.chat.ServeHTTP(w, r)
	}
}

// keyOf returns the public key that a path of the widget's protocol names: v1/KEY/…,
// page/KEY, contact/KEY; false: it names none.
func keyOf(path string) (key string, named bool) {
	kind, rest, _ := strings.Cut(strings.TrimPrefix(path, base), "/")
	switch kind {
	case "v1", "page", "contact":
		key, _, _ = strings.Cut(rest, "/")
		return key, true
	}
	return "", false
}
