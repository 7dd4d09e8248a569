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
// Who did not get the answer repeats the call with the old token and a proof of the same
// customer: that gives another new token and ends the one that was lost. For anything
// else the old token is dead.
//
// It fails with [chatcfg.Problems], [ErrSession], [ErrDeleted].
func (v *Visitor) Login(ctx context.Context, p Proof) (*Visitor, Token, error) {
	d := v.desk
	if err := checkProof(&p); err != nil {
		return nil, "", err
	}
	if v.session.IsZero() {
		return nil, "", ErrSession
	}
	loaded, err := d.load(ctx, storage.LoadQuery{Account: v.account, Session: v.session})
	if err != nil {
		return nil, "", err
	}
	rules, err := d.rules(ctx, &loaded.Account)
	if err != nil {
		return nil, "", err
	}
	fresh, err := d.mint()
	if err != nil {
		return nil, "", err
	}
	token, hash, err := d.newToken(v.session)
	if err != nil {
		return nil, "", err
	}
	_, err = d.changeSession(ctx, v, func(l *storage.Loaded) error {
		now := &l.Session
		repeated := same(v.hash[:], now.Replaced)
		if !repeated && !same(v.hash[:], now.TokenHash) {
			return ErrSession
		}
		if err := d.goesOn(l); err != nil {
			return err
		}
		c := now.Customer
		who, err := admitted(&rules.Config.Chat, Entry{RUT: c.RUT, Phone: c.Phone, Proof: &p, Locale: c.Locale})
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
			if l.Conversation.Version > 0 { // else nothing was written there
				now.Links = link(now.Links, from)
			}
			now.Conversation = tickets.ConversationID{UUID: fresh}
			return d.settle(ctx, now)
		}
		return nil
	})
	if err != nil {
		return nil, "", err
	}
	return v.desk.Account(v.account).Visitor(token), token, nil
}

// maxLinks is how many conversations a session remembers that it wrote in before.
const maxLinks = 32

// link adds a conversation as the latest of a session's links; the oldest leave.
func link(links []tickets.ConversationID, id tickets.ConversationID) []tickets.ConversationID {
	links = slices.DeleteFunc(slices.Clone(links), func(one tickets.ConversationID) bool { return one == id })
	return append(links[max(len(links)-maxLinks+1, 0):], id)
}
