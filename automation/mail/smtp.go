package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/charlahq/charla"
	"github.com/wneessen/go-mail/smtp"
)

const (
	// keepIdle is how long an unused connection is trusted: servers and the network
	// between forget them after minutes.
	keepIdle = 30 * time.Second
	// keepMails is how many mails one connection takes: servers have a limit.
	keepMails = 100
	// maxAnswers is how much a server may say for one mail, in bytes.
	maxAnswers = 1 << 20
)

var (
	errClosed  = errors.New("mail: the mailer is closed")
	errAnswers = errors.New("mail: the server says too much")
)

// pool keeps the connections to the server.
type pool struct {
	server, host, domain string
	security             Security
	tls                  *tls.Config
	clock                charla.Clock
	// login logs in; nil: there is no login. It is a function so that no way of printing
	// shows a password.
	login func(*smtp.Client) error
	// slots has one token for each connection in use.
	slots chan struct{}

	mu     sync.Mutex
	closed bool
	idle   []*connection
	// live counts the connections that there are or are being made, idle or in use.
	live int
	// full says that the server refused one more than it has of us.
	full bool
	// freed is closed when one in use is put back or lost; nil: nobody waits.
	freed chan struct{}
}

// connection is one that is ready for a mail.
type connection struct {
	*smtp.Client
	raw   *wire // below TLS: deadlines go here
	mails int
	used  time.Time
}

// wire is a connection from which no more is read than fits into memory: answers are
// gathered up to their last line, which may never come.
type wire struct {
	net.Conn
	left int
}

// Read reads from the connection. It fails with errAnswers once left bytes were read,
// and else as the connection does.
func (w *wire) Read(b []byte) (int, error) {
	if w.left <= 0 {
		return 0, errAnswers
	}
	n, err := w.Conn.Read(b[:min(len(b), w.left)])
	w.left -= n
	return n, err
}

// newPool returns a pool of connections to a server. It does not connect.
func newPool(server, host string, o *Options) *pool {
	cfg := o.TLS.Clone()
	if cfg == nil {
		cfg = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if cfg.ServerName == "" {
		cfg.ServerName = host
	}
	p := &pool{
		server: server, host: host, domain: o.Domain, security: o.Security, tls: cfg, clock: o.Clock,
		slots: make(chan struct{}, o.Connections),
	}
	if o.Username != "" {
		p.login = login(host, o.Username, o.Password, o.Security == InsecurePlaintext)
	}
	return p
}

// login returns a function that logs in by the first of SCRAM-SHA-256, PLAIN and LOGIN
// that the server offers; that fails if the server offers none, or refuses.
func login(host, name, password string, plaintext bool) func(*smtp.Client) error {
	return func(c *smtp.Client) error {
		_, offered := c.Extension("AUTH")
		mechanisms := strings.Fields(strings.ToUpper(offered))
		switch {
		case slices.Contains(mechanisms, "SCRAM-SHA-256"):
			return c.Auth(smtp.ScramSHA256Auth(name, password))
		case slices.Contains(mechanisms, "PLAIN"):
			return c.Auth(smtp.PlainAuth("", name, password, host, plaintext))
		case slices.Contains(mechanisms, "LOGIN"):
			return c.Auth(smtp.LoginAuth(name, password, host, plaintext))
		default:
			return fmt.Errorf("mail: no way to log in among %q", offered)
		}
	}
}

// send hands one mail to the server, over a connection of the pool; one that turns out
// to be broken it replaces once. ctx has a deadline; its first half is for what comes
// before the end of the mail. It fails as outcome says.
func (p *pool) send(ctx context.Context, from, to string, raw []byte) error {
	now := networkTime()
	end, _ := ctx.Deadline()
	early, cancel := context.WithDeadline(ctx, now.Add(end.Sub(now)/2))
	defer cancel()
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-early.Done():
		return outcome(atWait, early.Err())
	}
	for first := true; ; first = false {
		c, at, err := p.take(early)
		if err != nil {
			return outcome(at, err)
		}
		used := c.mails > 0
		if at, err = c.transact(early, end, from, to, raw); err == nil {
			p.put(c)
			return nil
		}
		p.lose(c)
		// A server may end a connection that it has served; the mail has nothing to do with it.
		if at != atMail || !used || !first || permanent(err) {
			return outcome(at, err)
		}
	}
}

// transact sends one mail on a connection that is ready for it. It fails with the stage
// at which it failed; a nil error means that the server took the mail.
func (c *connection) transact(early context.Context, end time.Time, from, to string, raw []byte) (stage, error) {
	release := bound(early, c.raw)
	defer release()
	if err := c.Mail("<" + from + ">"); err != nil {
		return atMail, cause(early, err)
	}
	if err := c.Rcpt("<" + to + ">"); err != nil {
		return atRcpt, cause(early, err)
	}
	w, err := c.Data()
	if err != nil {
		return atData, cause(early, err)
	}
	// Flushed, so that what fails until here has certainly failed before the end.
	if _, err = w.Write(raw); err == nil {
		err = c.Text.W.Flush()
	}
	if err != nil {
		return atText, cause(early, err)
	}
	if !release() {
		return atText, early.Err()
	}
	// From here on only the answer tells, so that nothing but time stops the wait.
	if err := c.raw.SetDeadline(end); err != nil {
		return atText, err
	}
	return atEnd, w.Close()
}

// bound makes a connection fail when ctx ends, until release is called, which reports
// whether ctx had not ended.
func bound(ctx context.Context, conn net.Conn) (release func() bool) {
	if end, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(end)
	}
	return context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
}

