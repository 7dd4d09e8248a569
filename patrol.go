package charla

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// patrolEvery is how often a desk looks for what a wrong clock dated.
const patrolEvery = 2 * time.Minute

// patrol is when a desk last looked for what a wrong clock dated, and the clock's last jump
// before that.
type patrol struct {
	mu           sync.Mutex
	last, jumped time.Time
}

// runPatrol looks every patrolEvery, and when the clock has jumped, for what a clock that
// was ahead has stored, and has it count from now on: saves, tickets, claims, deliveries.
// It returns how many it found, a page of tickets at most. It fails if the store does, and
// does nothing if it is the desk's own clock that is wrong: behind the first account.
func (d *Desk) runPatrol(ctx context.Context) (int, error) {
	p := &d.patrols
	if !p.mu.TryLock() {
		return 0, nil
	}
	defer p.mu.Unlock()
	now := d.Now()
	jumped := d.time.jump()
	if now.Sub(p.last).Abs() < patrolEvery && jumped.Equal(p.jumped) {
		return 0, nil
	}
	accounts, behind, err := d.accountsAhead(ctx, now)
	if err != nil {
		return 0, fmt.Errorf("charla: look for what a wrong clock dated: %w", err)
	}
	if behind {
		p.last, p.jumped = now, jumped
		return 0, nil
	}
	found, rest := 0, false
	for _, look := range []work{
		func(ctx context.Context) (int, error) {
			return each(accounts, 1, func(id chatcfg.AccountID) error { return d.redateAccount(ctx, id, now) })
		},
		func(ctx context.Context) (int, error) {
			refs, err := d.store.Conversations().Ahead(ctx, now.Add(tickets.MaxSkew), now.Add(d.o.Runner.Lease+tickets.MaxSkew), storage.MaxPage)
			rest = len(refs) == storage.MaxPage
			if err != nil {
				return 0, err
			}
			return d.rearmAll(ctx, refs)
		},
		func(ctx context.Context) (int, error) {
			return d.store.Outbox().Recall(ctx, now, now.Add(maxBackoff+tickets.MaxSkew), now.Add(d.o.Runner.Lease+tickets.MaxSkew))
		},
	} {
		n, err := look(ctx)
		found += n
		if err != nil {
			return found, fmt.Errorf("charla: mend what a wrong clock dated: %w", err)
		}
	}
	if !rest || found == 0 {
		p.last, p.jumped = now, jumped
	}
	return found, nil
}

// patrolLoop does runPatrol after each poll until ctx ends. Errors are logged and told to
// the observer.
func (d *Desk) patrolLoop(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.o.Clock.After(d.o.Runner.Poll):
		}
		if _, err := drain(ctx, []work{d.runPatrol}); err != nil && ctx.Err() == nil {
			d.logFailed(ctx, RunDeadlines, err)
		}
	}
}

// accountsAhead returns the accounts whose record a wrong clock dated. behind reports
// whether even the oldest account was created later than now. It fails if the store does.
func (d *Desk) accountsAhead(ctx context.Context, now time.Time) (ahead []chatcfg.AccountID, behind bool, err error) {
	var after chatcfg.AccountID
	for {
		page, err := d.store.Accounts().List(ctx, after, true, storage.MaxPage)
		if err != nil {
			return nil, false, err
		}
		for i := range page {
			a := &page[i]
			behind = (behind || after.IsZero() && i == 0) && tickets.Ahead(a.CreatedAt, now)
			if accountAhead(a, now) {
				ahead = append(ahead, a.ID)
			}
		}
		if len(page) < storage.MaxPage {
			return ahead, behind, nil
		}
		after = page[len(page)-1].ID
	}
}

// accountAhead reports whether a wrong clock dated an account's creation, its last save or
// a secret token.
func accountAhead(a *chatcfg.Account, now time.Time) bool {
	return tickets.Ahead(a.CreatedAt, now) || tickets.Ahead(a.SavedAt, now) ||
		slices.ContainsFunc(a.Secrets, func(s chatcfg.Secret) bool { return tickets.Ahead(s.CreatedAt, now) })
}

