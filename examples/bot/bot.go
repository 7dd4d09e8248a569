package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/tickets"
)

// serve answers what waits for the bot by what knows returns, and hands over where that is
// empty, until ctx ends. It begins with the whole inbox.
func serve(ctx context.Context, account *charla.Account, knows func(question string) string) error {
	bot := account.Agent(charla.Person{ID: "bot", Name: "Assistant", Automated: true})
	for row, err := range account.Inbox().Live(ctx, "", 0) {
		var question tickets.Message
		if err == nil && !row.Unanswered.IsZero() { // a message waits for the bot
			question, err = lastQuestion(ctx, account.Inbox(), row.Ref)
		}
		once := fmt.Sprint("question ", question.Seq) // two bots, or one that starts again
		switch text := knows(question.Text); {
		case err != nil || question.Seq == 0:
		case text != "":
			_, err = bot.Reply(ctx, row.Ref, text, &charla.WriteOptions{Key: once})
		default:
			_, err = bot.Do(ctx, row.Ref, tickets.Command{Kind: tickets.CommandHandOver}, &charla.CallOptions{Key: once})
		}
		if err != nil && !errors.Is(err, tickets.ErrTransition) { // an agent was first
			return err
		}
	}
	return nil
}

// lastQuestion returns what the customer wrote last.
func lastQuestion(ctx context.Context, inbox *charla.Inbox, ref tickets.Ref) (last tickets.Message, err error) {
	page, err := inbox.Messages(ctx, ref, charla.MessageQuery{Newest: true})
	for _, m := range page.Items {
		if m.From == tickets.FromCustomer {
			last = m
		}
	}
	return last, err
}
