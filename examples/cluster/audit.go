package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// audit reads everything back and compares it with the ledger of what was acknowledged.
// Differences are in the report; an error means that something could not be read.
func (r *report) audit(ctx context.Context, desk *charla.Desk, account *charla.Account, crowd *people, mails string) error {
	ledger := map[tickets.ConversationID][]said{}
	for _, s := range crowd.agents.said {
		ledger[s.conversation] = append(ledger[s.conversation], s)
	}
	created := 0
	for _, v := range crowd.visitors {
		session, err := account.Visitor(charla.Token(v.token)).Session(ctx)
		if err != nil {
			return fmt.Errorf("the session of visitor %d: %w", v.n, err)
		}
		ref := tickets.Ref{Conversation: session.Conversation}
		n, err := r.conversation(ctx, account.Inbox(), ref, append(ledger[ref.Conversation], v.said...), v)
		if err != nil {
			return fmt.Errorf("the conversation of visitor %d: %w", v.n, err)
		}
		created += n
	}
	if err := r.inbox(ctx, account.Inbox(), &crowd.agents); err != nil {
		return err
	}
	return r.outbox(ctx, desk, account.ID(), mails, created)
}

// conversation checks one conversation, and returns how many tickets it has.
func (r *report) conversation(ctx context.Context, in *charla.Inbox, ref tickets.Ref, ledger []said, v *visitor) (created int, err error) {
	stored := map[int64]string{}
	texts := map[string]bool{}
	for q := (charla.MessageQuery{}); ; {
		page, err := in.Messages(ctx, ref, q)
		if err != nil && !errors.Is(err, charla.ErrNotFound) { // nobody has written yet
			return 0, err
		}
		for _, m := range page.Items {
			stored[m.Seq] = m.Text
			if m.Rule == "" && texts[m.Text] {
				r.repeat(&r.messages, "%q", m.Text)
			}
			texts[m.Text] = true
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			break
		}
	}
	for _, s := range ledger {
		r.messages.n++
		if stored[s.seq] != s.text {
			r.lose(&r.messages, "%q, acknowledged as message %d", s.text, s.seq)
		}
	}
	r.streams.n += len(v.got)
	r.streams.twice += v.again
	for seq, text := range stored {
		if v.got[seq] != text {
			r.lose(&r.streams, "%q, message %d, in visitor %d's stream", text, seq, v.n)
		}
	}
	if len(stored) == 0 { // nothing of it came through
		return 0, nil
	}
	var history []tickets.Entry
	for q := (charla.PageQuery{}); ; {
		page, err := in.History(ctx, ref, q)
		if err != nil {
			return 0, err
		}
		history = append(history, page.Items...)
		if q.Cursor = page.Next; q.Cursor == "" {
			break
		}
	}
	latest, err := in.Ticket(ctx, ref) // the only one that can be open
	if err != nil {
		return 0, err
	}
	r.countDeadlines(&latest, history)
	return int(latest.Number), nil
}

// firing is a deadline that was carried out.
type firing struct {
	ticket tickets.Number
	what   tickets.FactKind
	due    time.Time
}

// countDeadlines counts the deadlines that a conversation's history says were carried
// out, and reports those that were carried out twice or never.
func (r *report) countDeadlines(latest *tickets.Ticket, history []tickets.Entry) {
	done := map[firing]bool{}
	for _, e := range history {
		for _, fact := range e.Facts {
			if fact.Kind != tickets.FactDelayed && (fact.Kind != tickets.FactClosed || fact.Reason != tickets.ReasonAutomatic) {
				continue
			}
			r.deadlines.n++
			f := firing{e.Ticket, fact.Kind, e.Due}
			if done[f] {
				r.repeat(&r.deadlines, "%s of ticket %d, due at %s", f.what, f.ticket, f.due)
			}
			done[f] = true
		}
	}
	switch {
	case latest.Status != tickets.StatusOpen:
	case latest.LastWord == tickets.SideAgent:
		r.lose(&r.deadlines, "ticket %d was never closed", latest.Number)
	case latest.Wait != nil && latest.Wait.DelayedAt.IsZero():
		r.lose(&r.deadlines, "ticket %d was never delayed", latest.Number)
	}
}

// inbox checks that the agents were told of the last change of every conversation.
func (r *report) inbox(ctx context.Context, in *charla.Inbox, a *agents) error {
	r.rereads = a.rereads
	told := map[tickets.ConversationID]bool{}
	for q := (charla.TicketQuery{}); ; {
		page, err := in.Tickets(ctx, q)
		if err != nil {
			return err
		}
		for _, row := range page.Items { // here the latest ticket is the one that changed last
			id := row.Ref.Conversation
			if told[id] {
				continue
			}
			told[id] = true
			r.changes.n++
			if seen := a.seen[id]; !seen.Equal(row.ChangedAt) {
				r.lose(&r.changes, "the change of %s at %s: the inbox told of %s", id, row.ChangedAt, seen)
			}
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			return nil
		}
	}
}

// outbox checks that there is an e-mail for each ticket.
func (r *report) outbox(ctx context.Context, desk *charla.Desk, account chatcfg.AccountID, mails string, created int) error {
	body, err := os.ReadFile(mails)
	if err != nil {
		return err
	}
	sent := map[string]bool{}
	for key := range strings.Lines(string(body)) {
		if key = strings.TrimSpace(key); sent[key] {
			r.repeat(&r.mails, "e-mail %s", key)
		}
		sent[key] = true
	}
	r.mails.n = len(sent)
	found := 0
	for _, state := range []charla.DeliveryState{
		charla.DeliveryPending, charla.DeliverySending, charla.DeliverySent, charla.DeliveryDead, charla.DeliveryUnknown,
	} {
		for q := (charla.DeliveryQuery{Account: account, State: state}); ; {
			page, err := desk.Deliveries(ctx, q)
			if err != nil {
				return err
			}
			for _, one := range page.Items {
				found++
				switch {
				case sent[one.Key]:
				case state == charla.DeliveryUnknown:
					r.unknown++
				default:
					r.lose(&r.mails, "e-mail %s is %s, and was not sent", one.Key, state)
				}
			}
			if q.Cursor = page.Next; q.Cursor == "" {
				break
			}
		}
	}
	for ; found < created; found++ {
		r.lose(&r.mails, "the e-mail of a ticket")
	}
	return nil
}
