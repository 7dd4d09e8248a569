package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"strings"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
)

// Security is how the connection to the server is protected.
type Security string

// The ways to protect a connection.
const (
	// StartTLS requires the server to switch to TLS before anything else, as on
	// port 587.
	StartTLS Security = "starttls"
	// ImplicitTLS is TLS from the first byte, as on port 465.
	ImplicitTLS Security = "tls"
	// InsecurePlaintext sends everything, the password too, for anybody on the way
	// to read. For a server on the same machine.
	InsecurePlaintext Security = "plaintext"
)

// Mailboxes are the host's managed mailboxes, where contact forms can go (R6.1). It
// must be safe for concurrent use.
type Mailboxes interface {
	// Deliver puts a mail into a mailbox. Its error means what that of
	// [charla.Mailer] means. A mail delivered twice has the same Key.
	Deliver(ctx context.Context, mailbox string, m charla.Mail) error
}

// Limit is how many mails of one account an address gets in any period of the length of
// Window, from this process; of all accounts together it gets four times as many. Contact
// forms get half of an account's at most, and of that one sender no more than is left to
// others. What is over waits ([charla.Later]). Zero: 60, and 10 minutes.
type Limit struct {
	Mails  int
	Window time.Duration
}

// Options are what a [Mailer] takes from its host. Nil, and every zero field, means
// the default.
type Options struct {
	// Security defaults to [StartTLS].
	Security Security
	// TLS is cloned; by default the server's certificate must be valid for its
	// host, and TLS at least 1.2.
	TLS *tls.Config
	// Username and Password log in, by the first of SCRAM-SHA-256, PLAIN and LOGIN
	// that the server offers. Without a name there is no login.
	Username, Password string
	// Domain is the right side of the Message-IDs and how the server is greeted. It
	// defaults to that of the sender's address.
	Domain string
	// Mailboxes take the mails to a mailbox that the host manages; nil: there are
	// none, and such a mail is [charla.ErrRefused].
	Mailboxes Mailboxes
	// Connections is how many are open at a time, and kept; default 4, and fewer where the
	// server takes fewer. More mails than that wait.
	Connections int
	// Timeout bounds one mail, as its context does; default one minute. The first
	// half of the time is for what comes before the end of the mail, the rest for
	// the server's answer to it.
	Timeout time.Duration
	// Limit defaults to 60 mails in 10 minutes.
	Limit Limit
	// Clock is what Limit and the Date of mails go by; it defaults to the wall clock.
	Clock charla.Clock
}

// Mailer sends e-mails by an SMTP server. It is a [charla.Mailer], safe for
// concurrent use.
type Mailer struct {
	o       Options
	from    mail.Address
	limiter *limiter
	pool    *pool
}

var _ charla.Mailer = (*Mailer)(nil)

// New makes a mailer that sends by a server ("smtp.tienda.cl:587") from an address,
// plain or with a name ("Chat <chat@tienda.cl>"); without a name the account's is
// shown. It does not connect before the first mail. It fails with every problem of the
// arguments at once.
func New(server, from string, o *Options) (*Mailer, error) {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf("mail: "+format, args...)) }

	host, port, err := net.SplitHostPort(server)
	if err != nil || host == "" || port == "" {
		bad("server %q is not HOST:PORT", server)
	}
	sender, err := mail.ParseAddress(from)
	if err == nil {
		sender.Address, err = chatcfg.ParseEmail(sender.Address)
	}
	if err != nil {
		bad("sender %q is not an e-mail address", from)
		sender = &mail.Address{}
	}
	sender.Name = oneLine(sender.Name)

	m := &Mailer{o: o.withDefaults(sender.Address), from: *sender}
	if !validDomain(m.o.Domain) {
		bad("domain %q is not a host name", m.o.Domain)
	}
	switch m.o.Security {
	case StartTLS, ImplicitTLS, InsecurePlaintext:
	default:
		bad("security %q is none of this package's", m.o.Security)
	}
	if m.o.Password != "" && m.o.Username == "" {
		bad("a password without a name")
	}
	if m.o.Connections < 1 || m.o.Timeout <= 0 || m.o.Limit.Mails < 1 || m.o.Limit.Window <= 0 {
		bad("connections, timeout or limit below zero")
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	m.limiter = &limiter{limit: m.o.Limit, clock: m.o.Clock, taken: make(map[string][]taken)}
	m.pool = newPool(server, host, &m.o)
	m.o.Password = "" // printing a Mailer must not show it
	return m, nil
}

// Send delivers one mail (R5.2, R6.2, R8.2). It fails with [charla.ErrRefused] if it
// never can be, with [charla.ErrNotSent], which [charla.Later] is, too, if it certainly
// was not sent, and with any other error if it may have been. The guide of this package
// says when.
func (m *Mailer) Send(ctx context.Context, one charla.Mail) error {
	if one.Mailbox != "" {
		if m.o.Mailboxes == nil {
			return fmt.Errorf("%w: no managed mailboxes", charla.ErrRefused)
		}
		return m.o.Mailboxes.Deliver(ctx, one.Mailbox, one)
	}
	to, err := chatcfg.ParseEmail(one.To)
	if err != nil {
		return fmt.Errorf("%w: recipient: %w", charla.ErrRefused, err)
	}
	raw, err := m.compose(&one, to)
	if err != nil {
		return fmt.Errorf("%w: %w", charla.ErrRefused, err)
	}
	giveBack, wait := m.limiter.take(one.Ref.Account, strings.ToLower(to), strings.ToLower(one.ReplyTo))
	if giveBack == nil {
		return &charla.Later{After: wait, Err: fmt.Errorf("more than %d mails to one address in %s", m.o.Limit.Mails, m.o.Limit.Window)}
	}
	ctx, cancel := context.WithTimeout(ctx, m.o.Timeout)
	defer cancel()
	err = m.pool.send(ctx, m.from.Address, to, raw)
	if errors.Is(err, charla.ErrNotSent) || errors.Is(err, charla.ErrRefused) {
		giveBack()
	}
	return err
}

// Close ends the connections that are open. A mail on its way is still sent; later ones
// fail with [charla.ErrNotSent].
func (m *Mailer) Close() { m.pool.close() }

// withDefaults returns a copy in which every zero field has its default, the domain
// that of the sender's address; nil is valid.
func (o *Options) withDefaults(sender string) Options {
	var r Options
	if o != nil {
		r = *o
	}
	if r.Security == "" {
		r.Security = StartTLS
	}
	if r.Domain == "" {
		_, r.Domain, _ = strings.Cut(sender, "@")
	}
	if r.Connections == 0 {
		r.Connections = 4
	}
	if r.Timeout == 0 {
		r.Timeout = time.Minute
	}
	if r.Limit.Mails == 0 {
		r.Limit.Mails = 60
	}
	if r.Limit.Window == 0 {
		r.Limit.Window = 10 * time.Minute
	}
	if r.Clock == nil {
		r.Clock = wallClock()
	}
	return r
}

// validDomain reports whether s can stand as a host name in a command and in a
// Message-ID.
func validDomain(s string) bool {
	return s != "" && len(s) <= 253 && strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789.-") == "" &&
		s[0] != '.' && s[len(s)-1] != '.' && !strings.Contains(s, "..")
}
