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

// TestMailSubject: R5.2: a mail's subject says what happened, who wrote and the account, in the account's language.
func TestMailSubject(t *testing.T) {
	t.Parallel()
	for locale, want := range map[chatcfg.Locale][6]string{
		chatcfg.Spanish:    {"Nuevo ticket: Eva, Tienda [", "Nuevo ticket importante: Eva, Tienda [", "Ticket importante: Eva, Tienda [", "El bot pasó un ticket: Eva, Tienda [", "Ticket reabierto: Eva, Tienda [", "Nuevo ticket: Cliente anónimo, Tienda ["},
		chatcfg.English:    {"New ticket: Eva, Tienda [", "New important ticket: Eva, Tienda [", "Important ticket: Eva, Tienda [", "Ticket from the bot: Eva, Tienda [", "Reopened ticket: Eva, Tienda [", "New ticket: Anonymous customer, Tienda ["},
		chatcfg.Portuguese: {"Novo ticket: Eva, Tienda [", "Novo ticket importante: Eva, Tienda [", "Ticket importante: Eva, Tienda [", "O bot passou um ticket: Eva, Tienda [", "Ticket reaberto: Eva, Tienda [", "Novo ticket: Cliente anônimo, Tienda ["},
	} {
		bot := charla.Person{ID: "guia", Name: "Guía", Automated: true}
		for i, story := range []func(*bench, *charla.Visitor){
			func(b *bench, v *charla.Visitor) { b.write(v, "hola") },
			func(b *bench, v *charla.Visitor) { b.write(v, "un reclamo") },
			func(b *bench, v *charla.Visitor) {
				b.save(func(c *chatcfg.Config) { c.General.Notify.Tickets = chatcfg.NotifyImportant }, nil)
				b.write(v, "hola")
				b.write(v, "un reclamo")
			},
			func(b *bench, v *charla.Visitor) {
				b.save(func(c *chatcfg.Config) { c.General.Bot.Enabled = true }, nil)
				_, err := b.agent(bot).Do(b.ctx, b.write(v, "hola").Ref, tickets.Command{Kind: tickets.CommandHandOver}, nil)
				require.NoError(t, err)
			},
			func(b *bench, v *charla.Visitor) {
				b.save(func(c *chatcfg.Config) {
					c.General.Bot.Enabled, c.General.ReopenWindow = true, &chatcfg.Duration{Value: 1, Unit: chatcfg.UnitDays}
				}, nil)
				_, err := b.agent(bot).Do(b.ctx, b.write(v, "hola").Ref, tickets.Command{Kind: tickets.CommandClose}, nil)
				require.NoError(t, err)
				b.write(v, "otra cosa")
			},
			func(b *bench, _ *charla.Visitor) { b.write(b.enterAs(charla.Entry{Anonymous: true}), "hola") },
		} {
			b := setup(t, func(c *chatcfg.Config) {
				c.Chat.Locale, c.Chat.Anonymous = locale, true
				c.General.Important = chatcfg.Important{Enabled: true, Keywords: []string{"reclamo"}}
				c.General.Notify = chatcfg.Notify{Tickets: chatcfg.NotifyAll, To: []string{"a@tienda.cl"}}
			})
			story(b, b.enterAs(charla.Entry{Name: "Eva"}))
			b.pass(0)
			mails := b.mails.Mails()
			require.Len(t, mails, 1, "%s %d", locale, i)
			assert.True(t, strings.HasPrefix(mails[0].Subject, want[i]), "%q, not %q", mails[0].Subject, want[i])
		}
	}
}

