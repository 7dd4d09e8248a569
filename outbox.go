package charla

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/charlahq/charla/automation"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/internal/fold"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// The kinds of delivery.
const (
	mailKind  = "mail"
	eventKind = "event"
)

// Event is something that happened to a ticket, as [Options].OnEvent is told of
// it. It holds no customer's words: read them by Ref and Seq.
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

// deliveries are what leaves the system because of a draft (R8.2): a mail for
// each address notified, and every fact for a host that listens.
func (d *Desk) deliveries(draft *tickets.Draft, rules *automation.Rules) []storage.Delivery {
	var out []storage.Delivery
	c, now := &draft.Conversation, d.Now()
	for i := range draft.Entries {
		e := &draft.Entries[i]
		ref := tickets.Ref{Account: c.Account, Conversation: c.ID, Number: e.Ticket}
		for j, f := range e.Facts {
			if f.Kind == tickets.FactNotified {
				sum := sha256.Sum256([]byte(f.Address))
				out = append(out, delivery(mailKind, ref, now,
					"mail-"+c.ID.String()+"-"+strconv.FormatInt(int64(e.Ticket), 10)+"-"+hex.EncodeToString(sum[:8]),
					notification(draft, rules, ref, f.Address)))
			}
			if d.o.OnEvent != nil {
				out = append(out, delivery(eventKind, ref, now,
					fmt.Sprintf("event-%s-%d-%d", c.ID, e.N, j),
					Event{Ref: ref, Entry: e.N, At: e.At, Actor: e.Actor, Fact: f}))
			}
		}
	}
	return out
}

func delivery(kind string, ref tickets.Ref, now time.Time, key string, body any) storage.Delivery {
	b, err := json.Marshal(body)
	if err != nil {
		panic("charla: " + err.Error()) // of types that always encode
	}
	return storage.Delivery{
		Account: ref.Account, Key: key, Kind: kind, Conversation: ref.Conversation, Ticket: ref.Number,
		Body: b, Repeatable: kind == eventKind, State: storage.Pending, NotBefore: now,
	}
}

// notification is the e-mail of R5.2.
func notification(draft *tickets.Draft, rules *automation.Rules, ref tickets.Ref, to string) Mail {
	chat := &rules.Config.Chat
	m := Mail{To: to, Ref: ref, AccountName: chat.Name, Customer: draft.Ticket.Customer, Locale: mailLocale(chat.Locale)}
	for _, msg := range draft.Messages {
		if msg.From == tickets.FromCustomer {
			m.Message = cmp.Or(msg.Text, fileName(msg.File))
		}
	}
	words := mailWords[m.Locale]
	m.Subject = words.created
	if draft.Ticket.Important {
		m.Subject = words.important
	}
	m.Subject += ": " + chat.Name
	who := m.Customer.Name
	if who == "" {
		who = words.anonymous
	}
	if m.Customer.Email != "" {
		who += " <" + m.Customer.Email + ">"
	}
	m.Text = m.Subject + "\n\n" + who + ":\n" + m.Message + "\n"
	return m
}

var mailWords = map[chatcfg.Locale]struct{ created, important, anonymous, contact string }{
	chatcfg.Spanish:    {"Nuevo ticket", "Nuevo ticket importante", "Cliente anónimo", "Formulario de contacto"},
	chatcfg.English:    {"New ticket", "New important ticket", "Anonymous customer", "Contact form"},
	chatcfg.Portuguese: {"Novo ticket", "Novo ticket importante", "Cliente anônimo", "Formulário de contato"},
}

// mailLocale is the language of an account's mails.
func mailLocale(l chatcfg.Locale) chatcfg.Locale {
	if l == chatcfg.Auto {
		return chatcfg.Spanish
	}
	return l
}

func fileName(f *tickets.File) string {
	if f == nil {
		return ""
	}
	return f.Name
}

// words are what a draft's tickets can be found by.
func words(draft *tickets.Draft) []storage.Words {
	var out []storage.Words
	add := func(ticket tickets.Number, texts ...string) {
		if w := fold.Words(strings.Join(texts, " ")); w != "" {
			out = append(out, storage.Words{Ticket: ticket, Text: w})
		}
	}
	for i := range draft.Messages {
		m := &draft.Messages[i]
		if m.From == tickets.FromCustomer || m.From == tickets.FromAgent {
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
				if t := typified(draft, e.Ticket); t != nil {
					add(e.Ticket, t.Category)
				}
			}
		}
	}
	return out
}

func typified(draft *tickets.Draft, n tickets.Number) *tickets.Typification {
	if draft.Older != nil && draft.Older.Number == n {
		return draft.Older.Typification
	}
	return draft.Ticket.Typification
}

// Deliveries lists an account's outbox in a state, oldest first: what is
// [storage.Dead] or [storage.Unknown] waits for the host's decision (R8.2). The
// body of a mail is the JSON of a [Mail], of an event that of an [Event].
func (d *Desk) Deliveries(ctx context.Context, account chatcfg.AccountID, state storage.DeliveryState, cursor string, limit int) (storage.Page[storage.Delivery], error) {
	err := checkChoice("state", state, storage.Pending, storage.Sending, storage.Sent, storage.Dead, storage.Unknown)
	if err != nil {
		return storage.Page[storage.Delivery]{}, err
	}
	page, err := d.store.Outbox().List(ctx, account, state, cursor, limit)
	return page, storeError(err)
}

// Replay sends a dead or unknown delivery again. [ErrNotFound]; [ErrNotDead] in
// any other state; [ErrDeleted].
func (d *Desk) Replay(ctx context.Context, account chatcfg.AccountID, key string) error {
	err := d.store.Outbox().Replay(ctx, account, key, d.Now())
	if errors.Is(err, storage.ErrConflict) {
		return ErrNotDead
	}
	d.wakeRunner()
	return changeError(err)
}
