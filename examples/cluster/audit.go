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
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// read reads everything back and compares it with what people believe.
func (r *report) read(ctx context.Context, desk *charla.Desk, account chatcfg.AccountID, crowd *people, mails string) error {
	ledger := map[tickets.ConversationID][]said{}
	for _, s := range crowd.agents.said {
		ledger[s.conversation] = append(ledger[s.conversation], s)
	}
	created := 0
	for _, v := range crowd.visitors {
		session, err := desk.Session(ctx, account, v.token)
		if err != nil {
			return fmt.Errorf("the session of visitor %d: %w", v.n, err)
		}
		ref := tickets.Ref{Account: account, Conversation: session.Conversation}
		n, err := r.conversation(ctx, desk, ref, append(ledger[ref.Conversation], v.said...), v)
		if err != nil {
			return fmt.Errorf("the conversation of visitor %d: %w", v.n, err)
		}
		created += n
	}
	if err := r.inbox(ctx, desk, account, &crowd.agents); err != nil {
		return err
	}
	return r.outbox(ctx, desk, account, mails, created)
}

// conversation checks one, and says how many tickets it has.
func (r *report) conversation(ctx context.Context, desk *charla.Desk, ref tickets.Ref, ledger []said, v *visitor) (created int, err error) {
	stored := map[int64]string{}
	texts := map[string]bool{}
	for q := (storage.MessageQuery{Account: ref.Account, Conversation: ref.Conversation}); ; {
		page, err := desk.Messages(ctx, q)
		if err != nil && !errors.Is(err, charla.ErrNotFound) {
			return 0, err
		}
		if len(page) == 0 {
			break
		}
		for _, m := range page {
			q.After = m.Seq
			stored[m.Seq] = m.Text
			if m.Rule == "" && texts[m.Text] {
				r.repeat(&r.messages, "%q", m.Text)
			}
			texts[m.Text] = true
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
	for more := true; more; {
		page, err := desk.History(ctx, ref, int64(len(history)), 0)
		if err != nil {
			return 0, err
		}
		history, more = append(history, page...), len(page) > 0
	}
	latest, err := desk.Ticket(ctx, ref) // the only one that can be open
	if err != nil {
		return 0, err
	}
	r.fired(&latest, history)
	return int(latest.Number), nil
}

// firing is something that falls due once.
type firing struct {
	ticket tickets.Number
	what   tickets.FactKind
	due    time.Time
}

// fired counts what fell due in a conversation, and looks for what did not.
func (r *report) fired(latest *tickets.Ticket, history []tickets.Entry) {
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

// inbox checks that the agents were told of everything that changed.
func (r *report) inbox(ctx context.Context, desk *charla.Desk, account chatcfg.AccountID, a *agents) error {
	r.anew = a.anew
	for cursor := ""; ; {
		page, err := desk.Changes(ctx, account, cursor, 0)
		if err != nil {
			return err
		}
		if len(page.Items) == 0 {
			return nil
		}
		for cursor = page.Next; len(page.Items) > 0; page.Items = page.Items[1:] {
			r.changes.n++
			if one := page.Items[0]; a.seen[one.Conversation] != one.Version {
				r.lose(&r.changes, "version %d of %s: the inbox told of %d", one.Version, one.Conversation, a.seen[one.Conversation])
			}
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
	for _, state := range []storage.DeliveryState{storage.Pending, storage.Sending, storage.Sent, storage.Dead, storage.Unknown} {
		for cursor, more := "", true; more; more = cursor != "" {
			page, err := desk.Deliveries(ctx, account, state, cursor, 0)
			if err != nil {
				return err
			}
			for cursor = page.Next; len(page.Items) > 0; page.Items = page.Items[1:] {
				found++
				switch key := page.Items[0].Key; {
				case sent[key]:
				case state == storage.Unknown:
					r.unknown++
				default:
					r.lose(&r.mails, "e-mail %s is %s, and was not sent", key, state)
				}
			}
		}
	}
	for ; found < created; found++ {
		r.lose(&r.mails, "the e-mail of a ticket")
	}
	return nil
}
