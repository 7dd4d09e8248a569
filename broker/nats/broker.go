// Package charlanats carries charla's hints between processes over NATS, so that
// streams of one process have the news of another at once.
//
//	conn, err := charlanats.Connect(url)
//	...
//	broker, err := charlanats.New(conn, "charla.hints")
//	...
//	desk, err := charla.New(store, &charla.Options{Broker: broker})
//
// It is core NATS, without JetStream: hints are kept nowhere. While the server is
// out of reach, refuses the password or the subject, hints are lost, and streams have
// their news by polling the store; afterwards hints flow again. By its defaults nats.go gives up
// for good after two minutes, or after a second refused login, and says nothing of a refused subscription:
// [Connect] changes that, and [New] takes no connection that is otherwise. The
// connection may serve other purposes, and stays the host's to close.
//
// Permissions needed are publish and subscribe on the subject. A refused subscription
// fails Listen, which the desk logs and tries again; a refused publication is told to
// the connection's nats.ErrorHandler only.
//
// All desks on a store share a subject, and desks on another store have another.
// A hint holds no more than a random ID and a number; anybody who may publish to the
// subject can make desks read their store and show somebody typing, so leave it to
// desks in the server's permissions.
package charlanats

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// What may wait to be sent, and to be received; more is lost. A hint has at most 64
// bytes, what others publish as many as the server takes.
const (
	maxSending   = 1024
	maxReceiving = 4096
	maxBytes     = maxReceiving * 64
)

// recheck is how long a wait for a hint lasts: a refusal by the server wakes nobody and is
// told by the next one only.
const recheck = 2 * time.Second

// Broker is a charla.Broker on a connection to NATS. It is safe for concurrent
// use, and several desks may share one.
type Broker struct {
	conn    *nats.Conn
	subject string

	mu      sync.Mutex
	waiting [][]byte
	// sending says that a goroutine sends what waits.
	sending bool
}

// Connect makes a connection that never gives up, as [New] needs it: the server may be
// away now and later, and may refuse the login for a while. More options may follow.
// The caller closes the connection. It fails for a URL or options that nats.go refuses.
func Connect(url string, o ...nats.Option) (*nats.Conn, error) {
	return nats.Connect(url, append([]nats.Option{
		nats.MaxReconnects(-1), nats.RetryOnFailedConnect(true), nats.IgnoreAuthErrorAbort(), nats.PermissionErrOnSubscribe(true),
	}, o...)...)
}

// New makes a broker of a connection, which need not be connected yet, and a subject.
// It fails for a subject with an empty part, a space or a wildcard, and for a
// connection that is nil, would give up, or would keep a refused subscription to
// itself: [Connect] makes one that does not.
func New(conn *nats.Conn, subject string) (*Broker, error) {
	switch {
	case conn == nil:
		return nil, errors.New("charlanats: no connection")
	case conn.Opts.MaxReconnect >= 0 || !conn.Opts.AllowReconnect:
		return nil, errors.New("charlanats: the connection gives up when the server stays away (nats.MaxReconnects(-1))")
	case !conn.Opts.IgnoreAuthErrorAbort:
		return nil, errors.New("charlanats: the connection gives up when its login is refused (nats.IgnoreAuthErrorAbort)")
	case !conn.Opts.PermissionErrOnSubscribe:
		return nil, errors.New("charlanats: the connection says nothing of a refused subscription (nats.PermissionErrOnSubscribe)")
	}
	tokens := strings.Split(subject, ".")
	if strings.ContainsAny(subject, " \t\r\n*>") || slices.Contains(tokens, "") {
		return nil, fmt.Errorf("charlanats: %q is no subject to publish to", subject)
	}
	return &Broker{conn: conn, subject: subject}, nil
}

// Publish sends a hint, which must not change afterwards, on a goroutine of its own,
// and loses it if the connection is down or too many wait already. nats.go's own
// Publish blocks when the server does not read, and keeps for later what is published
// while there is none.
func (b *Broker) Publish(hint []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.waiting) == maxSending {
		return
	}
	b.waiting = append(b.waiting, hint)
	if !b.sending {
		b.sending = true
		go b.send()
	}
}

// send sends until nothing waits. What the connection does not take is lost.
func (b *Broker) send() {
	for {
		b.mu.Lock()
		hints := b.waiting
		b.waiting = nil
		b.sending = len(hints) > 0
		b.mu.Unlock()
		if len(hints) == 0 {
			return
		}
		for _, hint := range hints {
			if b.conn.IsConnected() {
				_ = b.conn.Publish(b.subject, hint) // it may be lost
			}
		}
	}
}

// Listen hands over what others publish, and this process unless the connection has
// nats.NoEcho, on the caller's goroutine until ctx ends; then it returns ctx's error. A
// lost connection that comes back goes on; it fails when the connection is closed for
// good, or when the server refuses the subscription. What receive is too slow for is
// lost.
func (b *Broker) Listen(ctx context.Context, receive func(hint []byte)) error {
	sub, err := b.conn.SubscribeSync(b.subject)
	if err != nil {
		return fmt.Errorf("charlanats: %w", err)
	}
	defer func() { _ = sub.Unsubscribe() }() // fails if the connection is closed
	if err := sub.SetPendingLimits(maxReceiving, maxBytes); err != nil {
		return fmt.Errorf("charlanats: %w", err)
	}
	for {
		waits, stop := context.WithTimeout(ctx, recheck)
		m, err := sub.NextMsgWithContext(waits)
		stop()
		switch {
		case err == nil:
			receive(m.Data)
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, context.DeadlineExceeded):
		case errors.Is(err, nats.ErrSlowConsumer): // told once for all that were lost
		default:
			return fmt.Errorf("charlanats: %w", err)
		}
	}
}
