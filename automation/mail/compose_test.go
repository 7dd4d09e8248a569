package mail_test

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"slices"
	"strings"
	"testing"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/automation/mail"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// letter is a mail as its reader's program understands it.
type letter struct {
	header     netmail.Header
	text, html string
}

// open reads a mail, strictly: every header once, those that there should be, one
// text and one HTML part.
func open(data string) (letter, error) {
	var l letter
	m, err := netmail.ReadMessage(strings.NewReader(data))
	if err != nil {
		return l, err
	}
	l.header = m.Header
	known := []string{
		"Auto-Submitted", "Content-Type", "Date", "From", "Message-Id", "Mime-Version", "Subject", "To",
		"X-Auto-Response-Suppress", "Reply-To", "In-Reply-To", "References",
	}
	for name, values := range m.Header {
		if !slices.Contains(known, name) || len(values) != 1 {
			return l, fmt.Errorf("header %s: %q", name, values)
		}
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		return l, fmt.Errorf("%s: %w", kind, err)
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	for _, part := range []struct {
		kind string
		into *string
	}{{"text/plain; charset=UTF-8", &l.text}, {"text/html; charset=UTF-8", &l.html}} {
		p, err := parts.NextRawPart()
		if err != nil {
			return l, err
		}
		if got := p.Header.Get("Content-Type"); got != part.kind || len(p.Header) != 2 {
			return l, fmt.Errorf("part %v", p.Header)
		}
		b, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil {
			return l, err
		}
		*part.into = strings.ReplaceAll(string(b), "\r\n", "\n")
	}
	if _, err := parts.NextRawPart(); !errors.Is(err, io.EOF) {
		return l, fmt.Errorf("a third part: %w", err)
	}
	return l, nil
}

func (l letter) decoded(name string) string {
	s, err := new(mime.WordDecoder).DecodeHeader(l.header.Get(name))
	if err != nil {
		return err.Error()
	}
	return s
}

// sent is what arrives of a mail.
func sent(t *testing.T, one charla.Mail, change func(*mail.Options)) letter {
	t.Helper()
	s := serve(t, serverOptions{noTLS: true})
	m := mailer(t, s, func(o *mail.Options) {
		o.Security = mail.InsecurePlaintext
		if change != nil {
			change(o)
		}
	})
	require.NoError(t, m.Send(t.Context(), one))
	took := s.took()
	require.Len(t, took, 1)
	assert.Equal(t, sender, took[0].from)
	assert.Equal(t, one.To, took[0].to)
	l, err := open(took[0].data)
	require.NoError(t, err, took[0].data)
	return l
}

// R5.2: a ticket notification.
func TestNotification(t *testing.T) {
	t.Parallel()
	one := notification("mail-77")
	one.URL = "https://tienda.cl/tickets/1?a=1&b=2"
	one.Text += "\nVer en la consola: " + one.URL + "\n"
	l := sent(t, one, func(o *mail.Options) { o.Domain = "mail.tienda.cl" })
	assert.Equal(t, "Nuevo ticket: Tienda", l.decoded("Subject"))
	assert.Equal(t, `"Tienda" <chat@tienda.cl>`, l.header.Get("From"))
	assert.Equal(t, "<team@tienda.cl>", l.header.Get("To"))
	assert.Empty(t, l.header.Get("Reply-To"))
	assert.Equal(t, "<mail-77."+account.String()+"@mail.tienda.cl>", l.header.Get("Message-ID"))
	assert.Equal(t, "Mon, 05 Jan 2026 12:00:00 +0000", l.header.Get("Date"))
	assert.Equal(t, "auto-generated", l.header.Get("Auto-Submitted"))
	assert.Equal(t, one.Text, l.text)
	for _, want := range []string{
		`<html lang="es">`, "<h1 style=\"margin:0 0 16px;font-size:20px\">Nuevo ticket: Tienda</h1>",
		"<b>Carla</b> (identidad sin verificar)", "Correo: carla@example.com", "¿Dónde está?",
		`href="https://tienda.cl/tickets/1?a=1&amp;b=2"`, ">Ver en la consola</a>",
	} {
		assert.Contains(t, l.html, want)
	}
}

// TestOneThread: the mails of one ticket answer one Message-ID, which none of them has; those of
// another ticket, conversation or account answer another.
func TestOneThread(t *testing.T) {
	t.Parallel()
	root := func(change func(*charla.Mail)) string {
		one := notification("mail-1")
		one.Ref.Conversation = tickets.ConversationID{UUID: uuid.MustParse("01900000-0000-7000-8000-000000000002")}
		change(&one)
		l := sent(t, one, nil)
		answers := l.header.Get("In-Reply-To")
		assert.Regexp(t, `^<[0-9a-f]{32}@tienda\.cl>$`, answers)
		assert.Equal(t, answers, l.header.Get("References"))
		assert.NotEqual(t, answers, l.header.Get("Message-ID"))
		return answers
	}
	first := root(func(*charla.Mail) {})
	assert.Equal(t, first, root(func(m *charla.Mail) { m.Key, m.Subject, m.To = "mail-2", "Otro", "b@tienda.cl" }))
	for what, change := range map[string]func(*charla.Mail){
		"ticket":       func(m *charla.Mail) { m.Ref.Number = 2 },
		"conversation": func(m *charla.Mail) { m.Ref.Conversation.UUID[15]++ },
		"account":      func(m *charla.Mail) { m.Ref.Account.UUID[15]++ },
	} {
		assert.NotEqual(t, first, root(change), what)
	}
}

// R6.2: a contact form, answered by answering the mail.
func TestContactForm(t *testing.T) {
	t.Parallel()
	one := notification("contact-mail-1")
	one.ReplyTo, one.Locale, one.Customer.Phone = "carla@example.com", chatcfg.Portuguese, "+56911112222"
	one.URL, one.Ref.Number = "javascript:alert(1)", 0
	l := sent(t, one, nil)
	assert.Empty(t, l.header.Get("References"), "it is of no ticket")
	assert.Equal(t, "<carla@example.com>", l.header.Get("Reply-To"))
	for _, want := range []string{
		`<html lang="pt">`, "Telefone: &#43;56911112222", "Responda a este e-mail para escrever a carla@example.com.",
		"identidade não verificada",
	} {
		assert.Contains(t, l.html, want)
	}
	assert.NotContains(t, l.html, "javascript:")

	one.ReplyTo, one.Locale = "carla@example.com\r\nBcc: all@example.com", chatcfg.English
	one.Customer = tickets.Customer{Level: tickets.LevelAnonymous}
	l = sent(t, one, nil)
	assert.Empty(t, l.header.Get("Reply-To"), "no address, no header")
	assert.Contains(t, l.html, "<b>Anonymous customer</b></p>")
	one.Customer = tickets.Customer{Level: tickets.LevelVerified, Name: "Carla"}
	assert.Contains(t, sent(t, one, nil).html, "<b>Carla</b> (identity verified)")
}

// The same mail has the same name at each attempt, and another account's another.
func TestMessageID(t *testing.T) {
	t.Parallel()
	one := notification("contact-mail-1")
	first := sent(t, one, nil).header.Get("Message-ID")
	assert.Equal(t, first, sent(t, one, nil).header.Get("Message-ID"))
	assert.True(t, strings.HasSuffix(first, "@tienda.cl>"), "of the sender's domain")
	one.Ref.Account.UUID[15]++
	assert.NotEqual(t, first, sent(t, one, nil).header.Get("Message-ID"))

	// A key as long as they come makes a name that mail servers leave alone.
	ids := map[string]bool{}
	for i := range 2 {
		one = notification(fmt.Sprintf("mail-%s-%d", strings.Repeat("0190b3c2-7c1e-7d4a-9f00-8a1b2c3d4e5f-", 3), i))
		id := sent(t, one, nil).header.Get("Message-ID")
		assert.Equal(t, id, sent(t, one, nil).header.Get("Message-ID"))
		local, _, _ := strings.Cut(strings.Trim(id, "<>"), "@")
		assert.LessOrEqual(t, len(local), 64)
		ids[id] = true
	}
	assert.Len(t, ids, 2)
}

// A mail of the host's own, which has no customer and no message, shows its text.
func TestOwnMail(t *testing.T) {
	t.Parallel()
	l := sent(t, charla.Mail{Key: "own-1", To: "ana@tienda.cl", Subject: "Resumen", Text: "Tres <tickets>\nesperan.", AccountName: "Tienda", Locale: chatcfg.Spanish}, nil)
	assert.Equal(t, "Tres <tickets>\nesperan.", strings.TrimSpace(strings.ReplaceAll(l.text, "\r\n", "\n")))
	assert.Contains(t, l.html, "Tres &lt;tickets&gt;")
	assert.Contains(t, l.html, "esperan.")
	assert.NotContains(t, l.html, "anónimo")
	assert.Contains(t, sent(t, notification("mail-1"), nil).html, "white-space:pre-wrap", "a notification shows its message")
}

func TestHTMLIsEscaped(t *testing.T) {
	t.Parallel()
	const attack = `"><script>alert(1)</script><img src=x onerror=alert(1)>'{{.Message}}`
	one := notification("mail-1")
	one.Subject, one.AccountName, one.Message, one.Text = attack, attack, attack, attack
	one.Customer.Name, one.Customer.Email, one.Customer.Phone = attack, attack, attack
	l := sent(t, one, nil)
	assert.NotContains(t, l.html, "<script")
	assert.NotContains(t, l.html, "<img")
	assert.Equal(t, 6, strings.Count(l.html, "&lt;script&gt;")-1, "each place it stands, and the title")
	assert.Equal(t, attack, l.text)
	assert.Equal(t, attack, l.decoded("Subject"))
}

// What is shown on one line is one, also to who decodes it, and reads in the order in
// which it was written.
func TestOneLine(t *testing.T) {
	t.Parallel()
	one := notification("mail-1")
	one.Subject = " Nuevo\r\nBcc: x@example.com\x00\u2028ticket\u202egnp.exe "
	one.AccountName = "Tienda\r\n<x@example.com>"
	one.Message = "a\x00b\rc\u202ed"
	one.Text = one.Message
	l := sent(t, one, nil)
	assert.Equal(t, "Nuevo Bcc: x@example.com ticket gnp.exe", l.decoded("Subject"))
	from, err := netmail.ParseAddress(l.header.Get("From"))
	require.NoError(t, err)
	assert.Equal(t, netmail.Address{Name: "Tienda <x@example.com>", Address: sender}, *from)
	assert.Equal(t, "ab\ncd", l.text)

	one.Subject = strings.Repeat("ñ", 1000)
	assert.Equal(t, strings.Repeat("ñ", 249)+"…", sent(t, one, nil).decoded("Subject"))
}
