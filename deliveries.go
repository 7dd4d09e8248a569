package charla

import (
	"context"
	"errors"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// DeliveryState is the state of a delivery. The zero value is invalid.
type DeliveryState string

// The states of a delivery. Every one ends sent, dead or unknown (R8.2).
const (
	// DeliveryPending waits for its first or next attempt.
	DeliveryPending = DeliveryState(storage.Pending)
	// DeliverySending is being attempted.
	DeliverySending = DeliveryState(storage.Sending)
	DeliverySent    = DeliveryState(storage.Sent)
	// DeliveryDead was refused, or failed too often.
	DeliveryDead = DeliveryState(storage.Dead)
	// DeliveryUnknown may have been sent: the host decides.
	DeliveryUnknown = DeliveryState(storage.Unknown)
)

// Delivery is one thing that leaves the system: an e-mail or the telling of a hook.
type Delivery struct {
	Account chatcfg.AccountID `json:"account"`
	// Key is unique and stable within the account.
	Key string `json:"key"`
	// Kind is "mail" or "event", Hook the name of the event's hook.
	Kind string `json:"kind"`
	Hook string `json:"hook,omitempty"`
	// Ref is the ticket that it is about.
	Ref tickets.Ref `json:"ref"`
	// Body is the JSON of a [Mail] or an [Event].
	Body  []byte        `json:"body"`
	State DeliveryState `json:"state"`
	// Attempts counts those of this and earlier states, the running one included.
	Attempts int `json:"attempts"`
	// NotBefore is when it may be attempted next, SettledAt when the last attempt
	// ended, Error what it failed with.
	NotBefore time.Time `json:"notBefore"`
	SettledAt time.Time `json:"settledAt,omitzero"`
	Error     string    `json:"error,omitempty"`
}

// DeliveryQuery says which deliveries to list.
type DeliveryQuery struct {
	// Account and State are required.
	Account chatcfg.AccountID
	State   DeliveryState
	PageQuery
}

// Deliveries lists an account's outbox in a state, oldest first: what is [DeliveryDead]
// or [DeliveryUnknown] waits for the host's decision (R8.2). It fails with
// [chatcfg.Problems] for an unknown state, and [ErrCursor] for a cursor of another
// list.
func (d *Desk) Deliveries(ctx context.Context, q DeliveryQuery) (Page[Delivery], error) {
	err := checkChoice("state", q.State, DeliveryPending, DeliverySending, DeliverySent, DeliveryDead, DeliveryUnknown)
	if err != nil {
		return Page[Delivery]{}, err
	}
	list, err := d.store.Outbox().List(ctx, q.Account, storage.DeliveryState(q.State), q.Cursor, q.limit())
	if err != nil {
		return Page[Delivery]{}, storeError(err)
	}
	page := Page[Delivery]{Items: make([]Delivery, len(list.Items)), Next: list.Next}
	for i, one := range list.Items {
		kind, hook := splitKind(one.Kind)
		page.Items[i] = Delivery{
			Account: one.Account, Key: one.Key, Kind: kind, Hook: hook,
			Ref:  tickets.Ref{Account: one.Account, Conversation: one.Conversation, Number: one.Ticket},
			Body: one.Body, State: DeliveryState(one.State), Attempts: one.Attempts,
			NotBefore: one.NotBefore, SettledAt: one.SettledAt, Error: one.Error,
		}
	}
	return page, nil
}

// Replay makes a dead or unknown delivery pending, so that it is sent again, and wakes
// Run. It fails with [ErrNotFound], [ErrNotDead] in any other state, [ErrDeleted] or
// [ErrOutcomeUnknown].
func (d *Desk) Replay(ctx context.Context, account chatcfg.AccountID, key string) error {
	err := d.store.Outbox().Replay(ctx, account, key, d.Now())
	if errors.Is(err, storage.ErrConflict) {
		return ErrNotDead
	}
	d.wakeRunner()
	return changeError(err)
}
