package charla

import (
	"context"
	"errors"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// EndSessions ends all sessions of a customer, which are those that write in the
// conversation, or with the zero ID all of the account (R7.4), and reports
// [SecuritySessionsEnded]. Sessions that begin later are not touched. It fails with
// [ErrNotFound], [ErrDeleted], [ErrBusy], [ErrNewerFormat] or [ErrOutcomeUnknown].
func (a *Account) EndSessions(ctx context.Context, customer tickets.ConversationID) error {
	if customer.IsZero() {
		return a.desk.endAccountSessions(ctx, a.id)
	}
	return a.desk.endCustomerSessions(ctx, tickets.Ref{Account: a.id, Conversation: customer})
}

// endCustomerSessions ends the sessions that write in a conversation, wakes their
// streams and reports that. It fails like [Account.EndSessions].
func (d *Desk) endCustomerSessions(ctx context.Context, ref tickets.Ref) error {
	_, err := d.changeConversation(ctx, ref, func(l *storage.Loaded) (bool, error) {
		l.Conversation.SessionEpoch++
		return true, nil
	})
	if err == nil {
		d.ReportSecurity(ctx, SecurityEvent{
			Kind: SecuritySessionsEnded, Account: ref.Account, Conversation: ref.Conversation, Reason: "customer",
		})
	}
	return err
}

// changeConversation changes a conversation beside its tickets: it loads it, has change
// change it, commits it and wakes readers, and returns what was loaded; it retries on
// conflict. If change reports false, nothing is committed. It fails with change's error,
// [ErrNotFound], [ErrDeleted], [ErrBusy], [ErrNewerFormat] or [ErrOutcomeUnknown].
func (d *Desk) changeConversation(ctx context.Context, ref tickets.Ref, change func(*storage.Loaded) (bool, error)) (loaded storage.Loaded, err error) {
	leave, _, err := d.queues.enter(ctx, ref.Conversation.UUID, d.o.Limits.Queue)
	if err != nil {
		return loaded, err
	}
	defer leave()
	for range d.o.Limits.Attempts {
		loaded, err = d.load(ctx, storage.LoadQuery{Account: ref.Account, Conversation: ref.Conversation})
		if err == nil && loaded.Conversation.Version == 0 {
			err = ErrNotFound
		}
		if err == nil {
			err = checkFormat(&loaded)
		}
		if err != nil {
			return loaded, err
		}
		if changes, err := change(&loaded); err != nil || !changes {
			return loaded, err
		}
		rules, err := d.rules(ctx, &loaded.Account)
		if err != nil {
			return loaded, err
		}
		c := &loaded.Conversation
		c.Format = tickets.Format
		c.Version++
		batch := &storage.Batch{
			Config: rules.Version, Conversation: *c,
			Wake: rules.Wake(&loaded.Ticket), Active: loaded.Ticket.Status == tickets.StatusOpen,
		}
		err = d.commit(ctx, batch)
		if err == nil {
			d.signal(batch)
			return loaded, nil
		}
		if !errors.Is(err, storage.ErrConflict) && !errors.Is(err, storage.ErrConfigChanged) {
			return loaded, changeError(err)
		}
	}
	return loaded, ErrBusy
}

// endAccountSessions ends all sessions of an account, wakes their streams and reports
// that. It fails as update does.
func (d *Desk) endAccountSessions(ctx context.Context, account chatcfg.AccountID) error {
	err := d.update(ctx, account, func(a *chatcfg.Account) bool {
		a.SessionEpoch++
		return true
	})
	if err == nil {
		d.tell(hintSessions, account.UUID, 0)
		d.ReportSecurity(ctx, SecurityEvent{Kind: SecuritySessionsEnded, Account: account, Reason: "account"})
	}
	return err
}
