package postgres

import (
	"bytes"
	"context"
	"encoding/base64"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// channel is what processes listen on. Channels belong to a database.
const channel = "charla"

const (
	// maxHint is the longest hint that is sent.
	maxHint = 4096
	// maxHints is how many wait to be sent, before others are dropped.
	maxHints = 4096
	// maxNotice is how long a notification of PostgreSQL can be.
	maxNotice = 7999
	// sendTimeout bounds one sending.
	sendTimeout = 5 * time.Second
	// quiet is after how long without a notification a listener asks whether the
	// server is there still: a network that loses everything does not say so.
	quiet = 30 * time.Second
)

// Broker carries hints between the processes on one database, by NOTIFY and LISTEN,
// as charla's desks want it. Hints are sent beside the commits, since a NOTIFY
// within one holds up every other; those that wait are sent together, each once.
// They may be lost. It is safe for concurrent use.
type Broker struct {
	pool  *pgxpool.Pool
	quiet time.Duration

	mu      sync.Mutex
	waiting [][]byte
	known   map[string]bool // those that wait
	sending bool
	idle    sync.WaitGroup
}

// NewBroker makes a broker on a pool of connections, which may be the store's
// ([New]): it needs one of them now and then, and for each Listen one that it opens
// beside the pool, with the pool's configuration.
func NewBroker(pool *pgxpool.Pool) *Broker {
	return &Broker{pool: pool, quiet: quiet, known: map[string]bool{}}
}

// Publish sends a hint, on a goroutine of its own, to everyone who listens, this
// process too. It neither blocks nor fails. It drops a hint that is empty, longer than
// 4096 bytes or already waiting to be sent, and any hint while 4096 others wait.
func (b *Broker) Publish(hint []byte) {
	if len(hint) == 0 || len(hint) > maxHint {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.waiting) == maxHints || b.known[string(hint)] {
		return
	}
	b.waiting = append(b.waiting, bytes.Clone(hint))
	b.known[string(hint)] = true
	if !b.sending {
		b.sending = true
		b.idle.Go(b.send)
	}
}

// Wait returns when everything that was published has been sent or lost.
func (b *Broker) Wait() { b.idle.Wait() }

// send sends the hints that wait, until none does.
func (b *Broker) send() {
	for {
		b.mu.Lock()
		hints := b.waiting
		b.waiting = nil
		clear(b.known)
		b.sending = len(hints) > 0
		b.mu.Unlock()
		if len(hints) == 0 {
			return
		}
		b.notify(notices(hints))
	}
}

// notify sends notices in one transaction, which need not be durable. If it fails, they
// are lost.
func (b *Broker) notify(notices []string) {
	ctx, cancel := context.WithTimeout(context.Background(), sendTimeout)
	defer cancel()
	_ = b.pool.AcquireFunc(ctx, func(c *pgxpool.Conn) error {
		var batch pgx.Batch
		batch.Queue("SELECT set_config('synchronous_commit', 'off', true)")
		batch.Queue("SELECT pg_notify($1, n) FROM unnest($2::text[]) n", channel, notices)
		err := c.SendBatch(ctx, &batch).Close()
		if err != nil { // it may lead to a server that takes no notices
			_ = c.Conn().Close(ctx)
		}
		return err
	})
}

// notices returns hints as the texts of notifications: encoded, separated by spaces, and as
// many in one text as fit.
func notices(hints [][]byte) (all []string) {
	var one []byte
	for _, hint := range hints {
		if len(one) > 0 && len(one)+1+base64.StdEncoding.EncodedLen(len(hint)) > maxNotice {
			all, one = append(all, string(one)), nil
		}
		if len(one) > 0 {
			one = append(one, ' ')
		}
		one = base64.StdEncoding.AppendEncode(one, hint)
	}
	return append(all, string(one))
}

// Listen hands over the hints of all processes on the database, this one too, until ctx
// ends, when it returns nil, or until it gets no connection or loses it, when it fails
// with an [*Error]: then call it again. receive must return soon.
func (b *Broker) Listen(ctx context.Context, receive func(hint []byte)) error {
	c, err := b.pool.Acquire(ctx)
	if err != nil {
		return listened(ctx, err)
	}
	conn := c.Hijack() // it listens: nobody else should have it
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendTimeout)
		defer cancel()
		_ = conn.Close(ctx)
	}()
	if _, err := conn.Exec(ctx, "LISTEN "+channel); err != nil {
		return listened(ctx, err)
	}
	for {
		notice, err := b.next(ctx, conn)
		if err != nil {
			return listened(ctx, err)
		}
		for text := range bytes.FieldsSeq([]byte(notice.Payload)) {
			if hint, err := base64.StdEncoding.AppendDecode(nil, text); err == nil {
				receive(hint)
			}
		}
	}
}

// next waits for the next notification. After each quiet time it checks that the server
// answers. It fails when ctx ends or the connection is lost.
func (b *Broker) next(ctx context.Context, c *pgx.Conn) (*pgconn.Notification, error) {
	for {
		within, cancel := context.WithTimeout(ctx, b.quiet)
		notice, err := c.WaitForNotification(within)
		quiet := within.Err() != nil && ctx.Err() == nil
		cancel()
		if err == nil || !quiet {
			return notice, err
		}
		within, cancel = context.WithTimeout(ctx, sendTimeout)
		err = c.Ping(within)
		cancel()
		if err != nil {
			return nil, err
		}
	}
}

// listened returns the result of Listen for an error: nil if ctx has ended, else an
// [*Error].
func listened(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil //nolint:nilerr // it was told to end
	}
	return failed("listen", err)
}
