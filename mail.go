package charla

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// Mailer sends e-mails. It must be safe for concurrent use and give up within half of
// [RunnerOptions].Lease, 15 seconds by default: then the context ends.
//
// Send returns nil when the server took the mail, an error that is
// [ErrNotSent] when it certainly did not (the mail is tried again), one that is
// [ErrRefused] when it never will (it is not), and any other when it may have
// taken it: the mail is then marked unknown and the host decides (R8.2).
type Mailer interface {
	Send(ctx context.Context, m Mail) error
}

// What a [Mailer] or a [Hook] may answer; wrap them.
var (
	// ErrNotSent: certainly not sent, worth another try.
	ErrNotSent = errors.New("charla: not sent")
	// ErrRefused: not sent, and never will be.
	ErrRefused = errors.New("charla: refused")
)

// Later is what a [Mailer] or a [Hook] answers if it did not try, because of a limit of
// its own. It is told again after the given time, at most six hours, and no attempt is
// counted.
type Later struct {
	After time.Duration
	// Err is the reason.
	Err error
}

// Error returns the reason and the time.
func (l *Later) Error() string { return fmt.Sprintf("charla: not before %s: %v", l.After, l.Err) }

// Unwrap returns [ErrNotSent] and the reason.
func (l *Later) Unwrap() []error { return []error{ErrNotSent, l.Err} }

// Mail is one e-mail to one address.
type Mail struct {
	// Key is stable over retries and fit for a Message-ID: letters, digits and
	// hyphens.
	Key string `json:"-"`
	// To is one plain address; empty when Mailbox is given.
	To string `json:"to,omitempty"`
	// Mailbox is the host's name of a mailbox that it manages, for a contact form
	// (R6.1): put the mail there.
	Mailbox string `json:"mailbox,omitempty"`
	// ReplyTo is where the answer to a contact form goes: what the visitor typed.
	ReplyTo string `json:"replyTo,omitempty"`
	// Subject and Text are in the account's language. Subject is one line that says what happened, who
	// wrote and the account; those of two tickets or forms differ. Text ends with URL.
	Subject string `json:"subject"`
	Text    string `json:"text"`
	// Ref is the ticket that it is about (of a contact form the account and the
	// visitor's conversation, if any), AccountName the account's, Customer who
	// wrote, Message what.
	Ref         tickets.Ref      `json:"ref"`
	AccountName string           `json:"accountName"`
	Customer    tickets.Customer `json:"customer"`
	Message     string           `json:"message"`
	// URL is the ticket's address in the host's pages, by [Options].TicketURL when the mail is sent;
	// empty: there is none.
	URL string `json:"-"`
	// Locale is the language of Subject and Text.
	Locale chatcfg.Locale `json:"locale"`
}

// Outgoing is a [Mailer] for tests: it keeps every mail in memory. The zero value
// is ready, and safe for concurrent use.
type Outgoing struct {
	mu    sync.Mutex
	mails []Mail
}

// Send keeps the mail. It never fails.
func (o *Outgoing) Send(_ context.Context, m Mail) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.mails = append(o.mails, m)
	return nil
}

// Mails returns a copy of the mails that were sent so far, in order.
func (o *Outgoing) Mails() []Mail {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]Mail(nil), o.mails...)
}
