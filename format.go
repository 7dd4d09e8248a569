package charla

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// While processes are replaced by newer ones, both kinds work on one store. The
// older reads what the newer wrote, as far as it understands it, and never writes
// it again: it would lose the rest.

// checkFormat returns [ErrNewerFormat] if a newer version wrote the conversation, so
// that this one must not write it again; else nil.
func checkFormat(l *storage.Loaded) error {
	if l.Conversation.Format > tickets.Format {
		return ErrNewerFormat
	}
	return nil
}

// checkConfigKeys returns [ErrNewerFormat] if a stored configuration has keys that this
// version does not know, which saving it again would drop; else nil. It fails if the
// store does.
func (d *Desk) checkConfigKeys(ctx context.Context, id chatcfg.AccountID, v chatcfg.Version) error {
	body, err := d.store.Accounts().Document(ctx, id, configDocument, int64(v))
	if err != nil {
		return storeError(err)
	}
	if _, err := chatcfg.Decode(body); err != nil {
		return unreadable(id, v, err)
	}
	return nil
}

// openBody reads the JSON body of a delivery. It fails with [ErrNotSent] and
// [ErrNewerFormat] if the body has keys that this version does not know, so that a
// newer one sends it, and with [ErrRefused] if nobody could read it.
func openBody(body []byte, to any) error {
	if err := json.Unmarshal(body, to); err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	strict := json.NewDecoder(bytes.NewReader(body))
	strict.DisallowUnknownFields()
	if err := strict.Decode(to); err != nil {
		return fmt.Errorf("%w: %w: %w", ErrNotSent, ErrNewerFormat, err)
	}
	return nil
}

// giveWayFor is for how many leases a desk claims late after it met a conversation of
// a newer version.
const giveWayFor = 10

// newerSeen is when a desk last met a conversation of a newer version, in microseconds;
// zero: never.
type newerSeen struct{ at atomic.Int64 }

// claimable returns the instant up to which a desk claims what is due: now, or a lease
// earlier for a desk that has lately met a conversation of a newer version. So the
// newer desks claim first what only they can carry out.
func (d *Desk) claimable(now time.Time) time.Time {
	lease := d.o.Runner.Lease
	if at := d.newer.at.Load(); at != 0 && now.Sub(time.UnixMicro(at)).Abs() < giveWayFor*lease {
		return now.Add(-lease)
	}
	return now
}

// skipNewer returns nil for an [ErrNewerFormat]: the claimed conversation is left to a
// newer process, which claims it when the lease runs out. It logs that, tells the
// observer, and has claimable give way. Any other error it returns as it is.
func (d *Desk) skipNewer(ctx context.Context, c storage.Claim, err error) error {
	if !errors.Is(err, ErrNewerFormat) {
		return err
	}
	d.newer.at.Store(d.Now().UnixMicro())
	d.o.Logger.Warn("charla: deadline left to a newer version", slog.String("conversation", c.Conversation.String()))
	d.failed(ctx, RunDeadlines, err)
	return nil
}
