package charla_test

import (
	"context"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// texts are what a visitor reads.
func (b *bench) texts(s *charla.Visitor) []string {
	b.t.Helper()
	page, err := s.Messages(b.ctx, charla.MessageQuery{})
	require.NoError(b.t, err)
	out := []string{}
	for _, m := range page.Items {
		out = append(out, m.Text)
	}
	return out
}

// TestTokens: R7.1: a session's token is its own, ends and expires.
func TestTokens(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	s, token, err := b.account.Enter(b.ctx, charla.Entry{Name: "Juan"})
	require.NoError(t, err)
	got, err := b.account.Visitor(token).Session(b.ctx)
	require.NoError(t, err)
	assert.Equal(t, b.session(s).ID, got.ID)
	_, secret, _ := strings.Cut(string(token), ".")
	clear, err := base64.RawURLEncoding.DecodeString(secret)
	require.NoError(t, err)
	kept := b.stored(s).TokenHash
	assert.NotEmpty(t, kept)
	assert.NotContains(t, string(kept), secret)
	assert.NotContains(t, string(kept), string(clear))
	_, other, err := b.account.Enter(b.ctx, charla.Entry{Name: "Eva"})
	require.NoError(t, err)
	swapped := token[:36] + other[36:]
	for _, bad := range []charla.Token{
		"", ".", token[:36], token[:37], token + "A", "x" + token, swapped, charla.Token(got.ID.String() + "." + got.ID.String()),
	} {
		_, err := b.account.Visitor(bad).Session(b.ctx)
		require.ErrorIs(t, err, charla.ErrSession, string(bad))
	}
	for i := range token { // each bit flipped
		for bit := range 8 {
			flipped := []byte(token)
			flipped[i] ^= 1 << bit
			_, err := b.account.Visitor(charla.Token(flipped)).Session(b.ctx)
			require.ErrorIs(t, err, charla.ErrSession)
		}
	}
	b.clock.Set(got.ExpiresAt.Add(-time.Microsecond))
	_, err = b.account.Visitor(token).Session(b.ctx)
	require.NoError(t, err)
	b.clock.Set(got.ExpiresAt)
	_, err = b.account.Visitor(token).Session(b.ctx)
	require.ErrorIs(t, err, charla.ErrSession)
	_, err = s.Write(b.ctx, "hola", nil)
	require.ErrorIs(t, err, charla.ErrSession)
}

// TestClaimedEmail: R7.2: with e-mail as identifier a claimed e-mail finds its
// customer, but history is shown only to the session that wrote it.
func TestClaimedEmail(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *chatcfg.Config) {
		c.Chat.EmailAsIdentifier = true
		c.Chat.Google.Enabled, c.Chat.Facebook.Enabled = true, true
		c.Automation.NewCustomer = text("bienvenido")
	})
	visitor := func(v charla.Entry) *charla.Visitor {
		s, _, err := b.account.Enter(b.ctx, v)
		require.NoError(t, err)
		return s
	}
	juan := visitor(charla.Entry{Name: "Juan", Email: "juan@example.com"})
	ref := b.write(juan, "mi secreto").Ref
	b.reply(ref, "su clave es 1234")
	mallory := visitor(charla.Entry{Name: "Mallory", Email: "JUAN@example.com"})
	assert.Empty(t, b.texts(mallory), "nothing before it has written")
	again := b.write(mallory, "soy juan")
	assert.Equal(t, ref.Conversation, again.Ref.Conversation, "the e-mail finds its customer")
	assert.Equal(t, []string{"soy juan"}, b.texts(mallory))
	b.reply(again.Ref, "hola de nuevo")
	assert.Equal(t, []string{"soy juan", "hola de nuevo"}, b.texts(mallory), "answers go to the session that wrote last")
	assert.Equal(t, []string{"mi secreto", "bienvenido", "su clave es 1234"}, b.texts(juan))

	verified := visitor(charla.Entry{Proof: &charla.Proof{Provider: "google", Subject: "1", Name: "Juan Pérez", Email: "juan@example.com"}})
	assert.Empty(t, b.texts(verified))
	mine := b.write(verified, "soy yo").Ref
	assert.NotEqual(t, ref.Conversation, mine.Conversation, "identity keys are apart by kind")
	claims := visitor(charla.Entry{Name: "X", Email: "juan@example.com"})
	assert.Equal(t, ref.Conversation, b.write(claims, "x").Ref.Conversation, "a claim never finds the verified one")
	other := visitor(charla.Entry{Proof: &charla.Proof{Provider: "google", Subject: "1"}})
	assert.Equal(t, []string{"soy yo", "bienvenido"}, b.texts(other), "a verified session reads all of its customer's")
	host := visitor(charla.Entry{Proof: &charla.Proof{Subject: "google:1"}})
	assert.Empty(t, b.texts(host), "subjects of different providers do not meet")
	assert.NotEqual(t, mine.Conversation, b.write(host, "hola").Ref.Conversation)
	odd := visitor(charla.Entry{Proof: &charla.Proof{Provider: "facebook", Subject: "1:2"}})
	b.write(odd, "hola")
	assert.Empty(t, b.texts(visitor(charla.Entry{Proof: &charla.Proof{Provider: "google", Subject: "1:2"}})))

	for _, p := range []charla.Proof{{}, {Provider: "google"}, {Subject: "a\x00"}} {
		_, _, err := b.account.Enter(b.ctx, charla.Entry{Proof: &p})
		require.Error(t, err, p)
	}
	_, _, err := b.account.Enter(b.ctx, charla.Entry{Name: "Sin correo"})
	var p chatcfg.Problems
	require.ErrorAs(t, err, &p)
	assert.True(t, p.Has("email", chatcfg.CodeRequired), "R6.4")
}

