package charla

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"golang.org/x/text/unicode/norm"
)

// Delete deletes the account if confirm is its name, however its white space and
// accents are encoded (R1.6), and reports [SecurityAccountDeleted]. From then on its
// keys, sessions, deadlines and pending messages are dead and its tickets read-only
// history. Deleting a deleted account does nothing. It fails with [ErrConfirmation] for
// another name, [ErrNotFound], [ErrNewerFormat], [ErrBusy] or [ErrOutcomeUnknown].
func (a *Account) Delete(ctx context.Context, confirm string) error {
	d := a.desk
	var refused error
	err := d.update(ctx, a.id, func(a *chatcfg.Account) bool {
		if refused = nil; confirmation(confirm) != confirmation(a.Name) {
			refused = ErrConfirmation
			return false
		}
		a.DeletedAt = later(d.Now(), a.SavedAt)
		return true
	})
	if errors.Is(err, ErrDeleted) {
		return nil
	}
	if err = firstError(err, refused); err == nil {
		d.tell(hintSessions, a.id.UUID, 0)
		d.ReportSecurity(ctx, SecurityEvent{Kind: SecurityAccountDeleted, Account: a.id})
	}
	return err
}

// confirmation returns a name as it is compared: letters composed (NFC), and white
// space folded to one space, as browsers draw it.
func confirmation(name string) string {
	var b strings.Builder
	space := false
	for _, r := range norm.NFC.String(name) {
		if !unicode.IsSpace(r) {
			b.WriteRune(r)
		} else if !space {
			b.WriteByte(' ')
		}
		space = unicode.IsSpace(r)
	}
	return b.String()
}

// Purged says what [Desk.Purge] removed.
type Purged struct {
	Conversations int64 `json:"conversations"`
	Tickets       int64 `json:"tickets"`
	Messages      int64 `json:"messages"`
	Entries       int64 `json:"entries"`
	Sessions      int64 `json:"sessions"`
	Deliveries    int64 `json:"deliveries"`
	Submissions   int64 `json:"submissions"`
}

// Purge removes the files and then the history of a deleted account, returns how much
// that was (R1.6), and reports [SecurityAccountPurged]. A desk without [Options].Files
// leaves the files behind. It fails with [ErrNotDeleted] while the account is not
// deleted, and [ErrNotFound] once it is purged. After any other failure it can be
// repeated, until nothing is left: the account goes last.
func (d *Desk) Purge(ctx context.Context, id chatcfg.AccountID) (Purged, error) {
	if d.o.Files != nil {
		a, err := d.account(ctx, id)
		if err == nil && a.DeletedAt.IsZero() {
			err = ErrNotDeleted
		}
		if err != nil {
			return Purged{}, err
		}
		if err := d.o.Files.Store.DeleteAll(ctx, id); err != nil {
			return Purged{}, fmt.Errorf("charla: purge files: %w", err)
		}
	}
	p, err := d.store.Accounts().Purge(ctx, id)
	if errors.Is(err, storage.ErrConflict) {
		return Purged(p), ErrNotDeleted
	}
	if err == nil {
		d.ReportSecurity(ctx, SecurityEvent{Kind: SecurityAccountPurged, Account: id})
	}
	return Purged(p), changeError(err)
}