// TestMailHostileNames: R5.2: whatever customers call themselves, a subject is one short line that ends
// with the ticket's mark.
func TestMailHostileNames(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *chatcfg.Config) {
		form(c)
		c.Chat.ContactForm.Mailbox = chatcfg.FormMailbox{}
		c.General.Notify = chatcfg.Notify{Tickets: chatcfg.NotifyAll, To: []string{"a@tienda.cl"}}
	})
	names := []string{
		"Eva\r\nBcc: all@example.com", "Eva\nX: y", "Eva\u2028Bcc: x@example.com", "=?utf-8?q?=0D=0ABcc:_x@example.com?=", "Eva, Tienda [0123456789abc-1]",
		"Re: Re: Fwd: Eva", "<eva@example.com>", "\u202eeva", strings.Repeat("ñ", 100), strings.Repeat("👩‍👩‍👧", 20), "Eva\x00",
	}
	b.presence(tickets.Online)
	taken := 0
	for _, name := range names {
		address := strings.Repeat("a", 64) + "@" + strings.Repeat("b", 60) + ".com"
		if visitor, _, err := b.account.Enter(b.ctx, charla.Entry{Name: name, Email: address}); err == nil {
			b.write(visitor, "hola")
			taken++
		}
		if _, err := b.account.Visitor("").Contact(b.ctx, charla.ContactForm{Name: name, Email: address, Text: "hola", Scriptless: true}, nil); err == nil {
			taken++
		}
	}
	b.pass(0)
	mails := b.mails.Mails()
	require.GreaterOrEqual(t, taken, len(names), "most names are names")
	require.Len(t, mails, taken)
	seen := map[string]bool{}
	for _, m := range mails {
		assert.Regexp(t, `^[^\pC\p{Zl}\p{Zp}\x{202e}]{1,250} \[[0-9a-hjkmnp-tv-z]{13}(-1)?\]$`, strings.ReplaceAll(m.Subject, "\u200d", ""))
		assert.False(t, seen[m.Subject], m.Subject)
		seen[m.Subject] = true
	}
}

// TestTicketURLPanics: R5.2: a mail goes without an address if the host's function panics.
func TestTicketURLPanics(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *chatcfg.Config) {
		c.General.Notify = chatcfg.Notify{Tickets: chatcfg.NotifyAll, To: []string{"a@tienda.cl"}}
	})
	b.use(b.newDesk(func(o *charla.Options) { o.TicketURL = func(tickets.Ref) string { panic("no address") } }))
	b.write(b.enter("juan"), "hola")
	b.pass(0)
	require.Len(t, b.mails.Mails(), 1)
	assert.Empty(t, b.mails.Mails()[0].URL)
}

// TestTicketURL: R5.2: a mail has the ticket's address if the host gives one that a browser opens; it
// is asked when the mail is sent.
func TestTicketURL(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://tienda.cl/desk/a?b=1&c=2": "https://tienda.cl/desk/a?b=1&c=2", "http://localhost:8080/x y": "http://localhost:8080/x%20y",
		"": "", "javascript:alert(1)": "", "/desk/a": "", "//tienda.cl/a": "", "https://tienda.cl/\r\nBcc: x": "", "mailto:a@tienda.cl": "",
	} {
		b := setup(t, func(c *chatcfg.Config) {
			form(c)
			c.Chat.ContactForm.Mailbox = chatcfg.FormMailbox{}
			c.General.Notify = chatcfg.Notify{Tickets: chatcfg.NotifyAll, To: []string{"a@tienda.cl"}}
		})
		b.presence(tickets.Online)
		ref := b.write(b.enter("juan"), "hola").Ref
		_, err := b.account.Visitor("").Contact(b.ctx, charla.ContactForm{Email: "eva@example.com", Text: "hola", Scriptless: true}, nil)
		require.NoError(t, err)
		var asked []tickets.Ref
		b.use(b.newDesk(func(o *charla.Options) {
			o.TicketURL = func(ref tickets.Ref) string {
				asked = append(asked, ref)
				return address
			}
		}))
		b.pass(0)
		mails := b.mails.Mails()
		require.Len(t, mails, 2)
		assert.ElementsMatch(t, []tickets.Ref{ref, {Account: b.account.ID()}}, asked)
		for _, m := range mails {
			assert.Equal(t, want, m.URL, address)
			_, link, has := strings.Cut(m.Text, "\nVer en la consola: ")
			assert.Equal(t, want != "", has, m.Text)
			assert.Equal(t, want, strings.TrimSuffix(link, "\n"))
		}
	}
}
