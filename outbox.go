package charla

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/charlahq/charla/automation"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/internal/fold"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// The kinds of delivery.
const (
	mailKind = "mail"
	// eventKind is of a delivery to a hook: the kind, a colon, the hook's name.
	eventKind = "event"
)

// Hook is told of an event. It must be safe for concurrent use and give up within half of
// [RunnerOptions].Lease, 15 seconds by default: then the context ends. It is told at least once and in no order; an error or a panic
// has it told again later, unless the error is [ErrRefused].
type Hook func(context.Context, Event) error

// Event is something that happened to a ticket, as [Options].Hooks are told of it. It holds no customer's words: read them by Ref and Seq.
type Event struct {
	// Key is stable: an event told twice has the same one.
	Key string `json:"-"`
	// Ref is the ticket, Entry the history entry in which it happened.
	Ref   tickets.Ref `json:"ref"`
	Entry int64       `json:"entry"`
	// At is when it was done.
	At time.Time `json:"at"`
	// Actor is who did it; a rule's doing has it in Fact.Rule.
	Actor tickets.Actor `json:"actor"`
	// Fact is what happened.
	Fact tickets.Fact `json:"fact"`
}

// deliveries returns what leaves the system because of a draft (R8.2): a mail for each
// address notified, and every fact for each hook, those of a note only for
// [Options].NoteHooks. It fails as written does.
func (d *Desk) deliveries(ctx context.Context, draft *tickets.Draft, rules *automation.Rules) ([]storage.Delivery, error) {
	var out []storage.Delivery
	c, now := &draft.Conversation, d.Now()
	for i := range draft.Entries {
		e := &draft.Entries[i]
		ref := tickets.Ref{Account: c.Account, Conversation: c.ID, Number: e.Ticket}
		for j, f := range e.Facts {
			f.Comment = "" // events hold no customer's words
			if f.Kind == tickets.FactNotified {
				message, err := d.written(ctx, draft)
				if err != nil {
					return nil, err
				}
				sum := sha256.Sum256([]byte(f.Address))
				out = append(out, delivery(mailKind, ref, now,
					"mail-"+c.ID.String()+"-"+strconv.FormatInt(int64(e.Ticket), 10)+"-"+hex.EncodeToString(sum[:8]),
					notification(draft, rules, ref, f.Address, message)))
			}
			for _, name := range d.hooks {
				if e.Kind == tickets.CommandNote && !slices.Contains(d.o.NoteHooks, name) {
					continue
				}
				out = append(out, delivery(eventKind+":"+name, ref, now,
					fmt.Sprintf("event-%s-%d-%d-%s", c.ID, e.N, j, name),
					Event{Ref: ref, Entry: e.N, At: e.At, Actor: e.Actor, Fact: f}))
			}
		}
	}
	return out, nil
}

// splitKind returns what a kind of delivery is to the host: "mail" or "event", and of an
// event the hook's name.
func splitKind(of string) (kind, hook string) {
	kind, hook, _ = strings.Cut(of, ":")
	if kind != eventKind {
		hook = ""
	}
	return kind, hook
}

// delivery returns a pending delivery, due at now, with the JSON of body, which must be
// of a type that encodes. All but mails may be repeated when their outcome is unknown.
func delivery(kind string, ref tickets.Ref, now time.Time, key string, body any) storage.Delivery {
	b, err := json.Marshal(body)
	if err != nil {
		panic("charla: " + err.Error()) // of types that always encode
	}
	return storage.Delivery{
		Account: ref.Account, Key: key, Kind: kind, Conversation: ref.Conversation, Ticket: ref.Number,
		Body: b, Repeatable: !strings.HasPrefix(kind, mailKind), State: storage.Pending, NotBefore: now,
	}
}

