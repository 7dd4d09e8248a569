package charla_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// reports are the security events of a desk.
type reports struct {
	mu   sync.Mutex
	list []charla.SecurityEvent
}

func (r *reports) hear(_ context.Context, e charla.SecurityEvent) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, e)
}

// since returns the events since it was asked last.
func (r *reports) since() []charla.SecurityEvent {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := r.list
	r.list = nil
	return list
}

// A login is reported with who vouched for it, by entering and later, and so is one that was
// refused; a visitor who proves nothing is not.
func TestLoginIsReported(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *chatcfg.Config) { c.Chat.Google.Enabled = true })
	var r reports
	b.use(b.newDesk(func(o *charla.Options) { o.Observer = &charla.Observer{Security: r.hear} }))
	v := b.enter("juan")
	require.Empty(t, r.since())
	one := func(kind charla.SecurityKind, reason string) charla.SecurityEvent {
		t.Helper()
		list := r.since()
		require.Len(t, list, 1)
		assert.Equal(t, kind, list[0].Kind)
		assert.Equal(t, reason, list[0].Reason)
		assert.Equal(t, b.account.ID(), list[0].Account)
		return list[0]
	}
	hosts := b.session(b.enterAs(charla.Entry{Proof: &charla.Proof{Subject: "u1"}}))
	assert.Equal(t, hosts.ID, one(charla.SecurityLogin, "host").Session)
	googles := b.session(b.enterAs(charla.Entry{Proof: &charla.Proof{Provider: "google", Subject: "u1"}}))
	assert.Equal(t, googles.ID, one(charla.SecurityLogin, "google").Session)
	_, _, err := v.Login(b.ctx, charla.Proof{Subject: "u1"})
	require.NoError(t, err)
	one(charla.SecurityLogin, "host")
	_, _, err = b.account.Enter(b.ctx, charla.Entry{Proof: &charla.Proof{Subject: "u\n1"}})
	require.Error(t, err)
	refused := one(charla.SecurityLoginRefused, charla.ErrorClass(err))
	assert.True(t, refused.Session.IsZero())
}

// What is reported has words of 1 to 40 small letters, digits and _ only, also
// what a host reports: nothing that a person typed gets into a log.
func TestReportedWords(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	var r reports
	d := b.newDesk(func(o *charla.Options) { o.Observer = &charla.Observer{Security: r.hear} })
	for word, want := range map[string]string{
		"a": "a", "too_many_2": "too_many_2", strings.Repeat("a", 40): strings.Repeat("a", 40),
		strings.Repeat("a", 41): "other", "Ana": "other", "a b": "other", "ana@example.com": "other", "a\nb": "other", "ñ": "other",
	} {
		d.ReportSecurity(b.ctx, charla.SecurityEvent{Kind: charla.SecurityKind(word), Reason: word})
		require.Equal(t, []charla.SecurityEvent{{Kind: charla.SecurityKind(want), Reason: want}}, r.since())
	}
	d.ReportSecurity(b.ctx, charla.SecurityEvent{})
	require.Equal(t, []charla.SecurityEvent{{Kind: "other"}}, r.since(), "no reason is none")
}

// What is refused is a warning in the log, other events are information; their account, session
// and conversation are named if they are known.
func TestSecurityLog(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	s := b.session(b.enter("juan"))
	for kind, level := range map[charla.SecurityKind]string{
		charla.SecurityLogin: "INFO", charla.SecurityLoginRefused: "WARN", charla.SecurityTokenRefused: "WARN",
		charla.SecurityOriginRefused: "WARN", charla.SecurityLimit: "WARN", charla.SecuritySessionsEnded: "INFO", "host": "INFO",
	} {
		var log bytes.Buffer
		d := b.newDesk(func(o *charla.Options) { o.Logger = logger(&log) })
		d.ReportSecurity(b.ctx, charla.SecurityEvent{Kind: kind})
		require.Regexp(t, "level="+level+` msg="charla: security" kind=`+string(kind)+"\n$", log.String())
		log.Reset()
		d.ReportSecurity(b.ctx, charla.SecurityEvent{
			Kind: kind, Account: b.account.ID(), Session: s.ID, Conversation: s.Conversation, Reason: "why",
		})
		require.Contains(t, log.String(), " reason=why account="+b.account.ID().String()+" session="+s.ID.String()+
			" conversation="+s.Conversation.String()+"\n")
	}
}

// The log gets 20 lines of a kind for an account in a minute, and with the next one how many were left
// out; other kinds and accounts have their own.
func TestSecurityLogIsBounded(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	var log bytes.Buffer
	d := b.newDesk(func(o *charla.Options) { o.Logger = logger(&log) })
	report := func(kind charla.SecurityKind, n int) int {
		log.Reset()
		for range n {
			d.ReportSecurity(b.ctx, charla.SecurityEvent{Kind: kind, Account: b.account.ID()})
		}
		return strings.Count(log.String(), "\n")
	}
	require.Equal(t, 20, report("one", 25))
	require.Equal(t, 5, report("other", 5))
	b.clock.Add(time.Minute - time.Second)
	require.Zero(t, report("one", 2))
	b.clock.Add(time.Second)
	require.Equal(t, 1, report("one", 1))
	require.Contains(t, log.String(), "omitted=7")
	require.Equal(t, 1, report("one", 1))
	require.NotContains(t, log.String(), "omitted")
}