// TestNameNeverIdentifies: R7.1: a typed name, RUT or telephone finds nobody.
func TestNameNeverIdentifies(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	v := charla.Entry{Name: "Juan", Email: "juan@example.com", RUT: "12.345.678-5", Phone: "+56 9 1234 5678"}
	var refs []tickets.Ref
	for range 2 {
		s, _, err := b.account.Enter(b.ctx, v)
		require.NoError(t, err)
		refs = append(refs, b.write(s, "hola").Ref)
	}
	assert.NotEqual(t, refs[0].Conversation, refs[1].Conversation)
	got := b.ticket(refs[0])
	assert.Equal(t, tickets.Customer{
		Level: tickets.LevelClaimed, Name: "Juan", Email: "juan@example.com", RUT: "12345678-5", Phone: "+56912345678",
	}, got.Customer)
}

// TestLogin: R7.2: a login moves the session; the conversation stays and is linked.
func TestLogin(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *chatcfg.Config) { c.Chat.Google.Enabled, c.Chat.Facebook.Enabled = true, true })
	s := b.enter("juan")
	was := b.session(s)
	before := b.write(s, "sin sesión").Ref
	moved, _, err := s.Login(b.ctx, charla.Proof{Provider: "google", Subject: "1", Name: "Juan Pérez"})
	require.NoError(t, err)
	assert.Equal(t, was.ID, b.session(moved).ID)
	s = moved
	after := b.write(s, "con sesión").Ref
	assert.NotEqual(t, before.Conversation, after.Conversation)
	assert.Equal(t, []string{"con sesión"}, b.texts(s))
	assert.Equal(t, tickets.LevelVerified, b.messages(after)[0].Level)
	loaded, err := b.store.Conversations().Load(b.ctx, storage.LoadQuery{Account: after.Account, Conversation: after.Conversation})
	require.NoError(t, err)
	assert.Equal(t, []tickets.ConversationID{before.Conversation}, loaded.Conversation.Links)
	assert.Equal(t, tickets.StatusOpen, b.ticket(before).Status, "it stays where it is")

	second := b.enter("juan2")
	second, _, err = second.Login(b.ctx, charla.Proof{Provider: "google", Subject: "1"})
	require.NoError(t, err)
	assert.Equal(t, after.Conversation, b.write(second, "otro aparato").Ref.Conversation)
	assert.Equal(t, []string{"con sesión", "otro aparato"}, b.texts(second))
	require.NoError(t, s.Leave(b.ctx))
	_, _, err = s.Login(b.ctx, charla.Proof{Provider: "google", Subject: "2"})
	require.ErrorIs(t, err, charla.ErrSession)
}

// TestCompanyName: section 6, "write as the company": agents' names never leave the
// server.
func TestCompanyName(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *chatcfg.Config) { c.Chat.WriteAsCompany = true })
	s := b.enter("juan")
	b.reply(b.write(s, "hola").Ref, "buenas")
	list, err := s.Messages(b.ctx, charla.MessageQuery{})
	require.NoError(t, err)
	assert.Equal(t, "Tienda", list.Items[1].Name)
	assert.Empty(t, list.Items[1].Agent)
	b.save(func(c *chatcfg.Config) { c.Chat.WriteAsCompany = false }, nil)
	list, err = s.Messages(b.ctx, charla.MessageQuery{})
	require.NoError(t, err)
	assert.Equal(t, "Ana", list.Items[1].Name)
	assert.Empty(t, list.Items[1].Agent, "the host's ID of an agent is never the visitor's to know")
}

