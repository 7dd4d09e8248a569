package mail

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
	gomail "github.com/wneessen/go-mail"
)

//go:embed mail.html
var page string

var pageTemplate = template.Must(template.New("mail").Parse(page))

// maxSubject is the longest subject, in characters: a header line has a limit.
const maxSubject = 250

// labels are the words around a mail in a language.
type labels struct {
	Email, Phone, Link, Reply, Anonymous, Claimed, Verified string
}

var words = map[chatcfg.Locale]labels{
	chatcfg.Spanish: {
		Email: "Correo", Phone: "Teléfono", Link: "Ver en la consola", Reply: "Responde este correo para escribirle a",
		Anonymous: "Cliente anónimo", Claimed: "identidad sin verificar", Verified: "identidad verificada",
	},
	chatcfg.English: {
		Email: "E-mail", Phone: "Telephone", Link: "Open in the console", Reply: "Reply to this e-mail to write to",
		Anonymous: "Anonymous customer", Claimed: "identity not verified", Verified: "identity verified",
	},
	chatcfg.Portuguese: {
		Email: "E-mail", Phone: "Telefone", Link: "Ver no console", Reply: "Responda a este e-mail para escrever a",
		Anonymous: "Cliente anônimo", Claimed: "identidade não verificada", Verified: "identidade verificada",
	},
}

// content is what the HTML is made of.
type content struct {
	labels
	Lang, Subject, Account, Name, Trust string
	Address, Number, Message            string
	ReplyTo, URL                        string
}

// compose returns a mail as it goes over the wire. It is the same at each attempt but
// for its date and boundary. It fails if the mail's key is not fit for a Message-ID, or
// the mail cannot be written.
func (m *Mailer) compose(one *charla.Mail, to string) ([]byte, error) {
	id, err := messageID(one, m.o.Domain)
	if err != nil {
		return nil, err
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(&mail.Address{Name: cmp.Or(m.from.Name, oneLine(one.AccountName)), Address: m.from.Address})
	msg.ToMailAddress(&mail.Address{Address: to})
	replyTo, err := chatcfg.ParseEmail(one.ReplyTo)
	if err == nil { // what is no address is in the text all the same
		msg.ReplyToMailAddress(&mail.Address{Address: replyTo})
	}
	subject := oneLine(one.Subject)
	msg.Subject(subject)
	msg.SetMessageIDWithValue(id)
	msg.SetDateWithValue(m.o.Clock.Now())
	// No machine should answer it (RFC 3834).
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader("X-Auto-Response-Suppress", "All")

	if root := rootID(one, m.o.Domain); root != "" {
		msg.SetGenHeader(gomail.HeaderInReplyTo, "<"+root+">")
		msg.SetGenHeader(gomail.HeaderReferences, "<"+root+">")
	}
	var html bytes.Buffer
	if err := pageTemplate.Execute(&html, htmlContent(one, subject, replyTo)); err != nil {
		return nil, fmt.Errorf("mail: HTML: %w", err)
	}
	msg.SetBodyString(gomail.TypeTextPlain, lines(one.Text))
	msg.AddAlternativeString(gomail.TypeTextHTML, html.String())
	var raw bytes.Buffer
	if _, err := msg.WriteTo(&raw); err != nil {
		return nil, fmt.Errorf("mail: compose: %w", err)
	}
	return raw.Bytes(), nil
}

// htmlContent returns what the mail's HTML shows, in the mail's language, or Spanish.
func htmlContent(one *charla.Mail, subject, replyTo string) content {
	who := &one.Customer
	w, ok := words[one.Locale]
	c := content{
		labels: w, Lang: string(one.Locale), Subject: subject, Account: oneLine(one.AccountName),
		Name: oneLine(who.Name), Address: oneLine(who.Email), Number: oneLine(who.Phone),
		Message: lines(one.Message), ReplyTo: replyTo, URL: one.URL,
	}
	own := one.Message == "" // a mail of the host's own, which has a text and no message
	if own {
		c.Message = lines(one.Text)
	}
	if !ok {
		c.labels, c.Lang = words[chatcfg.Spanish], string(chatcfg.Spanish)
	}
	switch who.Level {
	case tickets.LevelVerified:
		c.Trust = c.Verified
	case tickets.LevelClaimed:
		c.Trust = c.Claimed
	}
	if c.Name == "" && !own {
		c.Name = c.Anonymous
	}
	return c
}

// maxMessageID is the longest part of a Message-ID before the @, as of an address
// (RFC 5321): mail servers are known to fold or cut longer ones.
const maxMessageID = 64

var errKey = errors.New("mail: a mail's key is letters, digits and hyphens")

// messageID returns the mail's Message-ID, the same at each attempt, so that mailboxes
// recognise a mail that came twice. Keys are an account's own, so the account is in it.
// It fails with errKey for a key that is not fit for one.
func messageID(one *charla.Mail, domain string) (string, error) {
	ok := one.Key != "" && len(one.Key) <= 200 && !strings.ContainsFunc(one.Key, func(r rune) bool {
		return r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
	if !ok {
		return "", errKey
	}
	return shortID(one.Key+"."+one.Ref.Account.String()) + "@" + domain, nil
}

// rootID returns the Message-ID that all mails of one ticket answer, so that mail programs show
// them together; empty for a mail of no ticket. No mail has it.
func rootID(one *charla.Mail, domain string) string {
	if one.Ref.Number == 0 {
		return ""
	}
	return shortID(fmt.Sprintf("ticket-%s-%d.%s", one.Ref.Conversation, one.Ref.Number, one.Ref.Account)) + "@" + domain
}

// shortID returns the part of a Message-ID before the @: the ID, or a sum of one that is too long.
func shortID(id string) string {
	if len(id) > maxMessageID {
		sum := sha256.Sum256([]byte(id))
		id = hex.EncodeToString(sum[:16])
	}
	return id
}

// oneLine returns a text fit for a header: without line ends and control characters, of
// at most maxSubject characters, with "…" at the end if it was longer.
func oneLine(s string) string {
	s = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, "\ufffd"), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || hidden(r)
	}), " ")
	if utf8.RuneCountInString(s) > maxSubject {
		s = string([]rune(s)[:maxSubject-1]) + "…"
	}
	return s
}

// lines returns a text fit for a body: its line ends are \n, malformed UTF-8 is
// replaced, and hidden characters are removed, as are control characters but tabs.
func lines(s string) string {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.ToValidUTF8(s, "\ufffd"))
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' || hidden(r) {
			return -1
		}
		return r
	}, s)
}

// hidden reports whether a character shows nothing but breaks a line or changes the
// order in which others are shown, with which an address can be made to look like
// another.
func hidden(r rune) bool {
	return r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' || r == '\u2028' || r == '\u2029'
}
