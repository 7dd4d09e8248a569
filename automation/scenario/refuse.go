package scenario

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// refuses plays a statement that charla must refuse and that must change nothing. It
// fails with a [*Failure] if the statement succeeds or changes something, and if the
// desk fails.
func (p *player) refuses(ctx context.Context, do step) error {
	before, err := p.observe(ctx)
	if err != nil {
		return err
	}
	switch err := do(ctx, p); {
	case err == nil:
		return wanted("a failure", "success")
	case !asFailure(err).refused():
		return err
	}
	after, err := p.observe(ctx)
	if err != nil {
		return err
	}
	for _, part := range append(after, before...) {
		if !slices.Contains(before, part) || !slices.Contains(after, part) {
			return wanted("nothing changed", "a change of the "+part.name)
		}
	}
	return nil
}

// observed is a part of all that can be observed, as JSON.
type observed struct{ name, state string }

// observe returns all that can be observed of the account and the clock. It fails with
// the first error of a read.
func (p *player) observe(ctx context.Context) ([]observed, error) {
	var all []observed
	var failed error
	see := func(name string, state any, err error) {
		if failed == nil && err == nil {
			var body []byte
			body, err = json.Marshal(state)
			all = append(all, observed{name, string(body)})
		}
		if failed == nil {
			failed = err
		}
	}
	see("clock", p.clock.Now(), nil)
	see("mails", p.outgoing.Mails(), nil)
	account, err := p.account().Info(ctx)
	see("account", account, err)
	config, _, err := p.account().Config(ctx)
	see("configuration", config, err)
	roster, err := p.store.Presence().Get(ctx, p.id)
	see("presence", roster, err)
	for _, state := range []charla.DeliveryState{
		charla.DeliveryPending, charla.DeliverySending, charla.DeliverySent, charla.DeliveryDead, charla.DeliveryUnknown,
	} {
		list, err := p.deliveries(ctx, state)
		see("outbox", list, err)
	}
	list, err := p.tickets(ctx, tickets.ConversationID{})
	seen := make(map[tickets.ConversationID]bool)
	for _, row := range list {
		see("tickets", row, nil)
		if c := row.Ref.Conversation; !seen[c] {
			seen[c] = true
			loaded, err := p.store.Conversations().Load(ctx, storage.LoadQuery{Account: p.id, Conversation: c})
			see("conversation", loaded.Conversation, err)
			messages, err := p.messages(ctx, c)
			see("messages", messages, err)
			history, err := p.history(ctx, c)
			see("history", history, err)
		}
	}
	see("tickets", len(list), err)
	return all, failed
}

// deliveries returns the whole outbox in a state. It fails if the desk does.
func (p *player) deliveries(ctx context.Context, state charla.DeliveryState) ([]charla.Delivery, error) {
	return pages(func(q charla.PageQuery) (charla.Page[charla.Delivery], error) {
		return p.desk.Deliveries(ctx, charla.DeliveryQuery{Account: p.id, State: state, PageQuery: q})
	})
}

// pages returns all items of a list, which read reads page by page. It fails if read
// does.
func pages[T any](read func(charla.PageQuery) (charla.Page[T], error)) ([]T, error) {
	var all []T
	for q := (charla.PageQuery{}); ; {
		page, err := read(q)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if q.Cursor = page.Next; q.Cursor == "" {
			return all, nil
		}
	}
}