// TestStream: R8.3: in order, without a gap, from any sequence, with signals and
// by polling alone.
func TestStream(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	s := b.enter("juan")
	ref := b.write(s, "1").Ref
	for name, desk := range map[string]*charla.Desk{"signals": b.desk, "polling": b.newDesk(nil)} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(b.ctx)
			defer cancel()
			got := make(chan tickets.Message)
			ended := make(chan error, 1)
			go func() {
				for m, err := range messagesOf(desk.Account(ref.Account).Inbox().Follow(ctx, ref, 0, 0)) {
					if err != nil {
						ended <- err
						return
					}
					got <- m
				}
			}()
			seq := int64(0)
			next := func() {
				t.Helper()
				for {
					select {
					case m := <-got:
						seq++
						require.Equal(t, seq, m.Seq)
						return
					case <-time.After(time.Millisecond):
						if name == "polling" {
							b.clock.Add(time.Second)
						}
					}
				}
			}
			for range b.messages(ref) {
				next()
			}
			for range 20 {
				b.write(s, "más")
				next()
			}
			cancel()
			require.ErrorIs(t, <-ended, context.Canceled)
		})
	}
	all := b.messages(ref)
	var rest []int64
	for m, err := range messagesOf(b.account.Inbox().Follow(b.ctx, ref, 30, 0)) {
		require.NoError(t, err)
		if rest = append(rest, m.Seq); m.Seq == int64(len(all)) {
			break
		}
	}
	assert.Len(t, rest, len(all)-30)
}

// TestFollow: a visitor's stream begins before the first message, and ends with
// the session.
func TestFollow(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *chatcfg.Config) { c.Chat.EmailAsIdentifier = true })
	first, second := b.enter("juan"), b.enter("juan") // two windows, no conversation yet
	require.NotEqual(t, b.session(first).Conversation, b.session(second).Conversation)
	got := make(chan string, 10)
	ended := make(chan error, 1)
	go func() {
		for m, err := range messagesOf(second.Live(b.ctx, 0, 0)) {
			if err != nil {
				ended <- err
				return
			}
			got <- m.Text
		}
	}()
	b.write(first, "de la primera")
	b.write(second, "de la segunda")
	for text := ""; text == ""; {
		select {
		case text = <-got:
			assert.Equal(t, "de la segunda", text)
		case <-time.After(time.Millisecond):
			b.clock.Add(time.Second)
		}
	}
	require.NoError(t, second.Leave(b.ctx))
	for {
		select {
		case err := <-ended:
			require.ErrorIs(t, err, charla.ErrSession)
			return
		case <-time.After(time.Millisecond):
			b.clock.Add(time.Second)
		}
	}
}

// TestPresence: R4.7: heartbeats, their 90 seconds, another desk, the host's own.
func TestPresence(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *chatcfg.Config) { c.Automation.NoAgents = text("no hay nadie") })
	desk := b.newDesk(func(o *charla.Options) { o.HeartbeatTTL = 0 })
	available := func(d *charla.Desk) bool {
		p, err := d.Account(b.account.ID()).Inbox().Presence(b.ctx)
		require.NoError(t, err)
		return p.Available
	}
	assert.False(t, available(desk))
	require.NoError(t, b.agentOn(desk, charla.Person{ID: "ana"}).Heartbeat(b.ctx, tickets.Online))
	assert.True(t, available(desk))
	b.clock.Set(start.Add(2 * time.Second))
	assert.True(t, available(b.desk), "another desk")
	b.clock.Set(start.Add(90*time.Second - time.Microsecond))
	assert.True(t, available(desk))
	b.clock.Set(start.Add(90 * time.Second))
	assert.False(t, available(desk))
	require.NoError(t, b.agentOn(desk, charla.Person{ID: "ana"}).Heartbeat(b.ctx, tickets.Online))
	require.NoError(t, b.agentOn(desk, charla.Person{ID: "ana"}).Heartbeat(b.ctx, tickets.Away))
	assert.False(t, available(desk))

	own := b.newDesk(func(o *charla.Options) { o.Presence = always{} })
	r, err := b.on(own, b.enter("juan")).Write(b.ctx, "hola", nil)
	require.NoError(t, err)
	assert.Empty(t, b.said(r.Ref))
}

type always struct{}

func (always) Presence(context.Context, chatcfg.AccountID) (tickets.Presence, error) {
	return tickets.Presence{Available: true, Absence: 1}, nil
}
