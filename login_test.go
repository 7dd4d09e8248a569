package charla_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/require"
)

// A login links the conversation that the session really wrote in, which another
// session of the same e-mail had begun (R7.2), and a message sent again across
// the login is stored once (R3.9).
func TestLoginKeepsTheConversationAndItsKeys(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *chatcfg.Config) {
		c.Chat.EmailAsIdentifier = true
		c.Chat.Google.Enabled = true
	})
	first, second := b.enter("juan"), b.enter("juan")
	began := b.write(first, "hola").Ref
	key := &charla.WriteOptions{Key: "k1"}
	was, err := second.Write(b.ctx, "¿sigue ahí?", key)
	require.NoError(t, err)
	require.Equal(t, began, was.Ref)

	second, _, err = second.Login(b.ctx, charla.Proof{Provider: "google", Subject: "7"})
	require.NoError(t, err)
	require.Equal(t, []tickets.ConversationID{began.Conversation}, b.stored(second).Links)
	again, err := second.Write(b.ctx, "¿sigue ahí?", key)
	require.NoError(t, err)
	require.Equal(t, was, again)

	next, err := second.Write(b.ctx, "ya entré", &charla.WriteOptions{Key: "k2"})
	require.NoError(t, err)
	require.NotEqual(t, began.Conversation, next.Ref.Conversation)
}

// loadCounter is a store that counts its loads.
type loadCounter struct {
	storage.Store
	loads *atomic.Int64
}

func (s loadCounter) Conversations() storage.Conversations {
	return countedLoads{s.Store.Conversations(), s.loads}
}

type countedLoads struct {
	storage.Conversations
	loads *atomic.Int64
}

func (s countedLoads) Load(ctx context.Context, q storage.LoadQuery) (storage.Loaded, error) {
	s.loads.Add(1)
	return s.Conversations.Load(ctx, q)
}

// R7.2, R3.9: however often a session logs in, it remembers a bounded number of
// conversations, the latest at the end and none that nothing was written in, and a message
// costs one load more than without a login.
func TestManyLogins(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *chatcfg.Config) { c.Chat.Google.Enabled = true })
	var loads atomic.Int64
	b.store = loadCounter{b.store, &loads}
	b.use(b.newDesk(nil))
	login := func(s *charla.Visitor, subject string) *charla.Visitor {
		s, _, err := s.Login(b.ctx, charla.Proof{Provider: "google", Subject: subject})
		require.NoError(t, err)
		return s
	}
	s := b.enter("juan")
	cost := func(key string) int64 {
		before := loads.Load()
		_, err := s.Write(b.ctx, "hola", &charla.WriteOptions{Key: key})
		require.NoError(t, err)
		return loads.Load() - before
	}
	plain := cost("plain")
	var last tickets.ConversationID
	for i := range 40 {
		s = login(s, fmt.Sprint("empty ", i))
		s = login(s, fmt.Sprint("writes ", i))
		b.write(s, "hola")
		last = b.session(s).Conversation
	}
	key := &charla.WriteOptions{Key: "again"}
	was, err := s.Write(b.ctx, "¿hola?", key)
	require.NoError(t, err)
	s = login(s, "the last")
	links := b.stored(s).Links
	require.Len(t, links, 32)
	require.Equal(t, last, links[31])
	again, err := s.Write(b.ctx, "¿hola?", key)
	require.NoError(t, err)
	require.Equal(t, was, again, "R3.9: across the login that just happened")
	require.Equal(t, plain+1, cost("after"))
	s = login(s, "writes 38")
	s = login(s, "the last")
	links = b.stored(s).Links
	slices.SortFunc(links, func(a, b tickets.ConversationID) int { return strings.Compare(a.String(), b.String()) })
	require.Len(t, slices.Compact(links), 32, "none twice")
}

// beforeSave is a store that calls do once, before it saves a session.
type beforeSave struct {
	storage.Store
	do *func()
}

func (s beforeSave) Sessions() storage.Sessions { return savedSessions{s.Store.Sessions(), s.do} }

type savedSessions struct {
	storage.Sessions
	do *func()
}

func (s savedSessions) Save(ctx context.Context, one tickets.Session) error {
	if do := *s.do; do != nil {
		*s.do = nil
		do()
	}
	return s.Sessions.Save(ctx, one)
}

// R3.9, R7.2: a session's first message, stored while the session logs in, is linked, and
// sent again afterwards it is not stored twice; without one nothing is linked.
func TestFirstMessageDuringLogin(t *testing.T) {
	t.Parallel()
	for _, writes := range []bool{true, false} {
		b := setup(t, func(c *chatcfg.Config) { c.Chat.Google.Enabled = true })
		var do func()
		b.store = beforeSave{b.store, &do}
		b.use(b.newDesk(nil))
		s := b.enter("juan")
		key := &charla.WriteOptions{Key: "first"}
		var was charla.Result
		if writes {
			do = func() {
				var err error
				was, err = s.Write(b.ctx, "hola", key)
				require.NoError(t, err)
			}
		}
		s, _, err := s.Login(b.ctx, charla.Proof{Provider: "google", Subject: "7"})
		require.NoError(t, err)
		again, err := s.Write(b.ctx, "hola", key)
		require.NoError(t, err)
		if writes {
			require.Equal(t, was, again)
			require.Equal(t, []tickets.ConversationID{was.Ref.Conversation}, b.stored(s).Links)
		} else {
			require.Empty(t, b.stored(s).Links)
		}
	}
}