// redateAccount has an account's last save and its secret tokens count from now on if a
// wrong clock dated them, and computes the deadlines of its open tickets anew. It fails if
// the store does.
func (d *Desk) redateAccount(ctx context.Context, id chatcfg.AccountID, now time.Time) error {
	err := d.update(ctx, id, func(a *chatcfg.Account) bool {
		a.Rules = a.Rules.Until(now)
		redateSecrets(a.Secrets, now)
		if a.CreatedAt.After(now) {
			a.CreatedAt = now
		}
		return true
	})
	if err == nil {
		err = d.rearmOpen(ctx, id)
	}
	if err == nil {
		// Last: a desk that ends before this begins anew.
		err = d.update(ctx, id, func(a *chatcfg.Account) bool {
			ahead := tickets.Ahead(a.SavedAt, now)
			if ahead {
				a.SavedAt = now
			}
			return ahead
		})
	}
	if errors.Is(err, ErrNewerFormat) || errors.Is(err, ErrDeleted) || errors.Is(err, ErrNotFound) {
		return nil // left to a newer version, or deleted since
	}
	return err
}

// redateSecrets has the secret tokens that a wrong clock dated begin now, and those before
// them end as long after that as the rotation had chosen.
func redateSecrets(all []chatcfg.Secret, now time.Time) {
	for i := range all {
		ahead := all[i].CreatedAt.Sub(now)
		if ahead <= 0 {
			continue
		}
		all[i].CreatedAt = now
		for j := range all[:i] {
			if ends := &all[j].ExpiresAt; !ends.IsZero() && ends.After(now.Add(ahead)) {
				*ends = ends.Add(-ahead)
			}
		}
	}
}

// rearmOpen computes the deadlines of an account's open tickets anew, those with the bot, too.
// It fails if the store does.
func (d *Desk) rearmOpen(ctx context.Context, id chatcfg.AccountID) error {
	var refs []tickets.Ref
	for _, q := range []storage.TicketQuery{{Status: tickets.StatusOpen}, {WithBot: true}} {
		q.Account, q.Limit = id, storage.MaxPage
		for more := true; more; more = q.Cursor != "" {
			page, err := d.store.Queries().Tickets(ctx, q)
			if err != nil {
				return err
			}
			for i := range page.Items {
				refs = append(refs, tickets.Ref{Account: id, Conversation: page.Items[i].Conversation})
			}
			q.Cursor = page.Next
		}
	}
	_, err := d.rearmAll(ctx, refs)
	return err
}

// rearmAll carries out what is due in conversations, and stores their deadlines and dates
// anew. It returns how many went well, and the errors of the others, joined.
func (d *Desk) rearmAll(ctx context.Context, refs []tickets.Ref) (int, error) {
	return each(refs, min(d.o.Runner.Workers, 4), func(ref tickets.Ref) error {
		return d.tick(ctx, storage.Claim{Account: ref.Account, Conversation: ref.Conversation}, ref.Number)
	})
}

// redateSession has a loaded session whose beginning a wrong clock dated begin now, and
// last as long as it was to. It leaves one that another call changes meanwhile.
func (d *Desk) redateSession(ctx context.Context, l *storage.Loaded) {
	if l.Session.ID.IsZero() {
		return
	}
	s, now := l.Session, d.Now()
	if s.Format > tickets.SessionFormat || !tickets.Ahead(s.CreatedAt, now) || tickets.Ahead(l.Account.CreatedAt, now) {
		return
	}
	s.ExpiresAt = s.ExpiresAt.Add(now.Sub(s.CreatedAt))
	s.CreatedAt = now
	s.Format = tickets.SessionFormat
	s.Revision++
	if d.store.Sessions().Save(ctx, s) == nil {
		l.Session = s
	}
}
