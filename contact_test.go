package charla_test

import (
	"context"
	"strings"
	"testing"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// form switches the contact form on, to an address and a mailbox.
func form(c *chatcfg.Config) {
	c.Chat.ContactForm.Enabled = true
	c.Chat.ContactForm.Email = chatcfg.FormEmail{Enabled: true, Address: "ventas@tienda.cl"}
	c.Chat.ContactForm.Mailbox = chatcfg.FormMailbox{Enabled: true, ID: "box-7"}
}

func (b *bench) presence(a tickets.Availability) {
	b.t.Helper()
	require.NoError(b.t, b.agent(charla.Person{ID: "ana"}).Heartbeat(b.ctx, a))
	b.clock.Set(b.clock.Now().Add(2e9))
}

var typed = charla.ContactForm{Name: "Eva", Email: "eva@example.com", Phone: "+56 9 8765 4321", Text: "¿Abren mañana?"}

// TestFormInstead: R6.2: while nobody is available the form stands in place of
// starting a conversation; an ongoing one goes on.
func TestFormInstead(t *testing.T) {
	t.Parallel()
	b := setup(t, form)
	status := func(s *charla.Visitor) charla.Status {
		st, err := s.Status(b.ctx)
		require.NoError(t, err)
		return st
	}
	s := b.enter("juan")
	_, err := s.Write(b.ctx, "hola", nil)
	require.ErrorIs(t, err, charla.ErrContactForm)
	_, err = s.DryRun(b.ctx, "hola")
	require.ErrorIs(t, err, charla.ErrContactForm)
	assert.Equal(t, charla.Status{Form: true}, status(s))
	all, err := b.account.Visitor("").Status(b.ctx)
	require.NoError(t, err)
	assert.Equal(t, charla.Status{Form: true}, all)

	b.presence(tickets.Online)
	assert.Equal(t, charla.Status{Available: true}, status(s))
	first, err := s.Write(b.ctx, "hola", &charla.WriteOptions{Key: "k"})
	require.NoError(t, err)
	b.presence(tickets.Away)
	b.write(s, "¿hay alguien?") // ongoing
	assert.Equal(t, charla.Status{Ongoing: true, LastSeq: 2}, status(s))

	_, err = b.agent(ana).Do(b.ctx, first.Ref, tickets.Command{Kind: tickets.CommandClose}, nil)
	require.NoError(t, err)
	_, err = s.Write(b.ctx, "otra cosa", nil)
	require.ErrorIs(t, err, charla.ErrContactForm, "a closed one would start anew")
	again, err := s.Write(b.ctx, "hola", &charla.WriteOptions{Key: "k"})
	require.NoError(t, err, "what was answered before is answered again")
	assert.Equal(t, first, again)
	b.save(func(c *chatcfg.Config) { c.Chat.ContactForm.Enabled = false }, nil)
	b.write(s, "otra cosa")
}

// TestContact: R6.1, R6.2: a form is stored, then mailed to its targets.
func TestContact(t *testing.T) {
	t.Parallel()
	b := setup(t, form)
	s := b.enter("eva")
	with := typed
	with.Locale = chatcfg.English
	stranger := b.account.Visitor("")
	sent, err := s.Contact(b.ctx, with, &charla.CallOptions{Key: "k"})
	require.NoError(t, err)
	assert.Equal(t, tickets.Submission{
		Account: b.account.ID(), Key: sent.Key, At: start, Name: "Eva", Email: "eva@example.com", Phone: "+56987654321",
		Text: "¿Abren mañana?", Session: b.session(s).ID, Conversation: b.session(s).Conversation, Locale: "en",
	}, sent)
	page, err := b.account.Inbox().Contacts(b.ctx, charla.PageQuery{})
	require.NoError(t, err)
	assert.Equal(t, []tickets.Submission{sent}, page.Items)
	assert.Empty(t, b.mails.Mails(), "stored first")
	b.pass(0)
	mails := b.mails.Mails()
	require.Len(t, mails, 2)
	assert.Equal(t, "ventas@tienda.cl", mails[0].To)
	assert.Equal(t, [2]string{"", "box-7"}, [2]string{mails[1].To, mails[1].Mailbox})
	for _, m := range mails {
		assert.Equal(t, "eva@example.com", m.ReplyTo)
		assert.Regexp(t, `^Formulario de contacto: Eva <eva@example\.com>, Tienda \[[0-9a-hjkmnp-tv-z]{13}\]$`, m.Subject)
		assert.Equal(t, "Formulario de contacto: Tienda\n\nEva <eva@example.com>, +56987654321 (identidad sin verificar):\n¿Abren mañana?\n", m.Text)
	}

	again, err := s.Contact(b.ctx, with, &charla.CallOptions{Key: "k"})
	require.NoError(t, err, "R8.1: repeated with its key")
	assert.Equal(t, sent, again)
	other := with
	other.Text = "otra"
	_, err = s.Contact(b.ctx, other, &charla.CallOptions{Key: "k"})
	require.ErrorIs(t, err, charla.ErrKeyReused)
	_, err = stranger.Contact(b.ctx, other, &charla.CallOptions{Key: "k"})
	require.NoError(t, err, "keys of sessions are their own")
	_, err = stranger.Contact(b.ctx, typed, nil)
	require.NoError(t, err)
	b.pass(0)
	assert.Len(t, b.mails.Mails(), 6, "nothing is sent twice")

	b.presence(tickets.Online)
	_, err = stranger.Contact(b.ctx, typed, nil)
	require.ErrorIs(t, err, charla.ErrAvailable, "decided again at submit")
	again, err = s.Contact(b.ctx, with, &charla.CallOptions{Key: "k"})
	require.NoError(t, err, "what was stored is not asked again")
	assert.Equal(t, sent, again)
	page2 := typed
	page2.Scriptless = true
	_, err = stranger.Contact(b.ctx, page2, nil)
	require.NoError(t, err, "a page that cannot chat")
}

// TestContactRefusals: what is typed wrong, and where there is no form.
func TestContactRefusals(t *testing.T) {
	t.Parallel()
	b := setup(t, form)
	bad := charla.ContactForm{Name: "a\x00", Email: "eva", Phone: strings.Repeat("1", 41), Text: "  "}
	stranger := b.account.Visitor("")
	_, err := stranger.Contact(b.ctx, bad, nil)
	var p chatcfg.Problems
	require.ErrorAs(t, err, &p)
	for path, code := range map[string]chatcfg.Code{
		"name": chatcfg.CodeControlCharacter, "email": chatcfg.CodeInvalidEmail, "phone": chatcfg.CodeTooLong, "text": chatcfg.CodeBlank,
	} {
		assert.True(t, p.Has(path, code), "%s: %v", path, p)
	}
	bad = typed
	bad.Email = ""
	_, err = stranger.Contact(b.ctx, bad, nil)
	require.ErrorAs(t, err, &p)
	assert.True(t, p.Has("email", chatcfg.CodeRequired))

	gone := b.enter("eva")
	require.NoError(t, gone.Leave(b.ctx))
	_, err = gone.Contact(b.ctx, typed, nil)
	require.ErrorIs(t, err, charla.ErrSession)
	other, _, err := b.desk.CreateAccount(b.ctx, "Otra", "otra.cl", nil)
	require.NoError(t, err)
	_, err = other.Visitor("").Contact(b.ctx, typed, nil)
	require.ErrorIs(t, err, charla.ErrNoForm)
	cfg, v, err := other.Config(b.ctx)
	require.NoError(t, err)
	form(&cfg)
	_, err = other.SaveConfig(b.ctx, v, cfg, nil)
	require.NoError(t, err)
	_, err = other.Visitor(b.tokens[b.enter("eva")]).Contact(b.ctx, typed, nil)
	require.ErrorIs(t, err, charla.ErrSession, "a session of another account")
	require.NoError(t, other.Delete(b.ctx, "Otra"))
	_, err = other.Visitor("").Contact(b.ctx, typed, nil)
	require.ErrorIs(t, err, charla.ErrDeleted)
	list, err := b.account.Inbox().Contacts(b.ctx, charla.PageQuery{})
	require.NoError(t, err)
	assert.Empty(t, list.Items)
}

// onceLate is a store on which a form is not found the first time, as if another call stored it meanwhile.
type onceLate struct {
	storage.Store
	forms *lateForms
}

func (s *onceLate) Contacts() storage.Contacts { return s.forms }

type lateForms struct {
	storage.Contacts
	asked bool
}

func (f *lateForms) Get(ctx context.Context, account chatcfg.AccountID, key string) (tickets.Submission, error) {
	if !f.asked {
		f.asked = true
		return tickets.Submission{}, storage.ErrNotFound
	}
	return f.Contacts.Get(ctx, account, key)
}

// TestContactAtOnce: R6.2: of two calls with one key at the same moment one sends, and both get its answer.
func TestContactAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, form)
	send := func(text string) (tickets.Submission, error) {
		return b.account.Visitor("").Contact(b.ctx, charla.ContactForm{Name: "Eva", Email: "eva@x.cl", Text: text}, &charla.CallOptions{Key: "k"})
	}
	first, err := send("hola")
	require.NoError(t, err)
	inner := b.store
	b.store = &onceLate{inner, &lateForms{Contacts: inner.Contacts()}}
	b.use(b.newDesk(nil))
	b.clock.Add(60e9)
	second, err := send("hola")
	require.NoError(t, err)
	assert.Equal(t, first.Key, second.Key)
	assert.Equal(t, first.At, second.At)
	assert.Len(t, b.deliveries(charla.DeliveryPending), 2, "e-mail and mailbox, once")
}

// A status that cannot be known is no status.
func TestStatusFails(t *testing.T) {
	t.Parallel()
	b := setup(t, form)
	p := &brokenPresence{}
	d := b.newDesk(func(o *charla.Options) { o.Presence = p })
	v := b.on(d, b.enter("juan"))
	_, err := v.Status(b.ctx)
	require.NoError(t, err, "the control")
	p.err = errAway
	_, err = v.Status(b.ctx)
	require.ErrorIs(t, err, errAway)
}

type brokenPresence struct{ err error }

func (p *brokenPresence) Presence(context.Context, chatcfg.AccountID) (tickets.Presence, error) {
	return tickets.Presence{}, p.err
}

// TestStatusHasMarks: a visitor's status says how far each side has read, from the first
// message on.
func TestStatusHasMarks(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	v := b.enter("juan")
	ref := b.write(v, "hola").Ref
	require.NoError(t, b.agent(ana).MarkRead(b.ctx, ref, 1))
	s, err := v.Status(b.ctx)
	require.NoError(t, err)
	assert.Equal(t, tickets.Marks{Agent: 1}, s.Read)
}
