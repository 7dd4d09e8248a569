package charla

import (
	"context"
	"strings"
	"time"

	"github.com/charlahq/charla/automation"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/internal/fold"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// Ticket returns one ticket; number zero is the customer's latest. [ErrNotFound].
func (d *Desk) Ticket(ctx context.Context, ref tickets.Ref) (tickets.Ticket, error) {
	t, err := d.store.Queries().Ticket(ctx, ref)
	return t, storeError(err)
}

// MaxSearch is how many words one search may have.
const MaxSearch = 32

// Tickets lists tickets, at most [storage.MaxPage] at a time; Next is the cursor
// of the following page. text finds those of which every word occurs in what the
// customer and the agents wrote (automatic messages aside), in the customer's
// name, e-mail, RUT and telephone, or in the category; case and accents do not
// matter, and the last word may be a beginning. Empty: no search; a text without
// a word finds nothing. It takes the place of q.Words. An agent sees the
// customer's previous tickets by q.Conversation (R3.6). With q.Preview each row also
// has what an inbox shows: the last message, how many are unread, the next deadline.
// It fails with
// [chatcfg.Problems] for a status or order that there is not or more than
// [MaxSearch] words, and [ErrCursor].
func (d *Desk) Tickets(ctx context.Context, q storage.TicketQuery, text string) (storage.Page[storage.TicketRow], error) {
	err := cmpErr(
		checkChoice("status", q.Status, tickets.StatusNone, tickets.StatusOpen, tickets.StatusIgnored, tickets.StatusClosed),
		checkChoice("order", q.Order, "", storage.ByChange, storage.ByWaiting))
	if err != nil {
		return storage.Page[storage.TicketRow]{}, err
	}
	if text != "" {
		q.Words = strings.Fields(fold.Words(text))
		switch {
		case len(q.Words) == 0:
			return storage.Page[storage.TicketRow]{}, nil
		case len(q.Words) > MaxSearch:
			return storage.Page[storage.TicketRow]{}, chatcfg.Problems{{Path: "text", Code: chatcfg.CodeTooMany, Args: []any{MaxSearch}}}
		}
	}
	page, err := d.store.Queries().Tickets(ctx, q)
	return page, storeError(err)
}

// Messages reads a conversation as its agents see it, at most [storage.MaxPage]
// messages at a time, which a limit of zero means, too. It is empty for a
// conversation that does not exist.
func (d *Desk) Messages(ctx context.Context, q storage.MessageQuery) ([]tickets.Message, error) {
	list, err := d.store.Queries().Messages(ctx, q)
	return list, storeError(err)
}

// History reads the history of a ticket, or of the whole conversation if
// ref.Number is zero, after an entry number (R3.8); at most [storage.MaxPage]
// entries at a time, which a limit of zero means, too. It is empty for what does
// not exist.
func (d *Desk) History(ctx context.Context, ref tickets.Ref, after int64, limit int) ([]tickets.Entry, error) {
	list, err := d.store.Queries().History(ctx, ref, after, limit)
	return list, storeError(err)
}

// Changes reads an account's feed: every conversation that changed after the
// cursor, at least once and none skipped. Keep Next for the following call; it is
// never empty, and a page without items has caught up. [ErrCursor] says to start again without a cursor.
func (d *Desk) Changes(ctx context.Context, account chatcfg.AccountID, cursor string, limit int) (storage.Page[storage.Change], error) {
	page, err := d.store.Queries().Changes(ctx, account, cursor, limit)
	return page, storeError(err)
}

// Report computes R2.7's figures of an account over a period, from inclusive, to
// exclusive. They are zero for an account that does not exist.
func (d *Desk) Report(ctx context.Context, account chatcfg.AccountID, from, to time.Time) (tickets.Report, error) {
	r, err := d.store.Queries().Report(ctx, account, from, to)
	return r, storeError(err)
}

// Read reads what a visitor's session may see after a sequence number, as it may
// see it: a verified session all of its customer's messages, any other only its
// own (R7.2), and no agent's name when the account writes as the company. The
// visitor is not told who agents are beyond the name. At most [storage.MaxPage] at
// a time, which a limit of zero means, too; go on after the last Seq.
// [ErrSession].
func (d *Desk) Read(ctx context.Context, s tickets.Session, after int64, limit int) ([]tickets.Message, error) {
	list, _, err := d.read(ctx, s, storage.MessageQuery{After: after, Limit: limit})
	return list, err
}

// ReadLast is [Desk.Read] from the other end: the last messages before a sequence
// number, zero: the very last, in their order. Go on before the first Seq.
func (d *Desk) ReadLast(ctx context.Context, s tickets.Session, before int64, limit int) ([]tickets.Message, error) {
	list, _, err := d.read(ctx, s, storage.MessageQuery{Before: before, Last: true, Limit: limit})
	return list, err
}

// read reads for a session; the conversation that it returns is zero while there
// is none.
func (d *Desk) read(ctx context.Context, s tickets.Session, q storage.MessageQuery) ([]tickets.Message, tickets.ConversationID, error) {
	loaded, err := d.visit(ctx, s)
	if err != nil {
		return nil, tickets.ConversationID{}, err
	}
	if loaded.Conversation.Version == 0 {
		return nil, tickets.ConversationID{}, nil
	}
	rules, err := d.rules(ctx, &loaded.Account)
	if err != nil {
		return nil, tickets.ConversationID{}, err
	}
	q.Account, q.Conversation = s.Account, loaded.Conversation.ID
	if loaded.Session.Customer.Level != tickets.LevelVerified {
		q.Session = s.ID
	}
	list, err := d.Messages(ctx, q)
	for i := range list {
		m := &list[i]
		if m.Agent != "" {
			m.Agent = ""
			if rules.Config.Chat.WriteAsCompany {
				m.Name = rules.Config.Chat.Name
			}
		}
		if m.Session != s.ID {
			m.Session = tickets.SessionID{}
		}
	}
	return list, q.Conversation, err
}

// News returns a channel that closes when the account's feed may have something
// new, and a function to call when it is no longer wanted. It is a hint: poll
// [Desk.Changes] all the same.
func (d *Desk) News(account chatcfg.AccountID) (next func() <-chan struct{}, cancel func()) {
	s := d.topic.subscribe(account.UUID, account.UUID)
	return func() <-chan struct{} {
		_, news := s.look()
		return news
	}, s.leave
}

// Outcome is what a dry run found.
type Outcome struct {
	// Ticket is the ticket as it would be.
	Ticket tickets.Ticket `json:"ticket"`
	// Messages are those that would be stored, Entries the history that would be
	// written, each with its trace.
	Messages []tickets.Message `json:"messages"`
	Entries  []tickets.Entry   `json:"entries"`
	// Wake is when something would happen next by itself; zero: never.
	Wake time.Time `json:"wake,omitzero"`
}

// DryRun answers what would happen if a session's customer wrote this now, by the
// same decision, without writing anything. Texts that are chosen at random are
// chosen anew when it really happens. It fails like [Desk.Write].
// [automation.Explain] puts its entries into words.
func (d *Desk) DryRun(ctx context.Context, s tickets.Session, text string) (Outcome, error) {
	if err := problems(chatcfg.CheckText("text", text, chatcfg.MaxMessage)); err != nil {
		return Outcome{}, err
	}
	chance, err := d.chance()
	if err != nil {
		return Outcome{}, err
	}
	req := request{
		query: storage.LoadQuery{Account: s.Account, Session: s.ID},
		cmd: tickets.Command{
			Kind: tickets.CommandWrite, Text: text,
			Actor: tickets.Actor{Kind: tickets.ActorCustomer, Session: s.ID},
		},
		admit: d.admit,
	}
	loaded, err := d.load(ctx, req.query)
	if err == nil {
		err = rewritable(&loaded)
	}
	if err != nil {
		return Outcome{}, err
	}
	rules, err := d.rules(ctx, &loaded.Account)
	if err != nil {
		return Outcome{}, err
	}
	draft, err := d.draft(ctx, &req, &loaded, rules, chance)
	if err != nil {
		return Outcome{}, err
	}
	return Outcome{
		Ticket: draft.Ticket, Messages: draft.Messages, Entries: draft.Entries, Wake: rules.Wake(&draft.Ticket),
	}, nil
}

// Explain says in words, in a language, what happened to a ticket and why: one
// explanation for each history entry after a number, with what every rule
// answered, those included that are silent in the history because they were off.
// The instants in its texts are in the time zone of the account's hours, else in
// UTC; At and Due are UTC. At most [storage.MaxPage] at a time; go on after the
// last Entry.
func (d *Desk) Explain(ctx context.Context, ref tickets.Ref, after int64, l chatcfg.Locale) ([]automation.Explanation, error) {
	entries, err := d.History(ctx, ref, after, 0)
	if err != nil {
		return nil, err
	}
	a, err := d.Account(ctx, ref.Account)
	if err != nil {
		return nil, err
	}
	rules, err := d.rules(ctx, &a)
	if err != nil {
		return nil, err
	}
	zone := time.UTC
	if hours := rules.Calendar(); hours != nil {
		zone = hours.Location()
	}
	out := make([]automation.Explanation, len(entries))
	for i, e := range entries {
		out[i] = automation.Explain(e, l, zone)
	}
	return out, nil
}
