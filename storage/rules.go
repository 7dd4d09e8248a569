package storage

import (
	"errors"
	"fmt"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// Found is what a commit finds stored, within its own transaction.
type Found struct {
	// Account is the account; nil: there is none.
	Account *chatcfg.Account
	// Version is the conversation's; zero: there is none.
	Version int64
	// SessionRevision is of the session [Batch].Session; zero: there is none.
	SessionRevision int64
	// Holder returns the conversation that holds an identity; zero: none does.
	Holder func(tickets.Identity) tickets.ConversationID
	// Receipt says that the conversation has a receipt of [Batch].Receipt's scope and
	// key.
	Receipt bool
	// Unclosed is the stored ticket that is not closed; zero: there is none.
	Unclosed tickets.Number
}

// Check returns the error with which a commit of the batch must fail, or nil if the
// store must write it: [ErrNotFound], [ErrDeleted], [ErrConfigChanged], [ErrConflict],
// or [ErrNotDone] for a second ticket that is not closed. It may change f.
func (b *Batch) Check(f *Found) error {
	switch {
	case f.Account == nil:
		return ErrNotFound
	case !f.Account.DeletedAt.IsZero():
		return ErrDeleted
	case f.Account.Version != b.Config:
		return ErrConfigChanged
	case f.Version != b.Conversation.Version-1, f.Receipt && b.Receipt != nil,
		b.AccountRevision != 0 && f.Account.Revision != b.AccountRevision,
		!b.Session.IsZero() && (f.SessionRevision == 0 || f.SessionRevision != b.SessionRevision):
		return ErrConflict
	}
	for _, id := range b.Reserve {
		if holder := f.Holder(id); !holder.IsZero() && holder != b.Conversation.ID {
			return ErrConflict
		}
	}
	unclosed := 0
	for i := range b.Tickets {
		if b.Tickets[i].Status != tickets.StatusClosed {
			unclosed++
		}
		if b.Tickets[i].Number == f.Unclosed {
			f.Unclosed = 0 // it is replaced
		}
	}
	if f.Unclosed != 0 && unclosed > 0 || unclosed > 1 {
		return fmt.Errorf("%w: two tickets that are not closed", ErrNotDone)
	}
	return nil
}

// Claim marks the delivery as claimed: sending, one attempt and one fence more.
func (d *Delivery) Claim() {
	d.State = Sending
	d.Attempts++
	d.Fence++
}

// CheckSettle fails if the state is none that [Outbox].Settle accepts: pending, sent,
// dead or unknown.
func (d *Delivery) CheckSettle() error {
	switch d.State {
	case Pending, Sent, Dead, Unknown:
		return nil
	default:
		return errors.New("storage: a delivery cannot be settled as " + string(d.State))
	}
}

// Settle changes the stored delivery as [Outbox].Settle must, given the caller's. It
// fails with [ErrLeaseLost], and changes nothing, unless the stored one is sending and
// has the caller's fence.
func (d *Delivery) Settle(by Delivery) error {
	if d.State != Sending || d.Fence != by.Fence {
		return ErrLeaseLost
	}
	d.State, d.Attempts, d.Error, d.SettledAt = by.State, by.Attempts, by.Error, Cut(by.SettledAt)
	if by.State == Pending {
		d.NotBefore = Cut(by.NotBefore)
	}
	return nil
}

// Replay makes the stored delivery pending at now, with no attempts. It fails with
// [ErrConflict], and changes nothing, unless the delivery is dead or unknown.
func (d *Delivery) Replay(now time.Time) error {
	if d.State != Dead && d.State != Unknown {
		return ErrConflict
	}
	d.State, d.Attempts, d.NotBefore = Pending, 0, Cut(now)
	return nil
}
