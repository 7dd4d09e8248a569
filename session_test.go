package charla_test

import (
	"context"
	"testing"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// uses are the calls that a visitor's session is good for, by method.
func (b *bench) uses(s *charla.Visitor) map[string]func() error {
	return map[string]func() error{
		"Write": func() error { _, err := s.Write(b.ctx, "hola", nil); return err },
		"Write, a file": func() error {
			_, err := s.Write(b.ctx, "", &charla.WriteOptions{File: &charla.Upload{Name: "a.txt", Body: []byte("a")}})
			return err
		},
		"DryRun":           func() error { _, err := s.DryRun(b.ctx, "hola"); return err },
		"Messages":         func() error { _, err := s.Messages(b.ctx, charla.MessageQuery{}); return err },
		"Messages, newest": func() error { _, err := s.Messages(b.ctx, charla.MessageQuery{Newest: true}); return err },
		"Live": func() error {
			for _, err := range s.Live(b.ctx, 0, 0) {
				return err
			}
			return nil
		},
		"Live, beating": func() error {
			for _, err := range s.Live(b.ctx, 0, time.Second) {
				return err
			}
			return nil
		},
		"Session":  func() error { _, err := s.Session(b.ctx); return err },
		"Status":   func() error { _, err := s.Status(b.ctx); return err },
		"Typing":   func() error { return s.Typing(b.ctx) },
		"MarkRead": func() error { return s.MarkRead(b.ctx, 1) },
		"File":     func() error { _, _, err := s.File(b.ctx, 1); return err },
		"Contact": func() error {
			_, err := s.Contact(b.ctx, charla.ContactForm{Email: "a@x.cl", Text: "hola", Scriptless: true}, nil)
			return err
		},
	}
}

// dead checks that a session is good for nothing, and alive that it is for all.
func (b *bench) dead(s *charla.Visitor, why string) {
	b.t.Helper()
	for name, use := range b.uses(s) {
		require.ErrorIs(b.t, use(), charla.ErrSession, "%s: %s", why, name)
	}
}

func (b *bench) alive(s *charla.Visitor, why string) {
	b.t.Helper()
	b.write(s, "sigo aquí")
	for name, use := range b.uses(s) {
		if err := use(); name == "File" {
			require.ErrorIs(b.t, err, charla.ErrNotFound, "%s: %s", why, name)
		} else {
			require.NoError(b.t, err, "%s: %s", why, name)
		}
	}
}

func tokenBench(t *testing.T) *bench {
	b := setup(t, func(c *chatcfg.Config) {
		c.Chat.Google.Enabled = true
		c.Chat.ContactForm = chatcfg.ContactForm{Enabled: true, Email: chatcfg.FormEmail{Enabled: true, Address: "a@x.cl"}}
	})
	dir, err := charla.NewFileDir(t.TempDir())
	require.NoError(t, err)
	b.use(b.newDesk(func(o *charla.Options) {
		o.Presence = always{}
		o.Files = &charla.FileOptions{Store: dir}
	}))
	return b
}

// TestLoginReplacesToken: R7.1, R7.2: the token that a visitor had before logging in
// is good for nothing afterwards, wherever the session was authenticated.
func TestLoginReplacesToken(t *testing.T) {
	t.Parallel()
	b := tokenBench(t)
	proof := charla.Proof{Provider: "google", Subject: "1", Name: "Juan"}
	known, _, err := b.account.Enter(b.ctx, charla.Entry{Proof: &proof})
	require.NoError(t, err)
	b.write(known, "secreto")

	s, old, err := b.account.Enter(b.ctx, charla.Entry{Name: "Juan"})
	require.NoError(t, err)
	b.alive(s, "before the login")
	moved, fresh, err := s.Login(b.ctx, proof)
	require.NoError(t, err)
	require.NotEqual(t, old, fresh)
	b.dead(s, "after the login")
	_, err = b.account.Visitor(old).Session(b.ctx)
	require.ErrorIs(t, err, charla.ErrReplaced)
	require.ErrorIs(t, err, charla.ErrSession)
	got, err := b.account.Visitor(fresh).Session(b.ctx)
	require.NoError(t, err)
	assert.Equal(t, b.session(moved), got)
	assert.Contains(t, b.texts(moved), "secreto")
	b.alive(moved, "the new token")
	b.alive(known, "another session of the customer")

	again, third, err := moved.Login(b.ctx, proof)
	require.NoError(t, err)
	assert.Equal(t, b.session(known).Conversation, b.session(again).Conversation)
	require.NotEqual(t, fresh, third, "each login gives another token")
	b.dead(moved, "after logging in again")
	_, err = b.account.Visitor(old).Session(b.ctx)
	require.ErrorIs(t, err, charla.ErrSession)
	require.NotErrorIs(t, err, charla.ErrReplaced, "only the last one can repeat its login")
}

// TestRepeatedLogin: R7.2: who did not get the answer of a login repeats it with the
// old token, which is good for that alone and ends the token that was lost.
func TestRepeatedLogin(t *testing.T) {
	t.Parallel()
	b := tokenBench(t)
	proof := charla.Proof{Subject: "u1"}
	s, old, err := b.account.Enter(b.ctx, charla.Entry{Name: "Juan"})
	require.NoError(t, err)
	b.write(s, "hola")
	lost, _, err := s.Login(b.ctx, proof)
	require.NoError(t, err)
	for range 2 {
		back := b.account.Visitor(old)
		_, err := back.Session(b.ctx)
		require.ErrorIs(t, err, charla.ErrReplaced)
		b.dead(back, "the session that may log in again")
		for _, other := range []charla.Proof{{Subject: "u2"}, {Provider: "google", Subject: "u1"}} {
			_, _, err = back.Login(b.ctx, other)
			require.ErrorIs(t, err, charla.ErrSession, "nobody else logs in with it")
		}
		b.alive(lost, "what was refused changed nothing")
		before := b.stored(lost)
		moved, token, err := back.Login(b.ctx, proof)
		require.NoError(t, err)
		now := b.stored(moved)
		assert.Equal(t, before.Conversation, now.Conversation)
		assert.Equal(t, before.Links, now.Links)
		assert.Len(t, now.Links, 1)
		b.dead(lost, "the token that was lost")
		_, err = b.account.Visitor(token).Session(b.ctx)
		require.NoError(t, err)
		lost = moved
	}
	require.NoError(t, lost.Leave(b.ctx))
	_, err = b.account.Visitor(old).Session(b.ctx)
	require.NotErrorIs(t, err, charla.ErrReplaced, "an ended session does not come back")
	_, _, err = s.Login(b.ctx, proof)
	require.ErrorIs(t, err, charla.ErrSession)
}

// ends follows a session in the background and returns where its end arrives. The
// clock stands still, so that polling would never notice.
func (b *bench) ends(s *charla.Visitor) <-chan error {
	b.t.Helper()
	b.write(s, "me quedo mirando")
	seen, ended := make(chan struct{}, 100), make(chan error, 1)
	ctx, cancel := context.WithCancel(b.ctx)
	b.t.Cleanup(cancel)
	go func() {
		for _, err := range messagesOf(s.Live(ctx, 0, 0)) {
			if err != nil {
				ended <- err
				return
			}
			seen <- struct{}{}
		}
	}()
	<-seen
	return ended
}

// TestLoginEndsStreams: R8.3: streams of a token end when a login replaces it, also
// where the conversation stays the same.
func TestLoginEndsStreams(t *testing.T) {
	t.Parallel()
	b := tokenBench(t)
	s := b.enter("juan")
	for range 2 { // the second time it stays the customer's conversation
		ended := b.ends(s)
		moved, _, err := s.Login(b.ctx, charla.Proof{Subject: "u1"})
		require.NoError(t, err)
		require.ErrorIs(t, <-ended, charla.ErrSession)
		s = moved
	}
}

// TestEndSessions: R7.4: a host ends all sessions of a customer or of an account;
// others, and those that begin afterwards, go on.
func TestEndSessions(t *testing.T) {
	t.Parallel()
	b := tokenBench(t)
	proof := func(subject string) *charla.Proof { return &charla.Proof{Subject: subject} }
	begin := func(v charla.Entry) (*charla.Visitor, charla.Token) {
		s, token, err := b.account.Enter(b.ctx, v)
		require.NoError(t, err)
		return s, token
	}
	one, token := begin(charla.Entry{Proof: proof("u1")}) // before there is a conversation
	two, _ := begin(charla.Entry{Proof: proof("u1")})
	silent, _ := begin(charla.Entry{Proof: proof("u1")}) // never writes
	moved, _, err := b.enter("juan").Login(b.ctx, *proof("u1"))
	require.NoError(t, err)
	other, _ := begin(charla.Entry{Proof: proof("u2")})
	claimed := b.enter("juan")
	ref := b.write(one, "hola").Ref
	for _, s := range []*charla.Visitor{one, two, moved, other, claimed} {
		b.alive(s, "before")
	}
	ticket := b.ticket(ref)
	ended := b.ends(two)
	require.NoError(t, b.account.EndSessions(b.ctx, ref.Conversation))
	require.ErrorIs(t, <-ended, charla.ErrSession, "a stream ends at once")
	for _, s := range []*charla.Visitor{one, two, moved, silent} {
		b.dead(s, "its customer's sessions ended")
		_, _, err := s.Login(b.ctx, *proof("u1"))
		require.ErrorIs(t, err, charla.ErrSession, "a login revives nothing")
	}
	_, err = b.account.Visitor(token).Session(b.ctx)
	require.ErrorIs(t, err, charla.ErrSession)
	b.alive(other, "another customer")
	b.alive(claimed, "another session")
	after, _ := begin(charla.Entry{Proof: proof("u1")})
	b.alive(after, "it began afterwards")
	back, _, err := b.enter("juan").Login(b.ctx, *proof("u1"))
	require.NoError(t, err)
	b.alive(back, "it logged in afterwards")
	assert.Contains(t, b.texts(after), "hola", "the history stays")
	b.reply(ref, "la respuesta")
	assert.Equal(t, ticket.Number, b.ticket(ref).Number)

	ended = b.ends(after)
	require.NoError(t, b.account.EndSessions(b.ctx, tickets.ConversationID{}))
	require.ErrorIs(t, <-ended, charla.ErrSession)
	for _, s := range []*charla.Visitor{after, back, other, claimed} {
		b.dead(s, "its account's sessions ended")
	}
	again, _ := begin(charla.Entry{Proof: proof("u1")})
	b.alive(again, "it began afterwards")
	b.clock.Set(start.Add(-time.Hour))
	b.dead(after, "a clock that goes back revives nothing")
	b.alive(again, "and ends nothing")

	require.ErrorIs(t, b.account.EndSessions(b.ctx, tickets.ConversationID{UUID: uuid.New()}), charla.ErrNotFound)
	ended = b.ends(again)
	require.NoError(t, b.account.Delete(b.ctx, "Tienda"))
	require.ErrorIs(t, <-ended, charla.ErrDeleted, "R1.6: a stream of a deleted account ends at once")
	require.ErrorIs(t, b.account.EndSessions(b.ctx, tickets.ConversationID{}), charla.ErrDeleted)
	require.ErrorIs(t, b.account.EndSessions(b.ctx, ref.Conversation), charla.ErrDeleted)
}

// TestEndSessionsKeepsDeadlines: R4.5: ending a customer's sessions changes nothing of
// the ticket, whose deadlines come as they would have.
func TestEndSessionsKeepsDeadlines(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *chatcfg.Config) {
		c.Automation.AutoClose = chatcfg.AutoClose{Enabled: true, After: minutes(10), Clock: chatcfg.Wall}
	})
	ref := b.write(b.enter("juan"), "hola").Ref
	b.reply(ref, "buenas")
	before := b.ticket(ref)
	require.NoError(t, b.account.EndSessions(b.ctx, ref.Conversation))
	assert.Equal(t, before, b.ticket(ref))
	b.pass(10*time.Minute - time.Second)
	assert.Equal(t, tickets.StatusOpen, b.ticket(ref).Status)
	b.pass(time.Second)
	assert.Equal(t, tickets.StatusClosed, b.ticket(ref).Status)
}