// An ID has the form of a UUID of version 7.
func TestIDsAreVersion7(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	for range 50 {
		id := b.session(b.enter("juan")).ID.UUID
		require.Equal(t, uuid.Version(7), id.Version())
		require.Equal(t, uuid.RFC4122, id.Variant())
	}
}

// Without entropy nothing is made: no ID, no token, no secret.
func TestNoEntropy(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	for n := range 80 { // bytes that there are
		d := b.newDesk(func(o *charla.Options) { o.Entropy = bytes.NewReader(make([]byte, n)) })
		_, _, err := d.Account(b.account.ID()).Enter(b.ctx, charla.Entry{Name: "Juan", Email: "juan@example.com"})
		if n < 32 {
			require.Error(t, err, "%d bytes", n)
		}
		_, _, err = d.CreateAccount(b.ctx, "Otra", "otra.cl", nil)
		require.Error(t, err, "%d bytes", n)
	}
	v := b.enter("juan")
	none := b.newDesk(func(o *charla.Options) { o.Entropy = bytes.NewReader(nil) })
	_, err := b.on(none, v).Write(b.ctx, "hola", nil)
	require.Error(t, err)
	_, err = none.Account(b.account.ID()).RotateSecret(b.ctx, 0)
	require.Error(t, err)
	require.Equal(t, int64(1), b.write(v, "hola").Seq, "nothing was written before")
	_, err = b.account.RotateSecret(b.ctx, 0)
	require.NoError(t, err, "the control")
}

var errAway = errors.New("away")

// awayLoads is a store whose conversations cannot be loaded.
type awayLoads struct{ storage.Store }

func (s awayLoads) Conversations() storage.Conversations {
	return awayConversations{s.Store.Conversations()}
}

type awayConversations struct{ storage.Conversations }

func (awayConversations) Load(context.Context, storage.LoadQuery) (storage.Loaded, error) {
	return storage.Loaded{}, errAway
}

// TestEndSessionsOfFirstVersion: R7.4: a customer of whom a single commit is stored has their sessions
// ended, too, and a store that fails is not taken for a customer who does not exist.
func TestEndSessionsOfFirstVersion(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	v := b.enter("juan")
	b.write(v, "hola")
	customer := b.session(v).Conversation
	inner := b.store
	b.store = awayLoads{inner}
	err := b.newDesk(nil).Account(b.account.ID()).EndSessions(b.ctx, customer)
	require.ErrorIs(t, err, errAway)
	require.NotErrorIs(t, err, charla.ErrNotFound)
	require.NoError(t, b.account.EndSessions(b.ctx, customer), "the control")
	_, err = v.Session(b.ctx)
	require.ErrorIs(t, err, charla.ErrSession)
	require.ErrorIs(t, b.account.EndSessions(b.ctx, tickets.ConversationID{UUID: uuid.New()}), charla.ErrNotFound)
}

// A list of numbers begins at zero, too.
func TestCursorZero(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ref := b.write(b.enter("juan"), "hola").Ref
	inbox := b.account.Inbox()
	want, err := inbox.History(b.ctx, ref, charla.PageQuery{})
	require.NoError(t, err)
	got, err := inbox.History(b.ctx, ref, charla.PageQuery{Cursor: "0"})
	require.NoError(t, err)
	assert.Equal(t, want, got)
	messages, err := inbox.Messages(b.ctx, ref, charla.MessageQuery{PageQuery: charla.PageQuery{Cursor: "0"}})
	require.NoError(t, err)
	assert.Len(t, messages.Items, 1)
	for _, bad := range []string{"-1", "-0", "00", "+1"} {
		_, err := inbox.History(b.ctx, ref, charla.PageQuery{Cursor: bad})
		require.ErrorIs(t, err, charla.ErrCursor, bad)
	}
}

// TestFullAccountIsReported: R8.4: an upload for which an account has no room is reported.
func TestFullAccountIsReported(t *testing.T) {
	t.Parallel()
	b, files, _ := uploading(t, nil, nil)
	r := &reports{}
	b.use(b.newDesk(func(o *charla.Options) {
		o.Files = &charla.FileOptions{Store: files, AccountBytes: 4}
		o.Observer = &charla.Observer{Security: r.hear}
	}))
	v := b.enter("juan")
	_, err := v.Write(b.ctx, "", send("1234"))
	require.NoError(t, err)
	require.Empty(t, r.since())
	_, err = v.Write(b.ctx, "", send("5"))
	require.Error(t, err)
	require.Equal(t, []charla.SecurityEvent{{Kind: charla.SecurityLimit, Account: b.account.ID(), Reason: "account_bytes"}}, r.since())
}
