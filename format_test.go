package charla_test

import (
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

// closing makes tickets close ten minutes after an agent's word.
func closing(c *chatcfg.Config) {
	c.Automation.AutoClose = chatcfg.AutoClose{Enabled: true, After: minutes(10), Clock: chatcfg.Wall}
}

// reformat gives a conversation another format, and lets a batch do more.
func (b *bench) reformat(ref tickets.Ref, format int, more func(*storage.Batch)) {
	b.t.Helper()
	loaded, err := b.store.Conversations().Load(b.ctx, storage.LoadQuery{Account: ref.Account, Conversation: ref.Conversation})
	require.NoError(b.t, err)
	wake, err := b.store.Conversations().NextWake(b.ctx)
	require.NoError(b.t, err)
	c := loaded.Conversation
	c.Format = format
	c.Version++
	batch := &storage.Batch{
		Config: loaded.Account.Version, Conversation: c, Tickets: []tickets.Ticket{loaded.Ticket},
		Active: loaded.Ticket.Status == tickets.StatusOpen, Wake: wake,
	}
	if more != nil {
		more(batch)
	}
	require.NoError(b.t, b.store.Conversations().Commit(b.ctx, batch))
}

// An older process reads what a newer one wrote, answers what it was asked before,
// and refuses to rewrite it.
func TestNewerConversation(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	s := b.enter("juan")
	o := &charla.WriteOptions{Key: "k"}
	r, err := s.Write(b.ctx, "hola", o)
	require.NoError(t, err)
	b.reformat(r.Ref, tickets.Format+1, nil)

	for name, call := range map[string]func() error{
		"write": func() error { _, err := s.Write(b.ctx, "hola", nil); return err },
		"reply": func() error { _, err := b.agent(ana).Reply(b.ctx, r.Ref, "hola", nil); return err },
		"close": func() error {
			_, err := b.agent(ana).Do(b.ctx, r.Ref, tickets.Command{Kind: tickets.CommandClose}, nil)
			return err
		},
		"dry run": func() error { _, err := s.DryRun(b.ctx, "hola"); return err },
	} {
		require.ErrorIs(t, call(), charla.ErrNewerFormat, name)
	}
	again, err := s.Write(b.ctx, "hola", o)
	require.NoError(t, err)
	assert.Equal(t, r, again)

	read, err := s.Messages(b.ctx, charla.MessageQuery{})
	require.NoError(t, err)
	assert.Len(t, read.Items, 1)
	assert.Equal(t, tickets.StatusOpen, b.ticket(r.Ref).Status)
	require.NoError(t, s.MarkRead(b.ctx, 1))
	require.NoError(t, s.Typing(b.ctx))
	for m, err := range messagesOf(s.Live(b.ctx, 0, 0)) {
		require.NoError(t, err)
		assert.Equal(t, "hola", m.Text)
		break
	}
}

// R4.5: a deadline of a conversation that a newer process wrote is left to one; it
// is neither lost nor tried again and again, and those of others happen.
func TestNewerDeadline(t *testing.T) {
	t.Parallel()
	b := setup(t, closing)
	newer := b.reply(b.write(b.enter("juan"), "hola").Ref, "¿en qué ayudo?").Ref
	b.reformat(newer, tickets.Format+1, nil)
	b.clock.Add(time.Second)
	older := b.reply(b.write(b.enter("eva"), "hola").Ref, "¿en qué ayudo?").Ref

	b.pass(10*time.Minute - time.Second)
	assert.Equal(t, tickets.StatusOpen, b.ticket(newer).Status)
	b.pass(time.Second)
	assert.Equal(t, tickets.StatusOpen, b.ticket(older).Status, "for the length of a lease it is left to a newer process")
	b.pass(30 * time.Second)
	assert.Equal(t, tickets.StatusClosed, b.ticket(older).Status, "nobody else did it")
	assert.Equal(t, tickets.StatusOpen, b.ticket(newer).Status)
	b.pass(time.Minute)
	n, err := b.desk.RunDue(b.ctx)
	require.NoError(t, err)
	assert.Zero(t, n, "nothing is due before the lease ends")

	b.reformat(newer, tickets.Format, nil) // what a newer process could do
	b.pass(time.Hour)
	got := b.ticket(newer)
	assert.Equal(t, tickets.StatusClosed, got.Status)
	assert.Equal(t, tickets.ReasonAutomatic, got.Reason)
	b.clock.Add(time.Hour)
	late := b.reply(b.write(b.enter("luz"), "hola").Ref, "¿en qué ayudo?").Ref
	b.pass(10 * time.Minute)
	assert.Equal(t, tickets.StatusClosed, b.ticket(late).Status, "it no longer claims late")
}

// R8.2: a mail or a hook that this version does not know, or not all of, waits for
// one that does.
func TestNewerDelivery(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	r := b.write(b.enter("juan"), "hola")
	mail := func(key, kind, body string) storage.Delivery {
		return storage.Delivery{
			Account: r.Ref.Account, Key: key, Kind: kind, Conversation: r.Ref.Conversation, Ticket: 1,
			Body: []byte(body), State: storage.Pending, NotBefore: b.clock.Now(),
		}
	}
	b.reformat(r.Ref, tickets.Format+1, func(batch *storage.Batch) {
		batch.Deliveries = []storage.Delivery{
			mail("known", "mail", `{"to": "ana@tienda.cl", "subject": "s"}`),
			mail("more", "mail", `{"to": "ana@tienda.cl", "subject": "s", "attachments": [1]}`),
			mail("other", "telegram", `{}`),
			mail("deep", "event", `{"fact": {"kind": "created", "mood": 3}}`),
			mail("no JSON", "mail", `{`),
			mail("and more", "mail", `{"to": "ana@tienda.cl", "subject": "s"} {}`),
		}
	})
	_, err := b.desk.RunDue(b.ctx)
	require.NoError(t, err)
	require.Len(t, b.mails.Mails(), 1)
	assert.Equal(t, "known", b.mails.Mails()[0].Key)
	states := map[string]charla.DeliveryState{}
	for _, state := range []charla.DeliveryState{charla.DeliveryPending, charla.DeliveryDead, charla.DeliveryUnknown} {
		for _, d := range b.deliveries(state) {
			states[d.Key] = state
			if state == charla.DeliveryPending {
				assert.True(t, d.NotBefore.After(b.clock.Now()), "it does not come again at once")
				assert.Contains(t, d.Error, "newer version")
			}
		}
	}
	assert.Equal(t, map[string]charla.DeliveryState{
		"more": charla.DeliveryPending, "other": charla.DeliveryPending, "deep": charla.DeliveryPending, "no JSON": charla.DeliveryDead, "and more": charla.DeliveryDead,
	}, states)
}

// A configuration with settings that this version does not know is in force as far
// as it knows them, and not saved over.
func TestNewerConfig(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	body, err := b.store.Accounts().Document(b.ctx, b.account.ID(), "config", 1)
	require.NoError(t, err)
	store := func(version chatcfg.Version, old, now string) {
		a := b.record()
		a.Revision, a.Version = int64(version), version
		doc := strings.Replace(string(body), old, now, 1)
		require.NotEqual(t, string(body), doc)
		require.NoError(t, b.store.Accounts().Save(b.ctx, a, storage.Document{Name: "config", Version: int64(version), Body: []byte(doc)}))
	}
	store(2, `"chat":{`, `"chat":{"stickers":true,`)
	s := b.enter("juan")
	b.write(s, "hola")
	cfg, version, err := b.account.Config(b.ctx)
	require.NoError(t, err)
	require.EqualValues(t, 2, version)
	_, err = b.account.SaveConfig(b.ctx, version, cfg, nil)
	require.ErrorIs(t, err, charla.ErrNewerFormat)
	require.ErrorContains(t, err, "stickers")

	store(3, `"wall"`, `["wall"]`)
	_, err = s.Write(b.ctx, "hola", nil)
	require.ErrorIs(t, err, charla.ErrNewerFormat)
}

// Accounts, sessions and rosters of a newer format are read, and not rewritten.
func TestNewerRecords(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	s := b.enter("juan")
	account, session := b.record(), b.stored(s)
	assert.Equal(t, chatcfg.AccountFormat, account.Format)
	assert.Equal(t, tickets.SessionFormat, session.Format)
	require.NoError(t, b.agent(ana).Heartbeat(b.ctx, tickets.Online))
	roster, err := b.store.Presence().Get(b.ctx, account.ID)
	require.NoError(t, err)
	assert.Equal(t, tickets.RosterFormat, roster.Format)

	account.Format, account.Revision = chatcfg.AccountFormat+1, account.Revision+1
	session.Format, session.Revision = tickets.SessionFormat+1, session.Revision+1
	roster.Format, roster.Revision = tickets.RosterFormat+1, roster.Revision+1
	require.NoError(t, b.store.Accounts().Save(b.ctx, account))
	require.NoError(t, b.store.Sessions().Save(b.ctx, session))
	require.NoError(t, b.store.Presence().Put(b.ctx, account.ID, roster))

	b.write(s, "hola")
	cfg, version, err := b.account.Config(b.ctx)
	require.NoError(t, err)
	for name, call := range map[string]func() error{
		"save":      func() error { _, err := b.account.SaveConfig(b.ctx, version, cfg, nil); return err },
		"rotate":    func() error { _, err := b.account.RotateSecret(b.ctx, 0); return err },
		"delete":    func() error { return b.account.Delete(b.ctx, "Tienda") },
		"end":       func() error { return s.Leave(b.ctx) },
		"login":     func() error { _, _, err := s.Login(b.ctx, charla.Proof{Subject: "7"}); return err },
		"heartbeat": func() error { return b.agent(ana).Heartbeat(b.ctx, tickets.Online) },
	} {
		require.ErrorIs(t, call(), charla.ErrNewerFormat, name)
	}
	p, err := b.account.Inbox().Presence(b.ctx)
	require.NoError(t, err)
	assert.True(t, p.Available)
}

// A session of an older format that changes is stored in today's.
func TestOlderSession(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	for name, change := range map[string]func(*charla.Visitor) error{
		"login": func(v *charla.Visitor) error { _, _, err := v.Login(b.ctx, charla.Proof{Subject: "7"}); return err },
		"end":   func(v *charla.Visitor) error { return v.Leave(b.ctx) },
	} {
		v := b.enter("juan")
		old := b.stored(v)
		old.Format, old.Revision = tickets.SessionFormat-1, old.Revision+1
		require.NoError(t, b.store.Sessions().Save(b.ctx, old))
		require.NoError(t, change(v), name)
		now, err := b.store.Sessions().Get(b.ctx, b.account.ID(), old.ID)
		require.NoError(t, err)
		assert.Equal(t, tickets.SessionFormat, now.Format, name)
	}
}