// cause returns err, and with it the end of ctx if that may have caused it.
func cause(ctx context.Context, err error) error {
	if ended := ctx.Err(); ended != nil {
		return fmt.Errorf("%w: %w", ended, err)
	}
	return err
}

// take returns a connection that is ready for a mail, kept or new. If the server takes
// no more connections it waits for one of those in use. It fails with the stage that
// failed, or in which ctx ended.
func (p *pool) take(ctx context.Context) (*connection, stage, error) {
	for {
		c, freed, err := p.pop()
		switch {
		case err != nil:
			return nil, atConnect, err
		case freed != nil:
			select {
			case <-freed:
				continue
			case <-ctx.Done():
				return nil, atWait, ctx.Err()
			}
		case c == nil:
			c, at, err := p.dial(ctx)
			if err == nil || !p.refused(ctx, err) {
				return c, at, err
			}
			continue
		}
		c.raw.left = maxAnswers
		release := bound(ctx, c.raw)
		err = c.Reset()
		if release() && err == nil {
			return c, stage{}, nil
		}
		p.lose(c)
		if ctx.Err() != nil {
			return nil, atConnect, ctx.Err()
		}
	}
}

// pop returns the connection used last that is fit for another mail. If there is none,
// it returns a channel that is closed when one in use is put back or lost, if the
// server takes no more; else nothing, and the caller has to dial, or call gone. It
// fails with errClosed once the pool is closed.
func (p *pool) pop() (c *connection, freed <-chan struct{}, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, nil, errClosed
	}
	for len(p.idle) > 0 {
		last := len(p.idle) - 1
		c := p.idle[last]
		p.idle = p.idle[:last]
		if age := p.clock.Now().Sub(c.used).Abs(); age < keepIdle && c.mails < keepMails {
			return c, nil, nil
		}
		_ = c.raw.Close()
		p.gone()
	}
	if p.full {
		if p.freed == nil {
			p.freed = make(chan struct{})
		}
		return nil, p.freed, nil
	}
	p.live++
	return nil, nil, nil
}

// refused takes note of a connection that could not be made because of err. It reports
// whether that may be because of the others: then it is worth waiting for one of them.
func (p *pool) refused(ctx context.Context, err error) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.gone()
	p.full = p.live > 0 && !permanent(err) && ctx.Err() == nil
	return p.full
}

// gone counts one open connection less, lets others try to connect again and wakes
// those who wait. The caller holds mu.
func (p *pool) gone() {
	p.live--
	p.full = false
	p.wake()
}

// put keeps a connection for the next mail, and wakes those who wait for one; it closes
// it once the pool is closed.
func (p *pool) put(c *connection) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wake()
	if p.closed {
		_ = c.raw.Close()
		return
	}
	c.mails++
	c.used = p.clock.Now()
	p.idle = append(p.idle, c)
}

// lose closes a connection that was in use, and wakes those who wait for one.
func (p *pool) lose(c *connection) {
	_ = c.raw.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.gone()
}

// wake wakes those who wait for a connection in use. The caller holds mu.
func (p *pool) wake() {
	if p.freed != nil {
		close(p.freed)
		p.freed = nil
	}
}

// dial makes a new connection, with TLS, greeting and login. It fails with the stage
// that failed, and then leaves no connection.
func (p *pool) dial(ctx context.Context) (*connection, stage, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", p.server)
	if err != nil {
		return nil, atConnect, err
	}
	raw := &wire{conn, maxAnswers}
	release := bound(ctx, raw)
	client, at, err := p.open(ctx, raw)
	if !release() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		_ = raw.Close()
		return nil, at, cause(ctx, err)
	}
	return &connection{Client: client, raw: raw}, stage{}, nil
}

// open makes an SMTP client of a new connection: TLS, greeting and login. It fails with
// the stage that failed, and leaves raw to the caller to close.
func (p *pool) open(ctx context.Context, raw net.Conn) (*smtp.Client, stage, error) {
	conn := raw
	if p.security == ImplicitTLS {
		secured := tls.Client(raw, p.tls)
		if err := secured.HandshakeContext(ctx); err != nil {
			return nil, atConnect, err
		}
		conn = secured
	}
	c, err := smtp.NewClient(conn, p.host)
	if err != nil {
		return nil, atConnect, err
	}
	// The addresses are ASCII, and so is the text: a server further on that cannot
	// do SMTPUTF8 must not bounce the mail for it.
	c.SkipSMTPUTF8(true)
	if err := c.Hello(p.domain); err != nil {
		return nil, atHello, err
	}
	if p.security == StartTLS {
		if offered, _ := c.Extension("STARTTLS"); !offered {
			return nil, atTLS, errors.New("mail: the server does not offer STARTTLS")
		}
		if err := c.StartTLS(p.tls); err != nil {
			return nil, atTLS, err
		}
	}
	if p.login != nil {
		if err := p.login(c); err != nil {
			return nil, atLogin, err
		}
	}
	return c, stage{}, nil
}

// close ends every connection that is not in use and closes the pool: those in use end
// when they are put back.
func (p *pool) close() {
	p.mu.Lock()
	idle := p.idle
	p.idle, p.closed = nil, true
	p.mu.Unlock()
	for _, c := range idle {
		_ = c.raw.SetDeadline(networkTime().Add(time.Second))
		_ = c.Quit()
		_ = c.raw.Close()
	}
}
