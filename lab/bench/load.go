package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/charlahq/charla/automation"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// cohort is how many tickets of a loaded database are due together; the k-th
// cohort does so at dueAt(k).
const cohort = 10_000

// between is the time between two cohorts.
const between = time.Minute

// unanswered is how long customers of the loaded worlds have to answer before their
// tickets close. All tickets were answered before the epoch, also those of 5,000,000 that
// are due last: a desk does not believe what is later than its clock.
const unanswered = 12 * time.Hour

// dueAt returns when the tickets of the k-th cohort are due.
func dueAt(k int) time.Time { return epoch.Add(time.Duration(k+1) * between) }

// loaded makes a database of n conversations, each with an open ticket that an
// agent has answered, so that auto-close is armed: n tickets, n waits.
func (b *bench) loaded(ctx context.Context, n int) (path string, err error) {
	path = b.path(fmt.Sprintf("loaded-%d.db", n))
	if exists(path) {
		return path, nil
	}
	building := path + ".building"
	removeDatabase(building)
	begin := time.Now()
	clock := &hand{}
	clock.Set(made)
	w, account, err := create(ctx, building, clock)
	if err != nil {
		return "", err
	}
	err = fill(ctx, w.store, account, n)
	if closed := w.store.Close(); err == nil {
		err = closed
	}
	if err != nil {
		removeDatabase(building)
		return "", err
	}
	fmt.Fprintf(b.log, "loaded %d tickets in %v\n", n, time.Since(begin).Round(time.Second))
	return path, os.Rename(building, path)
}

// quietRules returns an account's rules without the replies to a first message, which would
// only make what is loaded larger.
func quietRules(ctx context.Context, store storage.Store, account chatcfg.Account) (*automation.Rules, error) {
	body, err := store.Accounts().Document(ctx, account.ID, "config", 1)
	if err != nil {
		return nil, err
	}
	cfg := chatcfg.Default(chatcfg.Spanish)
	if err := json.Unmarshal(body, &cfg); err != nil {
		return nil, err
	}
	cfg.Automation.NewCustomer.Enabled, cfg.Automation.TicketCreated.Enabled = false, false
	return automation.Compile(account, cfg, nil)
}

func fill(ctx context.Context, store storage.Store, account chatcfg.Account, n int) error {
	rules, err := quietRules(ctx, store, account)
	if err != nil {
		return err
	}
	ids := &minted{}
	const loaders = 128
	return spread(loaders, (n+loaders-1)/loaders*loaders, func(caller, i int) error {
		at := i*loaders + caller
		if at >= n {
			return nil
		}
		// Auto-close is due with its cohort, a millisecond after the one before it.
		answered := dueAt(at / cohort).Add(-unanswered - time.Duration(cohort-at%cohort)*time.Millisecond - 123*time.Microsecond)
		batch, err := answeredChat(rules, account, ids, answered, sentence(caller, i))
		if err != nil {
			return err
		}
		return store.Conversations().Commit(ctx, batch)
	})
}

// inputs are what loaded conversations are decided with, at an instant.
var inputs = tickets.Inputs{Presence: tickets.Presence{Available: true, Absence: 2}, Chance: 1}

// wroteFirst returns the decision on the first message of a new customer, at an instant.
func wroteFirst(rules *automation.Rules, account chatcfg.Account, ids *minted, at time.Time, text string) (*tickets.Draft, error) {
	session := tickets.SessionID{UUID: ids.next()}
	state := tickets.State{Conversation: tickets.Conversation{
		Format: tickets.Format, Account: account.ID, ID: tickets.ConversationID{UUID: ids.next()},
		Identity: tickets.Identity{Kind: tickets.IdentitySession, Value: session.String()}, CreatedAt: at, Armed: 1,
	}}
	in := inputs
	in.Now = at
	return rules.Decide(state, tickets.Command{
		Kind: tickets.CommandWrite, Actor: tickets.Actor{Kind: tickets.ActorCustomer, Session: session}, Text: text,
		Customer: tickets.Customer{Level: tickets.LevelClaimed, Name: "Juana Pérez", Email: "juana@example.com", Locale: "es"},
	}, in)
}

// answeredChat returns the batch of a conversation in which a customer wrote and an
// agent answered at an instant.
func answeredChat(rules *automation.Rules, account chatcfg.Account, ids *minted, answered time.Time, text string) (*storage.Batch, error) {
	wrote, err := wroteFirst(rules, account, ids, answered.Add(-5*time.Minute), text)
	if err != nil {
		return nil, err
	}
	in := inputs
	in.Now = answered
	replied, err := rules.Decide(wrote.State, tickets.Command{
		Kind: tickets.CommandReply, Actor: tickets.Actor{Kind: tickets.ActorAgent, Agent: agent.ID, Name: agent.Name}, Text: sentences[0],
	}, in)
	if err != nil {
		return nil, err
	}
	c := replied.Conversation
	c.Version = 1
	return &storage.Batch{
		Config: 1, Conversation: c, Reserve: []tickets.Identity{c.Identity}, Tickets: replied.Changed(),
		Messages: append(wrote.Messages, replied.Messages...), Entries: append(wrote.Entries, replied.Entries...),
		Answers: replied.Answers, Words: []storage.Words{{Ticket: 1, Text: text}},
		Wake: rules.Wake(&replied.Ticket), Active: true,
	}, nil
}
