package powercut

import (
	"math"
	"sync"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/lab/audit"
	"github.com/charlahq/charla/tickets"
)

// never is a position that no disk reaches.
const never = math.MaxInt

// call is a request with a key, as its caller sees it. Positions are of the disk:
// when it was made, and when it was answered (never: not yet).
type call struct {
	begun, acked int
	session      int // whose conversation; an index into the ledger's sessions
	kind         tickets.CommandKind
	ref          tickets.Ref
	key          string
	ack          audit.Ack
}

// visitor is a session, and the position at which it was acknowledged.
type visitor struct {
	acked        int
	conversation tickets.ConversationID
	token        charla.Token
}

type mailed struct {
	at  int
	key string
}

type moment struct {
	at  int
	now time.Time
}

// ledger is what the world outside knows: it is not lost when the power goes.
type ledger struct {
	mu       sync.Mutex
	created  int // the account's position
	visitors []visitor
	calls    []*call
	// seen are entries that nobody asked for: what the runner did.
	seen  []*call
	mails []mailed
	times []moment
	next  int // numbers keys and texts
}

func newLedger(start time.Time) *ledger {
	return &ledger{created: never, times: []moment{{0, start}}}
}

// before returns what was known outside when the disk was at a position: calls answered
// later were under way then, those made later do not exist.
func (l *ledger) before(k int) *ledger {
	out := &ledger{created: never, next: l.next}
	if l.created <= k {
		out.created = 0
	}
	for _, v := range l.visitors {
		if v.acked <= k {
			v.acked = 0
		} else {
			v.acked = never // keeps the numbers of the others
		}
		out.visitors = append(out.visitors, v)
	}
	for _, c := range l.calls {
		if copied, made := c.before(k); made {
			out.calls = append(out.calls, copied)
		}
	}
	for _, c := range l.seen {
		if copied, made := c.before(k); made && copied.acked == 0 {
			out.seen = append(out.seen, copied)
		}
	}
	for _, m := range l.mails {
		if m.at <= k {
			out.mails = append(out.mails, mailed{0, m.key})
		}
	}
	for _, m := range l.times {
		if m.at <= k {
			out.times = []moment{{0, m.now}}
		}
	}
	return out
}

func (c *call) before(k int) (*call, bool) {
	if c.begun > k {
		return nil, false
	}
	copied := *c
	copied.begun = 0
	if c.acked <= k {
		copied.acked = 0
	} else {
		copied.acked, copied.ack = never, audit.Ack{Kind: c.kind, Text: c.ack.Text}
	}
	return &copied, true
}

// acks returns the acknowledgements of one visitor's conversation.
func (l *ledger) acks(session int) []audit.Ack {
	var out []audit.Ack
	for _, list := range [][]*call{l.calls, l.seen} {
		for _, c := range list {
			if c.session == session && c.acked != never {
				out = append(out, c.ack)
			}
		}
	}
	return out
}

// acked returns how many calls were acknowledged.
func (l *ledger) acked() int {
	n := len(l.mails)
	for _, v := range l.visitors {
		if v.acked != never {
			n++
		}
	}
	for _, list := range [][]*call{l.calls, l.seen} {
		for _, c := range list {
			if c.acked != never {
				n++
			}
		}
	}
	return n
}
