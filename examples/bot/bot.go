package main

import (
	"context"
	"errors"
	"strings"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/tickets"
)

// bot answers the first question of a ticket, if it knows an answer, and leaves
// everything else to people.
type bot struct {
	inbox *charla.Inbox
	agent *charla.Agent
	// known are pairs of a word of a question and the answer.
	known [][2]string
}

// newBot returns a bot that answers with known: pairs of a text to find and its answer.
func newBot(account *charla.Account, known [][2]string) *bot {
	return &bot{account.Inbox(), account.Agent(charla.Person{ID: "bot", Name: "Assistant"}), known}
}

// run answers until ctx ends, and returns its error. It begins with the whole inbox, so
// that what customers wrote while no bot ran is answered, too.
func (b *bot) run(ctx context.Context) error {
	for row, err := range b.inbox.Live(ctx, "", 0) {
		if err == nil && row.Status == tickets.StatusOpen && !row.Answered {
			err = b.answer(ctx, &row)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// answer answers the first message of a ticket that it knows an answer to, once a
// ticket; if it knows none it does nothing.
func (b *bot) answer(ctx context.Context, row *charla.Row) error {
	page, err := b.inbox.Messages(ctx, row.Ref, charla.MessageQuery{Newest: true})
	for _, m := range page.Items {
		for _, pair := range b.known {
			if m.From != tickets.FromCustomer || m.Ticket != row.Number || !strings.Contains(strings.ToLower(m.Text), pair[0]) {
				continue
			}
			// Rows come at least once: with a key the answer is stored once.
			once := &charla.WriteOptions{Key: "first:" + row.Ref.String()}
			_, err := b.agent.Reply(ctx, row.Ref, pair[1], once)
			if errors.Is(err, charla.ErrKeyReused) || errors.Is(err, tickets.ErrTransition) {
				err = nil // an agent answered or closed it first
			}
			return err
		}
	}
	return err
}
