package charla

import (
	"context"
	"time"

	"github.com/charlahq/charla/automation"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

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

// dryRun returns what would happen to what a query loads if its session wrote text now,
// and stores nothing. It fails like [Visitor.Write].
func (d *Desk) dryRun(ctx context.Context, query storage.LoadQuery, admit admission, text string) (Outcome, error) {
	if err := problems(chatcfg.CheckText("text", text, chatcfg.MaxMessage)); err != nil {
		return Outcome{}, err
	}
	chance, err := d.chance()
	if err != nil {
		return Outcome{}, err
	}
	req := request{
		query: query,
		cmd: tickets.Command{
			Kind: tickets.CommandWrite, Text: text,
			Actor: tickets.Actor{Kind: tickets.ActorCustomer, Session: query.Session},
		},
		admit: admit,
	}
	loaded, err := d.load(ctx, req.query)
	if err == nil {
		err = checkFormat(&loaded)
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

// explain puts history entries of an account into words, one explanation for each
// entry, in their order. It fails with [ErrNotFound], and with [ErrNewerFormat] if this
// version cannot read the configuration.
func (d *Desk) explain(ctx context.Context, account chatcfg.AccountID, l chatcfg.Locale, entries []tickets.Entry) ([]automation.Explanation, error) {
	a, err := d.account(ctx, account)
	if err != nil {
		return nil, err
	}
	rules, err := d.rules(ctx, &a)
	if err != nil {
		return nil, err
	}
	zone := rules.Config.Hours.Location()
	out := make([]automation.Explanation, len(entries))
	for i, e := range entries {
		out[i] = automation.Explain(e, l, zone)
	}
	return out, nil
}
