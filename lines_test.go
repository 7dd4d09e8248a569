package charla_test

import (
	"strings"
	"testing"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// oneLiners are all the places where somebody says a text of one line, with the path of its
// problems and the calls that take it.
func (b *bench) oneLiners() map[string]func(s string) error {
	v := b.enter("juan")
	ref := b.write(v, "hola").Ref
	do := func(who charla.Person, cmd tickets.Command, key string) error {
		_, err := b.agent(who).Do(b.ctx, ref, cmd, &charla.CallOptions{Key: key})
		return err
	}
	enter := func(e charla.Entry) error {
		_, _, err := b.account.Enter(b.ctx, e)
		return err
	}
	config := func(change func(*chatcfg.Config)) error {
		c, version, err := b.account.Config(b.ctx)
		require.NoError(b.t, err)
		change(&c)
		_, err = b.account.SaveConfig(b.ctx, version, c, nil)
		return err
	}
	form := func(f charla.ContactForm, key string) error {
		_, err := b.account.Visitor("").Contact(b.ctx, f, &charla.CallOptions{Key: key})
		return err
	}
	classify := func(t tickets.Typification) error {
		return do(ana, tickets.Command{Kind: tickets.CommandClassify, Typification: &t}, "")
	}
	write := func(o charla.WriteOptions) error {
		_, err := v.Write(b.ctx, "hola", &o)
		return err
	}
	words := func(s string) chatcfg.Words { return chatcfg.Words{Any: s} }
	return map[string]func(s string) error{
		"name":        func(s string) error { return enter(charla.Entry{Name: s}) },
		"phone":       func(s string) error { return enter(charla.Entry{Name: "Ana", Phone: s}) },
		"rut":         func(s string) error { return enter(charla.Entry{Name: "Ana", RUT: s}) },
		"email":       func(s string) error { return enter(charla.Entry{Name: "Ana", Email: s}) },
		"proof.name":  func(s string) error { return enter(charla.Entry{Proof: &charla.Proof{Subject: "1", Name: s}}) },
		"proof.email": func(s string) error { return enter(charla.Entry{Proof: &charla.Proof{Subject: "1", Email: s}}) },
		"proof.subject": func(s string) error {
			return enter(charla.Entry{Proof: &charla.Proof{Subject: s}})
		},
		"proof.provider": func(s string) error {
			return enter(charla.Entry{Proof: &charla.Proof{Subject: "1", Provider: s}})
		},
		"signed subject": func(s string) error {
			_, err := charla.SignIdentity(b.secret, b.account.ID(), charla.Proof{Subject: s}, b.clock.Now(), 1e9)
			return err
		},
		"form name":  func(s string) error { f := typed; f.Name = s; return form(f, "") },
		"form email": func(s string) error { f := typed; f.Email = s; return form(f, "") },
		"form phone": func(s string) error { f := typed; f.Phone = s; return form(f, "") },
		"form key":   func(s string) error { return form(typed, s) },
		"agent.id": func(s string) error {
			return do(charla.Person{ID: tickets.AgentID(s)}, tickets.Command{Kind: tickets.CommandMark}, "")
		},
		"agent.name": func(s string) error {
			return do(charla.Person{ID: "ana", Name: s}, tickets.Command{Kind: tickets.CommandMark}, "")
		},
		"heartbeat": func(s string) error {
			return b.agent(charla.Person{ID: tickets.AgentID(s)}).Heartbeat(b.ctx, tickets.Away)
		},
		"call key":  func(s string) error { return do(ana, tickets.Command{Kind: tickets.CommandMark}, s) },
		"write key": func(s string) error { return write(charla.WriteOptions{Key: s}) },
		"category":  func(s string) error { return classify(tickets.Typification{Category: s}) },
		"field": func(s string) error {
			return classify(tickets.Typification{Category: "c", Fields: map[string]string{s: "x"}})
		},
		"metadata": func(s string) error {
			return do(ana, tickets.Command{Kind: tickets.CommandDescribe, Metadata: map[string]string{s: "x"}}, "")
		},
		"welcome.author": func(s string) error {
			return write(charla.WriteOptions{Welcome: &tickets.Welcome{Text: "hola", Author: s}})
		},
		"file": func(s string) error {
			return write(charla.WriteOptions{File: &charla.Upload{Name: s, Body: []byte("hola")}})
		},
		"account's name": func(s string) error {
			_, _, err := b.desk.CreateAccount(b.ctx, s, "otra.cl", nil)
			return err
		},
		"configured name":   func(s string) error { return config(func(c *chatcfg.Config) { c.Chat.Name = s }) },
		"configured author": func(s string) error { return config(func(c *chatcfg.Config) { c.Chat.Welcome.Author = s }) },
		"configured mailbox": func(s string) error {
			return config(func(c *chatcfg.Config) { c.Chat.ContactForm.Mailbox.ID = s })
		},
		"configured title": func(s string) error {
			return config(func(c *chatcfg.Config) { c.Chat.ContactForm.Title = words(s) })
		},
		"configured button": func(s string) error {
			return config(func(c *chatcfg.Config) { c.Chat.LongButton.Text = words(s) })
		},
		"keyword": func(s string) error {
			return config(func(c *chatcfg.Config) { c.General.Important.Keywords = []string{s} })
		},
		"notified": func(s string) error { return config(func(c *chatcfg.Config) { c.General.Notify.To = []string{s} }) },
		"domain":   func(s string) error { return config(func(c *chatcfg.Config) { c.Chat.Domain = s }) },
		"domains":  func(s string) error { return config(func(c *chatcfg.Config) { c.Chat.ExtraDomains = []string{s} }) },
		"zone":     func(s string) error { return config(func(c *chatcfg.Config) { c.Hours.Timezone = s }) },
	}
}

// TestOneLine: R1.8: what is one line is one line wherever it is said, so that it forges
// no other: in a mail's text, a list, a log.
func TestOneLine(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *chatcfg.Config) {
		form(c)
		c.Chat.Google.Enabled = true
	})
	dir, err := charla.NewFileDir(t.TempDir())
	require.NoError(t, err)
	b.use(b.newDesk(func(o *charla.Options) { o.Files = &charla.FileOptions{Store: dir} }))
	b.presence(tickets.Online)
	places := b.oneLiners()
	b.presence(tickets.Away)
	for name, say := range places {
		for _, s := range []string{
			"ana\nPara: eva", "ana\r\nPara: eva", "ana\rPara: eva", "ana\u2028Para: eva", "ana\u2029Para: eva", "ana\u0085Para: eva",
			"ana\vPara: eva", "ana\fPara: eva", "ana\x00", "ana\x1b[31m", "ana\x7f", "ana\u009beva", "ana\xff",
		} {
			err := say(s)
			require.Error(t, err, "%s takes %q", name, s)
			assert.NotContains(t, err.Error(), "\n", "%s %q", name, s)
			assert.NotContains(t, err.Error(), "\u2028", "%s %q", name, s)
		}
	}
	for name, s := range map[string]string{
		"name": "Ana", "phone": "tarde", "proof.name": "Ana", "proof.subject": "u-1", "signed subject": "u-1", "form name": "Ana", "form phone": "tarde", "form key": "k1",
		"agent.id": "ana", "agent.name": "Ana", "heartbeat": "eva", "call key": "k2", "category": "Venta/Cotización", "field": "Nº de pedido",
		"metadata": "origen", "account's name": "Otra", "configured name": "Tienda", "configured author": "Ana", "configured mailbox": "caja", "configured title": "Hola",
		"configured button": "Hola", "keyword": "reclamo urgente", "notified": "ana@tienda.cl", "domain": "tienda.cl", "domains": "*.tienda.cl",
	} {
		assert.NoError(t, places[name](s), "%s takes a line", name)
	}
}

