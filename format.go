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

// rewritable says whether this version may write a conversation again.
func rewritable(l *storage.Loaded) error {
	if l.Conversation.Format > tickets.Format {
		return ErrNewerFormat
	}
	return nil
}

// knows says whether this version knows every key of a stored configuration.
// Saving it again would drop the others.
func (d *Desk) knows(ctx context.Context, id chatcfg.AccountID, v chatcfg.Version) error {
	body, err := d.store.Accounts().Document(ctx, id, configDocument, int64(v))
	if err != nil {
		return storeError(err)
	}
	if _, err := chatcfg.Decode(body); err != nil {
		return unreadable(id, v, err)
	}
	return nil
}

// open reads the body of a delivery. One with keys that this version does not know
// is left to those that do.
func open(body []byte, to any) error {
	strict := json.NewDecoder(bytes.NewReader(body))
	strict.DisallowUnknownFields()
	known := strict.Decode(to)
	if known == nil {
		return nil
	}
	if err := json.Unmarshal(body, to); err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return fmt.Errorf("%w: %w: %w", ErrNotSent, ErrNewerFormat, known)
}

// giveWayFor is for how many leases a desk gives way after it met a conversation of
// a newer version.
const giveWayFor = 10

// newer is when a desk last met a conversation of a newer version.
type newer struct{ met atomic.Int64 }

// claimable is the instant up to which a desk claims what is due. One that knows of
// newer desks leaves them the length of a lease, since it could do nothing with what
// they wrote but keep it from them.
func (d *Desk) claimable(now time.Time) time.Time {
	lease := d.o.Runner.Lease
	if met := d.newer.met.Load(); met != 0 && now.Sub(time.UnixMicro(met)) < giveWayFor*lease {
		return now.Add(-lease)
	}
	return now
}

// skipNewer leaves a claimed conversation in a newer format to a newer process, which
// claims it when the lease runs out; any other error stays.
func (d *Desk) skipNewer(ctx context.Context, c storage.Claim, err error) error {
	if !errors.Is(err, ErrNewerFormat) {
		return err
	}
	d.newer.met.Store(d.Now().UnixMicro())
	d.o.Logger.Warn("charla: deadline left to a newer version", slog.String("conversation", c.Conversation.String()))
	d.failed(ctx, RunDeadlines, err)
	return nil
}