// written returns the customer's last message: of the draft, or, where the ticket was with the
// bot and the customer writes nothing now, the stored one. It fails if the store does.
func (d *Desk) written(ctx context.Context, draft *tickets.Draft) (string, error) {
	list := draft.Messages
	c := &draft.Conversation
	for stored := false; ; stored = true {
		for _, m := range slices.Backward(list) {
			if m.From == tickets.FromCustomer {
				return cmp.Or(m.Text, fileName(m.File)), nil
			}
		}
		if stored {
			return "", nil
		}
		var err error
		q := storage.MessageQuery{Account: c.Account, Conversation: c.ID, Last: true, WithoutNotes: true}
		if list, err = d.store.Queries().Messages(ctx, q); err != nil {
			return "", storeError(err)
		}
	}
}

// notification returns the e-mail that tells one address of a new or an important
// ticket (R5.2), with a message of its customer, in the account's language.
func notification(draft *tickets.Draft, rules *automation.Rules, ref tickets.Ref, to, message string) Mail {
	chat := &rules.Config.Chat
	m := Mail{To: to, Ref: ref, AccountName: chat.Name, Customer: draft.Ticket.Customer, Locale: mailLocale(chat.Locale), Message: message}
	m.write(mailWords[m.Locale].occasion(draft), subjectSum(ref.Conversation.String())+"-"+strconv.FormatInt(int64(ref.Number), 10))
	return m
}

// The most characters of a name and of an address in a subject. Together with the rest they
// are fewer than the 250 beyond which mailers cut a subject.
const (
	maxSubjectName    = 50
	maxSubjectAddress = 64
)

// write sets a mail's subject and text. The title says what happened; mark ends the subject,
// so that no two tickets' or forms' mails have the same one, which mail programs would show as one
// thread.
func (m *Mail) write(title, mark string) {
	words := mailWords[m.Locale]
	who := m.Customer
	who.Name, who.Email = brief(who.Name, maxSubjectName), brief(who.Email, maxSubjectAddress)
	m.Subject = title + ": " + words.named(who) + ", " + brief(m.AccountName, maxSubjectName) + " [" + mark + "]"
	m.Text = title + ": " + m.AccountName + "\n\n" + words.writer(m.Customer) + ":\n" + m.Message + "\n"
}

// brief returns a text of at most so many characters for a subject, with "…" at the end if it was
// longer, and without characters that break the line or change the order of others.
func brief(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Bidi_Control, unicode.Cc, unicode.Zl, unicode.Zp) {
			return -1
		}
		return r
	}, s)
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most-1]) + "…"
}

// withURL adds to a mail the address of what it is about, if the host gives one that a browser opens.
func (d *Desk) withURL(m *Mail) {
	if d.o.TicketURL == nil {
		return
	}
	address := d.ticketURL(m.Ref)
	if address == "" {
		return
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		d.o.Logger.Error("charla: TicketURL returned no http or https address")
		return
	}
	m.URL = u.String() // without what has to be escaped
	title := mailWords[mailLocale(m.Locale)].open
	m.Text += "\n" + title + ": " + m.URL + "\n"
}

// ticketURL asks the host for a ticket's address; empty if the host's function panics: the mail
// goes without it.
func (d *Desk) ticketURL(ref tickets.Ref) (address string) {
	defer func() {
		if p := recover(); p != nil {
			d.o.Logger.Error("charla: TicketURL panicked", slog.Any("panic", p))
		}
	}()
	return d.o.TicketURL(ref)
}

// subjectSum returns a sum of an ID in 64 bits, 13 letters and digits that are not mistaken for others.
func subjectSum(id string) string {
	sum := sha256.Sum256([]byte(id))
	return base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding).EncodeToString(sum[:8])
}

// mailText are the words of the mails in one language.
type mailText struct {
	created, important, marked, handedOver, reopened, contact string
	anonymous, claimed, verified, open                        string
}

