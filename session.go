package charla

import (
	"context"
	"crypto/subtle"
	"errors"

	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// sameHash reports whether two hashes are the same; an empty one is like no other.
func sameHash(a, b []byte) bool { return len(b) > 0 && subtle.ConstantTimeCompare(a, b) == 1 }

// checkSession returns nil if a loaded session goes on and its token has that hash. It
// returns [ErrReplaced] for the token before its last login, else [ErrSession].
func (d *Desk) checkSession(l *storage.Loaded, hash []byte) error {
	if err := d.checkOngoing(l); err != nil {
		return err
	}
	switch {
	case sameHash(hash, l.Session.TokenHash):
		return nil
	case sameHash(hash, l.Session.Replaced):
		return ErrReplaced
	}
	return ErrSession
}

// checkOngoing returns [ErrSession] if a loaded session has ended or expired, by itself
// or with all sessions of its customer, account or secret token; else nil.
func (d *Desk) checkOngoing(l *storage.Loaded) error {
	s := &l.Session
	// Before format 2 sessions did not say how their host vouched.
	signed := s.Signed || s.Format < 2 && s.Identity.Kind == tickets.IdentityHost
	switch {
	case !s.EndedAt.IsZero(), !d.Now().Before(s.ExpiresAt),
		s.AccountEpoch < l.Account.SessionEpoch,
		s.CustomerEpoch < l.Conversation.SessionEpoch,
		signed && s.SecretEpoch < l.Account.SecretEpoch:
		return ErrSession
	}
	return nil
}

// changeSession stores a session as change makes it and returns it; it tries again if
// the session was changed meanwhile, and wakes its streams. The conversation of the
// session that change gets is the one that it writes in. It fails with what change
// returns, [ErrSession], [ErrDeleted], [ErrNewerFormat], [ErrBusy] or
// [ErrOutcomeUnknown].
func (d *Desk) changeSession(ctx context.Context, v *Visitor, change func(*storage.Loaded) error) (tickets.Session, error) {
	if v.session.IsZero() {
		return tickets.Session{}, ErrSession
	}
	for range d.o.Limits.Attempts {
		loaded, err := d.load(ctx, storage.LoadQuery{Account: v.account, Session: v.session})
		if err != nil {
			return tickets.Session{}, err
		}
		now := &loaded.Session
		if now.Format > tickets.SessionFormat {
			return tickets.Session{}, ErrNewerFormat
		}
		if c := &loaded.Conversation; c.Version > 0 { // another session of its identity was first
			now.Conversation = c.ID
		}
		was := now.Conversation
		if err := change(&loaded); err != nil {
			return tickets.Session{}, err
		}
		now.Format = tickets.SessionFormat
		now.Revision++
		err = d.store.Sessions().Save(ctx, *now)
		if err == nil {
			d.tell(hintSession, was.UUID, 0)
			d.tell(hintSession, now.Conversation.UUID, 0)
			return *now, nil
		}
		if !errors.Is(err, storage.ErrConflict) {
			return tickets.Session{}, changeError(err)
		}
	}
	return tickets.Session{}, ErrBusy
}
