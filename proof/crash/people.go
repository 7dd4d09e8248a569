package crash

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/charlahq/charla/proof/audit"
	"github.com/charlahq/charla/tickets"
)

// chat is a customer and an agent, who talk to the child at the same time, and what
// they were answered.
type chat struct {
	world *world
	n     int
	rng   *rand.Rand // the customer's
	other *rand.Rand // the agent's

	mu      sync.Mutex
	session tickets.Session
	latest  tickets.Ref
	acks    []audit.Ack
	// asked are the requests that were acknowledged, by the index of their ack.
	asked []request
}

// world is who outlives the processes.
type world struct {
	people sync.WaitGroup
	chats  []*chat
	// ending is closed when nobody begins anything new.
	ending chan struct{}

	mu   sync.Mutex
	now  *process
	next chan struct{} // closes when there is another process

	retries, failures atomic.Int64
	lastFailure       atomic.Value
}

func newWorld(seed uint64, chats int) *world {
	w := &world{ending: make(chan struct{}), next: make(chan struct{})}
	for n := range chats {
		w.chats = append(w.chats, &chat{
			world: w, n: n,
			rng:   rand.New(rand.NewPCG(seed, uint64(2*n))),
			other: rand.New(rand.NewPCG(seed, uint64(2*n+1))),
		})
	}
	return w
}

// begin lets people in.
func (w *world) begin() {
	for _, c := range w.chats {
		w.people.Go(c.customer)
		w.people.Go(c.agent)
	}
}

// end waits until everybody has the answer to what they asked last.
func (w *world) end() {
	close(w.ending)
	w.people.Wait()
}

// serve says which process answers now.
func (w *world) serve(p *process) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = p
	close(w.next)
	w.next = make(chan struct{})
}

// ask asks until there is an answer, with the same key.
func (w *world) ask(r request) answer {
	for first := true; ; first = false {
		w.mu.Lock()
		p, next := w.now, w.next
		w.mu.Unlock()
		if p == nil {
			<-next
			continue
		}
		if !first {
			w.retries.Add(1)
		}
		a, ok := p.ask(r)
		switch {
		case ok && a.Error == "":
			return a
		case ok:
			w.failures.Add(1)
			w.lastFailure.Store(a.Error)
			time.Sleep(time.Millisecond)
		default:
			<-next // the process died
		}
	}
}

// pause waits; false: it is time to go.
func (w *world) pause(d time.Duration) bool {
	select {
	case <-w.ending:
		return false
	case <-time.After(d):
		return true
	}
}

// customer writes, in bursts, with silences in which delays and auto-closes come.
func (c *chat) customer() {
	s := c.world.ask(request{}).Session
	c.mu.Lock()
	c.session = s
	c.mu.Unlock()
	for n := 0; c.world.pause(silence(c.rng, 8)); n++ {
		c.call(request{
			Kind: tickets.Write, Session: s, Key: fmt.Sprint("w", n),
			Text: fmt.Sprintf("customer %d message %d %s", c.n, n, filler(c.rng)),
		})
	}
}

// agent answers and closes, as the tickets are.
func (c *chat) agent() {
	kinds := []tickets.Kind{
		tickets.Reply, tickets.Reply, tickets.Reply, tickets.Reply, tickets.Reply, tickets.Reply,
		tickets.Close, tickets.Close, tickets.Ignore, tickets.OpenTicket,
	}
	for n := 0; c.world.pause(silence(c.other, 16)); n++ {
		c.mu.Lock()
		ref := c.latest
		c.mu.Unlock()
		if ref.Number == 0 {
			continue
		}
		r := request{Kind: kinds[c.other.IntN(len(kinds))], Ref: ref, Key: fmt.Sprint("a", c.n, ".", n)}
		if r.Kind == tickets.Reply {
			r.Text = fmt.Sprintf("agent of %d answer %d %s", c.n, n, filler(c.other))
		}
		c.call(r)
	}
}

// silence is mostly short, and now and then long enough for what falls due.
func silence(rng *rand.Rand, ms int) time.Duration {
	if rng.IntN(40) == 0 {
		return time.Duration(500+rng.IntN(1500)) * time.Millisecond
	}
	return time.Duration(rng.IntN(ms*1000)) * time.Microsecond
}

func filler(rng *rand.Rand) string {
	text := strings.Repeat("palabra ", rng.IntN(8)*rng.IntN(8))
	if rng.IntN(10) == 0 {
		text += "urgente"
	}
	return text
}

// call makes a request and enters the answer into the ledger.
func (c *chat) call(r request) {
	a := c.world.ask(r)
	if a.Refused {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	ack := audit.Ack{Result: a.Result, Kind: r.Kind, Text: r.Text, Somewhere: a.Early}
	if a.Early {
		ack.Ref.Conversation = c.session.Conversation
	} else if r.Kind == tickets.Write {
		c.latest = a.Result.Ref
	}
	c.acks = append(c.acks, ack)
	c.asked = append(c.asked, r)
}

// ledger is a copy of what was acknowledged so far.
func (c *chat) ledger() (tickets.Ref, []audit.Ack) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return tickets.Ref{Account: account, Conversation: c.session.Conversation}, append([]audit.Ack(nil), c.acks...)
}