// occasion returns, in the mail's language, what happened to a ticket that is notified.
func (t mailText) occasion(draft *tickets.Draft) string {
	switch {
	case draft.HasFact(tickets.FactHandedOver):
		return t.handedOver
	case draft.HasFact(tickets.FactCreated) && draft.Ticket.Important:
		return t.important
	case draft.HasFact(tickets.FactCreated):
		return t.created
	case draft.HasFact(tickets.FactMarked):
		return t.marked
	}
	return t.reopened
}

// named returns, in the mail's language, a customer's name and address.
func (t mailText) named(c tickets.Customer) string {
	who := cmp.Or(c.Name, t.anonymous)
	if c.Email != "" {
		who += " <" + c.Email + ">"
	}
	return who
}

// writer returns, in the mail's language, who wrote, with address and telephone, and
// whether that is proven.
func (t mailText) writer(c tickets.Customer) string {
	who := t.named(c)
	if c.Phone != "" {
		who += ", " + c.Phone
	}
	switch c.Level {
	case tickets.LevelVerified:
		who += " (" + t.verified + ")"
	case tickets.LevelClaimed:
		who += " (" + t.claimed + ")"
	}
	return who
}

var mailWords = map[chatcfg.Locale]mailText{
	chatcfg.Spanish: {
		"Nuevo ticket", "Nuevo ticket importante", "Ticket importante", "El bot pasó un ticket", "Ticket reabierto", "Formulario de contacto",
		"Cliente anónimo", "identidad sin verificar", "identidad verificada", "Ver en la consola",
	},
	chatcfg.English: {
		"New ticket", "New important ticket", "Important ticket", "Ticket from the bot", "Reopened ticket", "Contact form",
		"Anonymous customer", "identity not verified", "identity verified", "Open in the console",
	},
	chatcfg.Portuguese: {
		"Novo ticket", "Novo ticket importante", "Ticket importante", "O bot passou um ticket", "Ticket reaberto", "Formulário de contato",
		"Cliente anônimo", "identidade não verificada", "identidade verificada", "Ver no console",
	},
}

// mailLocale returns the language of an account's mails: its own, or Spanish for
// [chatcfg.Auto].
func mailLocale(l chatcfg.Locale) chatcfg.Locale {
	if l == chatcfg.Auto {
		return chatcfg.Spanish
	}
	return l
}

// fileName returns the name of a file; empty for nil.
func fileName(f *tickets.File) string {
	if f == nil {
		return ""
	}
	return f.Name
}

// words returns, for each ticket, the words of a draft's messages, customer and
// category by which it can be found, folded.
func words(draft *tickets.Draft) []storage.Words {
	var out []storage.Words
	add := func(ticket tickets.Number, texts ...string) {
		if w := fold.Words(strings.Join(texts, " ")); w != "" {
			out = append(out, storage.Words{Ticket: ticket, Text: w})
		}
	}
	// A bot's notes are not found either (R12.1).
	byBot := slices.ContainsFunc(draft.Entries, func(e tickets.Entry) bool {
		return e.Kind == tickets.CommandNote && e.Actor.Kind == tickets.ActorBot
	})
	for i := range draft.Messages {
		m := &draft.Messages[i]
		if m.From == tickets.FromCustomer || m.From == tickets.FromAgent || m.From == tickets.FromNote && !byBot {
			add(m.Ticket, m.Text, fileName(m.File))
		}
	}
	for i := range draft.Entries {
		e := &draft.Entries[i]
		for _, f := range e.Facts {
			switch f.Kind {
			case tickets.FactCreated:
				c := &draft.Conversation.Customer
				add(e.Ticket, c.Name, c.Email, c.RUT, c.Phone)
			case tickets.FactTypified:
				if t := typification(draft, e.Ticket); t != nil {
					add(e.Ticket, t.Category)
				}
			}
		}
	}
	return out
}

// typification returns the typification of a draft's ticket, which n numbers; nil if it
// has none.
func typification(draft *tickets.Draft, n tickets.Number) *tickets.Typification {
	if draft.Older != nil && draft.Older.Number == n {
		return draft.Older.Typification
	}
	return draft.Ticket.Typification
}