// TestRotationEndsSessions: R1.7: a rotation without an overlap ends the sessions that
// began or logged in by an identity signed with an earlier token, and no others.
func TestRotationEndsSessions(t *testing.T) {
	t.Parallel()
	b := tokenBench(t)
	secret := b.secret
	signed := func(subject string) charla.Proof {
		token, err := charla.SignIdentity(secret, b.account.ID(), charla.Proof{Subject: subject}, b.desk.Now(), time.Minute)
		require.NoError(t, err)
		p, err := b.account.VerifyIdentity(b.ctx, token)
		require.NoError(t, err)
		return p
	}
	begin := func(p charla.Proof) *charla.Visitor {
		s, _, err := b.account.Enter(b.ctx, charla.Entry{Proof: &p})
		require.NoError(t, err)
		return s
	}
	stolen := begin(signed("u1"))
	moved, _, err := b.enter("juan").Login(b.ctx, signed("u1"))
	require.NoError(t, err)
	late := signed("u1") // verified before the rotation, used after it
	own := begin(charla.Proof{Subject: "u1"})
	google := begin(charla.Proof{Provider: "google", Subject: "1"})
	claimed := b.enter("eva")
	older := begin(signed("u3")) // as sessions were stored that did not say how they began
	stored := b.stored(older)
	stored.Format, stored.Signed, stored.Revision = 1, false, 2
	require.NoError(t, b.store.Sessions().Save(b.ctx, stored))
	b.alive(older, "stored by an earlier version")

	secret, err = b.account.RotateSecret(b.ctx, time.Minute)
	require.NoError(t, err)
	b.clock.Set(start.Add(time.Hour))
	newer := begin(signed("u4"))
	for _, s := range []*charla.Visitor{stolen, moved, own, google, claimed, older} {
		b.alive(s, "a rotation with an overlap ends no session")
	}
	ended := b.ends(stolen)
	secret, err = b.account.RotateSecret(b.ctx, 0)
	require.NoError(t, err)
	require.ErrorIs(t, <-ended, charla.ErrSession)
	for _, s := range []*charla.Visitor{stolen, moved, newer, older, begin(late)} {
		b.dead(s, "signed with an earlier token")
		_, _, err := s.Login(b.ctx, signed("u1"))
		require.ErrorIs(t, err, charla.ErrSession)
	}
	for _, s := range []*charla.Visitor{own, google, claimed, begin(signed("u1"))} {
		b.alive(s, "not by an earlier token")
	}
}

