package charla

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/google/uuid"
)

// Desk is a chat channel on a store: the only part of charla that does anything.
// It is safe for concurrent use, and any number of desks, in any number of
// processes, may share a store. A call runs on its caller's goroutine; nothing
// happens by itself but within [Desk.Run] and [Desk.RunDue].
type Desk struct {
	store   storage.Store
	o       Options
	queues  queues
	turns   turns
	cache   rulesCache
	rosters presenceCache
	topic   topics
	feeds   inboxFeeds
	newer   newerSeen
	fileUse fileUse
	// security bounds the lines of security events.
	security securityLog
	time     deskTime
	patrols  patrol

	// hooks are the names of Options.Hooks, in order.
	hooks []string
	// dueKick and outKick wake up the two halves of Run.
	dueKick, outKick chan struct{}
	// ticks are the deadlines under way, sends the deliveries.
	ticks, sends *pool
}

// New makes a desk on a store. nil options are the defaults. It does no I/O. The store
// stays the caller's to close, after the desk's last call. It fails without a store,
// and with every problem of the options at once.
func New(store storage.Store, o *Options) (*Desk, error) {
	if store == nil {
		return nil, errors.New("charla: no store")
	}
	d := &Desk{store: store, o: o.withDefaults(), dueKick: make(chan struct{}, 1), outKick: make(chan struct{}, 1)}
	if err := d.o.check(); err != nil {
		return nil, err
	}
	d.ticks, d.sends = newPool(d.o.Runner.Workers, d.dueKick), newPool(d.o.Runner.Workers, d.outKick)
	d.hooks = slices.Sorted(maps.Keys(d.o.Hooks))
	return d, nil
}

// Now returns the desk's time, in UTC, to the microsecond: its clock's, but that it stands
// still for some minutes when the clock steps back.
func (d *Desk) Now() time.Time {
	return d.time.read(d.o.Clock.Now().UTC().Truncate(time.Microsecond))
}

// random fills b from the desk's entropy. It fails if that does.
func (d *Desk) random(b []byte) error {
	if _, err := io.ReadFull(d.o.Entropy, b); err != nil {
		return fmt.Errorf("charla: entropy: %w", err)
	}
	return nil
}

// chance returns a random number of the desk's entropy. It fails if that does.
func (d *Desk) chance() (uint64, error) {
	var b [8]byte
	err := d.random(b[:])
	return binary.LittleEndian.Uint64(b[:]), err
}

// mint makes a UUID of version 7 from the desk's clock and entropy, so that IDs
// made later sort later. (uuid.NewV7 reads the system's clock.) It fails if the entropy
// does.
func (d *Desk) mint() (uuid.UUID, error) {
	var id uuid.UUID
	if err := d.random(id[:]); err != nil {
		return id, err
	}
	ms := uint64(d.Now().UnixMilli())
	binary.BigEndian.PutUint16(id[:], uint16(ms>>32))
	binary.BigEndian.PutUint32(id[2:], uint32(ms))
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return id, nil
}

// presence returns whether the account has an available agent: by [Options].Presence,
// else by the heartbeats at the desk's time. A conversation's time may be ahead of
// that; it is not used. It fails if [Options].Presence or the store does.
func (d *Desk) presence(ctx context.Context, account chatcfg.AccountID) (tickets.Presence, error) {
	if d.o.Presence != nil {
		p, err := d.o.Presence.Presence(ctx, account)
		if err != nil {
			return p, fmt.Errorf("charla: presence: %w", err)
		}
		p.Absence = max(p.Absence, 1) // zero means "in none" to a ticket
		return p, nil
	}
	now := d.Now()
	roster, err := d.roster(ctx, account, now)
	return roster.At(now, d.o.HeartbeatTTL), err
}