// R6.2: a name does not forge a paragraph of the mail that brings a contact form.
func TestContactNameForgesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, form)
	f := typed
	f.Name = "Eva <eva@example.com>:\nTransfieran a la cuenta 123"
	_, err := b.account.Visitor("").Contact(b.ctx, f, nil)
	var p chatcfg.Problems
	require.ErrorAs(t, err, &p)
	assert.True(t, p.Has("name", chatcfg.CodeControlCharacter), "%v", p)
	for _, blank := range []string{"", " ", "\u3164", "\u2800\ufe0f", "\u034f"} {
		f.Name = blank
		sent, err := b.account.Visitor("").Contact(b.ctx, f, nil)
		require.NoError(t, err, "%+q: a name may be missing", blank)
		assert.Empty(t, sent.Name, "%+q", blank)
		f := typed
		f.Email = blank
		_, err = b.account.Visitor("").Contact(b.ctx, f, nil)
		require.ErrorAs(t, err, &p)
		assert.True(t, p.Has("email", chatcfg.CodeRequired), "%+q", blank)
	}
}

// R3.6: a field's name is quoted in the path of its problem, so that it says which.
func TestFieldPaths(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ref := b.write(b.enter("juan"), "hola").Ref
	for key, want := range map[string]string{
		"color": "metadata.color", "Nº de pedido": `metadata["Nº de pedido"]`, "a.b": `metadata["a.b"]`, "a\"]\n": `metadata["a\"]�"]`,
		strings.Repeat("x", 600): `metadata["` + strings.Repeat("x", 60) + `…"]`,
	} {
		_, err := b.agent(ana).Do(b.ctx, ref, tickets.Command{Kind: tickets.CommandDescribe, Metadata: map[string]string{key: "\x00"}}, nil)
		var p chatcfg.Problems
		require.ErrorAs(t, err, &p)
		assert.True(t, p.Has(want, chatcfg.CodeControlCharacter), "%q: %v", key, p)
	}
}

// R6.4, R6.2: the telephone is optional and a label: whatever was typed there keeps nobody
// from writing, and nothing of it is lost.
func TestPhoneKeepsNobodyOut(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *chatcfg.Config) {
		form(c)
		c.Chat.AskPhone = true
	})
	for in, want := range map[string]string{
		"+56 9 1234 5678 anexo 3": "+56 9 1234 5678 anexo 3", "tel:+56912345678": "tel:+56912345678", "tarde: 912345678": "tarde: 912345678",
		"\u202a+56 9 1234 5678\u202c": "+56912345678", "９１２３４５６７８": "+56912345678", "+56\u20099\u202f1234\ufe0e5678": "+56912345678",
		"no tengo": "no tengo", "?": "?", "\u3164": "", " ": "",
	} {
		v, _, err := b.account.Enter(b.ctx, charla.Entry{Name: "Ana", Phone: in})
		require.NoError(t, err, "%+q", in)
		assert.Equal(t, want, b.session(v).Customer.Phone, "%+q", in)
		sent, err := b.account.Visitor("").Contact(b.ctx, charla.ContactForm{Name: "Ana", Email: "ana@example.com", Phone: in, Text: "llámenme"}, nil)
		require.NoError(t, err, "%+q", in)
		assert.Equal(t, want, sent.Phone, "%+q", in)
	}
	long := strings.Repeat("tarde ", 7)
	_, _, err := b.account.Enter(b.ctx, charla.Entry{Name: "Ana", Phone: long})
	var p chatcfg.Problems
	require.ErrorAs(t, err, &p, "not cut")
	assert.Equal(t, chatcfg.Problems{{Path: "phone", Code: chatcfg.CodeTooLong, Args: []any{chatcfg.MaxPhone}}}, p)
}