// TestEndSessionsDuringWrite: R7.4, R1.7: a message that is on its way while its session ends
// with all of the account, or with the secret token that signed it, is not stored afterwards.
// Other changes of the account refuse none.
func TestEndSessionsDuringWrite(t *testing.T) {
	t.Parallel()
	for _, first := range []bool{false, true} {
		for name, one := range map[string]struct {
			end func(*bench) error
			err error
		}{
			"account": {func(b *bench) error { return b.account.EndSessions(b.ctx, tickets.ConversationID{}) }, charla.ErrSession},
			"secret": {func(b *bench) error {
				_, err := b.account.RotateSecret(b.ctx, 0)
				return err
			}, charla.ErrSession},
			"overlap": {func(b *bench) error {
				_, err := b.account.RotateSecret(b.ctx, time.Hour)
				return err
			}, nil},
		} {
			b := setup(t, nil)
			signed, err := charla.SignIdentity(b.secret, b.account.ID(), charla.Proof{Subject: "u1"}, start, time.Hour)
			require.NoError(t, err, name)
			proof, err := b.account.VerifyIdentity(b.ctx, signed)
			require.NoError(t, err, name)
			s := b.enterAs(charla.Entry{Proof: &proof})
			if !first {
				b.write(s, "hola")
			}
			conversations := &flakyConversations{Conversations: b.store.Conversations()}
			once := false
			conversations.fail = func(commit func() error) error {
				if !once {
					once = true
					require.NoError(t, one.end(b), name)
				}
				return commit()
			}
			b.store = &flaky{Store: b.store, conversations: conversations}
			_, err = b.on(b.newDesk(nil), s).Write(b.ctx, "tarde", nil)
			require.ErrorIs(t, err, one.err, name)
			require.True(t, once, name)
			found, err := b.account.Inbox().Tickets(b.ctx, charla.TicketQuery{Text: "tarde"})
			require.NoError(t, err, name)
			require.Equal(t, one.err == nil, len(found.Items) == 1, name)
		}
	}
}
