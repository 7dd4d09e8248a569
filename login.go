package charla

import (
	"context"
	"slices"

	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// Login moves the session to the verified customer that a proof names and returns its
// handle with a new token, which is shown this once. The old token stops working in the
// same step, and so do its streams. The conversation that the session wrote in stays
// where it is and is linked; nothing is merged (R7.2).
//
// A caller who did not get the answer repeats the call with the old token and a proof
// of the same customer: that gives another new token and ends the one that was lost.
// For anything else the old token is dead.
//
// It fails with [chatcfg.Problems] for a proof that the account does not take,
// [ErrSession], [ErrDeleted], [ErrBusy], [ErrNewerFormat] or [ErrOutcomeUnknown].
func (v *Visitor) Login(ctx context.Context, p Proof) (*Visitor, Token, error) {
	s, token, err := v.login(ctx, p)
	v.desk.reportLogin(ctx, &s, v.account, &p, err)
	if err != nil {
		return nil, "", err
	}
	return v.desk.Account(v.account).Visitor(token), token, nil
}

// login does [Visitor.Login] and returns the session with its new token. It fails as that
// does.
func (v *Visitor) login(ctx context.Context, p Proof) (s tickets.Session, token Token, err error) {
	d := v.desk
	if err := checkProof(&p); err != nil {
		return s, "", err
	}
	if v.session.IsZero() {
		return s, "", ErrSession
	}
	loaded, err := d.load(ctx, storage.LoadQuery{Account: v.account, Session: v.session})
	if err != nil {
		return s, "", err
	}
	rules, err := d.rules(ctx, &loaded.Account)
	if err != nil {
		return s, "", err
	}
	fresh, err := d.mint()
	if err != nil {
		return s, "", err
	}
	token, hash, err := d.newToken(v.session)
	if err != nil {
		return s, "", err
	}
	var unwritten tickets.ConversationID // linked, although it did not exist when it was loaded
	s, err = d.changeSession(ctx, v, func(l *storage.Loaded) error {
		now := &l.Session
		unwritten = tickets.ConversationID{}
		repeated := sameHash(v.hash[:], now.Replaced)
		if !repeated && !sameHash(v.hash[:], now.TokenHash) {
			return ErrSession
		}
		if err := d.checkOngoing(l); err != nil {
			return err
		}
		c := now.Customer
		who, err := enteringCustomer(&rules.Config.Chat, Entry{RUT: c.RUT, Phone: c.Phone, Proof: &p, Locale: c.Locale})
		if err != nil {
			return err
		}
		before, from := now.Identity, now.Conversation
		now.Customer = who
		now.Identity = identity(&rules.Config.Chat, *now, &p)
		now.Replaced, now.TokenHash = slices.Clone(v.hash[:]), hash
		// The epochs are those that were checked: what ends meanwhile stays ended.
		now.AccountEpoch = l.Account.SessionEpoch
		now.Signed, now.SecretEpoch = p.signedIn()
		switch {
		case now.Identity == before:
			now.CustomerEpoch = l.Conversation.SessionEpoch
		case repeated: // the old token repeats its login, and logs in nobody else
			return ErrSession
		default:
			now.Links = link(now.Links, from)
			if l.Conversation.Version == 0 {
				unwritten = from
			}
			now.Conversation = tickets.ConversationID{UUID: fresh}
			return d.joinConversation(ctx, now)
		}
		return nil
	})
	if err == nil && !unwritten.IsZero() {
		err = d.unlink(ctx, d.Account(v.account).Visitor(token), unwritten)
	}
	return s, token, err
}

// unlink removes a conversation from a session's links unless it exists. Since its
// login the session cannot write there: a first message that came during the login is
// stored by now, or fails. It fails as load and changeSession do.
func (d *Desk) unlink(ctx context.Context, v *Visitor, id tickets.ConversationID) error {
	loaded, err := d.load(ctx, storage.LoadQuery{Account: v.account, Conversation: id})
	if err != nil || loaded.Conversation.Version > 0 {
		return err
	}
	_, err = d.changeSession(ctx, v, func(l *storage.Loaded) error {
		l.Session.Links = slices.DeleteFunc(slices.Clone(l.Session.Links), func(one tickets.ConversationID) bool { return one == id })
		return nil
	})
	return err
}

// maxLinks is how many conversations a session remembers that it wrote in before.
const maxLinks = 32

// link returns a copy of links with id as the latest, once, and without the oldest if
// there would be more than maxLinks.
func link(links []tickets.ConversationID, id tickets.ConversationID) []tickets.ConversationID {
	links = slices.DeleteFunc(slices.Clone(links), func(one tickets.ConversationID) bool { return one == id })
	return append(links[max(len(links)-maxLinks+1, 0):], id)
}
