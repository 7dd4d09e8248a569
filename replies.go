package charla

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// repliesDocument names the document of an account's quick replies. It has version zero
// in the store: its own is in it.
const repliesDocument = "replies"

// quickReplies is that document.
type quickReplies struct {
	Version chatcfg.Version      `json:"version"`
	Replies []chatcfg.QuickReply `json:"replies"`
}

// QuickReplies returns the account's quick replies and their version, zero before the
// first save, a deleted account's too (R11.5): all of them, whichever team they are for. It
// looks at nothing of the person, so a page of settings reads them by
// account.Agent(charla.Person{}). It fails with [ErrNotFound].
func (a *Agent) QuickReplies(ctx context.Context) ([]chatcfg.QuickReply, chatcfg.Version, error) {
	doc, err := a.desk.quickReplies(ctx, a.account)
	return doc.Replies, doc.Version, err
}

// SaveQuickReplies saves the quick replies whole, if version is still the current one
// ([Agent.QuickReplies] reads both), and returns the new version. The same save again answers
// as before, as long as no other came after it. It looks at nothing of the person. It fails with [chatcfg.Problems] (all at once; what is stored stays),
// [ErrStale], [ErrDeleted], [ErrNotFound], [ErrBusy], [ErrNewerFormat] or
// [ErrOutcomeUnknown].
func (a *Agent) SaveQuickReplies(ctx context.Context, version chatcfg.Version, list []chatcfg.QuickReply) (chatcfg.Version, error) {
	if err := chatcfg.CheckQuickReplies(list); err != nil {
		return 0, err
	}
	next := quickReplies{version + 1, list}
	body, err := json.Marshal(next)
	if err != nil {
		return 0, fmt.Errorf("charla: encode quick replies: %w", err)
	}
	// A save that comes between changes the account's revision, and this one looks again.
	err2 := a.desk.update(ctx, a.account, func(*chatcfg.Account) bool {
		var now quickReplies
		var then []byte
		if now, err = a.desk.quickReplies(ctx, a.account); err == nil {
			then, err = json.Marshal(now)
		}
		switch {
		case err != nil || bytes.Equal(then, body):
			return false
		case now.Version != version:
			err = fmt.Errorf("%w: the quick replies are now %d", ErrStale, now.Version)
			return false
		}
		return true
	}, storage.Document{Name: repliesDocument, Body: body})
	if err := firstError(err, err2); err != nil {
		return 0, err
	}
	return next.Version, nil
}

// quickReplies returns the document of an account's quick replies; zero: there is none. It
// fails with [ErrNotFound] if there is no such account, or if the store does.
func (d *Desk) quickReplies(ctx context.Context, id chatcfg.AccountID) (doc quickReplies, err error) {
	body, err := d.store.Accounts().Document(ctx, id, repliesDocument, 0)
	if errors.Is(err, storage.ErrNotFound) {
		_, err := d.account(ctx, id)
		return doc, err
	}
	if err == nil {
		err = json.Unmarshal(body, &doc)
	}
	return doc, storeError(err)
}

// QuickReply returns the text of a quick reply for a ticket: in the customer's language,
// with its variables filled in, {agent} with this agent's name (R11.5, R4.6). Case does not
// matter in the shortcut. Nothing is sent. It fails with [ErrNotFound] if there is no such
// quick reply or ticket, [chatcfg.Problems] for the person's ID or name, [ErrDeleted] or
// [ErrNewerFormat].
func (a *Agent) QuickReply(ctx context.Context, ref tickets.Ref, shortcut string) (string, error) {
	ref, err := ownRef(a.account, ref)
	if err := firstError(err, checkPerson(a.who)); err != nil {
		return "", err
	}
	account, err := a.desk.liveAccount(ctx, a.account)
	if err != nil {
		return "", err
	}
	t, err := a.desk.ticket(ctx, ref)
	if err != nil {
		return "", err
	}
	doc, err := a.desk.quickReplies(ctx, a.account)
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(doc.Replies, func(q chatcfg.QuickReply) bool { return q.Matches(shortcut) })
	if i < 0 {
		return "", ErrNotFound
	}
	rules, err := a.desk.rules(ctx, &account)
	if err != nil {
		return "", err
	}
	t.AgentName = a.who.Name
	return rules.Render(&t, doc.Replies[i].Text, a.desk.Now())
}
