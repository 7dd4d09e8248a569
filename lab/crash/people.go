package crash

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/charlahq/charla/lab/audit"
	"github.com/charlahq/charla/tickets"
)

// chat is a customer and an agent, who talk to the children at the same time, and what
// they were answered.
type chat struct {
	world *world
	n     int
	rng   *rand.Rand // the customer's
	other *rand.Rand // the agent's

	mu           sync.Mutex
	conversation tickets.ConversationID
	latest       tickets.Ref
	acks         []audit.Ack
	// asked are the requests that were acknowledged, by the index of their ack.
	asked []request
}

// world is who outlives the processes.
type world struct {
	people sync.WaitGroup
	chats  []*chat
	// ending is closed when nobody begins anything new.
	ending chan struct{}

	mu      sync.Mutex
	serving []*process    // is replaced, never changed
	next    chan struct{} // closes when there is another process

	// answered counts answers, busy and unknown those that were none, failures
	// all others.
	answered, retries, busy, unknown, failures atomic.Int64
	lastFailure                                atomic.Value
}

// newWorld returns a number of conversations that have not begun.
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

// begin starts all customers and agents.
func (w *world) begin() {
	for _, c := range w.chats {
		w.people.Go(c.customer)
		w.people.Go(c.agent)
	}
}

// patience bounds how long there may be no answer to anybody.
const patience = time.Minute

// end waits until all requests are answered, and then ends the last processes in order.
func (w *world) end(last ...*process) error {
	close(w.ending)
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		w.people.Wait()
	}()
	select {
	case <-gone:
	case <-time.After(patience):
		return fmt.Errorf("people are not answered: %v", w.lastFailure.Load())
	}
	for _, p := range last {
		if err := p.stop(); err != nil {
			return fmt.Errorf("one of the last processes: %w", err)
		}
	}
	return nil
}

// serve adds a process to those that answer.
func (w *world) serve(p *process) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.serving = append(slices.Clone(w.serving), p)
	close(w.next)
	w.next = make(chan struct{})
}

// leave removes a process from those that answer.
func (w *world) leave(p *process) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.serving = slices.DeleteFunc(slices.Clone(w.serving), func(q *process) bool { return p == q })
}

// pick returns a process that answers, if possible another than the last one.
func (w *world) pick(rng *rand.Rand, last *process) *process {
	for {
		w.mu.Lock()
		serving, next := w.serving, w.next
		w.mu.Unlock()
		if len(serving) == 0 {
			<-next
			continue
		}
		i := rng.IntN(len(serving))
		if serving[i] == last {
			i = (i + 1) % len(serving)
		}
		return serving[i]
	}
}

// ask sends a request until there is an answer, to one process after the other. It
// keeps its key, unless every answer was that nothing happened (R8.1): then it takes a
// new one, so that a false answer stores the text twice. It returns the request as
// answered, and the answer.
func (w *world) ask(rng *rand.Rand, r request) (request, answer) {
	key, undone := r.Key, true
	for last, try := (*process)(nil), 0; ; try++ {
		if try > 0 {
			w.retries.Add(1)
		}
		if undone && key != "" {
			r.Key = fmt.Sprint(key, "-", try)
		}
		last = w.pick(rng, last)
		a, ok := last.ask(r)
		if !ok {
			w.leave(last) // it died
			undone = false
			continue
		}
		if a.Failure == "" {
			w.answered.Add(1)
			return r, a
		}
		undone = undone && a.Failure == busy
		w.failed(a)
		time.Sleep(time.Duration(10+rng.IntN(40)) * time.Millisecond)
	}
}

// failed counts a failed attempt by its kind.
func (w *world) failed(a answer) {
	switch a.Failure {
	case busy:
		w.busy.Add(1)
	case unknown:
		w.unknown.Add(1)
	default:
		w.failures.Add(1)
	}
	if a.Failure == failure || w.failures.Load() == 0 {
		w.lastFailure.Store(a.Error)
	}
}

// pause waits; false: it is time to stop.
func (w *world) pause(d time.Duration) bool {
	select {
	case <-w.ending:
		return false
	case <-time.After(d):
		return true
	}
}

// customer writes at least once, in bursts, with silences in which delays and auto-closes
// come.
func (c *chat) customer() {
	_, a := c.world.ask(c.rng, request{})
	c.mu.Lock()
	c.conversation = a.Conversation
	c.mu.Unlock()
	for n := 0; n == 0 || c.world.pause(silence(c.rng, 8)); n++ {
		c.call(c.rng, request{
			Kind: tickets.CommandWrite, Token: a.Token, Key: fmt.Sprint("w", n),
			Text: fmt.Sprintf("customer %d message %d %s", c.n, n, filler(c.rng)),
		})
	}
}

// agent answers and closes, as the tickets are.
func (c *chat) agent() {
	kinds := []tickets.CommandKind{
		tickets.CommandReply, tickets.CommandReply, tickets.CommandReply, tickets.CommandReply, tickets.CommandReply, tickets.CommandReply,
		tickets.CommandClose, tickets.CommandClose, tickets.CommandIgnore, tickets.CommandOpen,
	}
	for n := 0; c.world.pause(silence(c.other, 16)); n++ {
		c.mu.Lock()
		ref := c.latest
		c.mu.Unlock()
		if ref.Number == 0 {
			continue
		}
		r := request{Kind: kinds[c.other.IntN(len(kinds))], Ref: ref, Key: fmt.Sprint("a", c.n, ".", n)}
		if r.Kind == tickets.CommandReply {
			r.Text = fmt.Sprintf("agent of %d answer %d %s", c.n, n, filler(c.other))
		}
		c.call(c.other, r)
	}
}

// silence is mostly short, and sometimes long enough for deadlines.
func silence(rng *rand.Rand, ms int) time.Duration {
	if rng.IntN(40) == 0 {
		return time.Duration(500+rng.IntN(1500)) * time.Millisecond
	}
	return time.Duration(rng.IntN(ms*1000)) * time.Microsecond
}

// filler returns words of a random length.
func filler(rng *rand.Rand) string {
	text := strings.Repeat("palabra ", rng.IntN(8)*rng.IntN(8))
	if rng.IntN(10) == 0 {
		text += "urgente"
	}
	return text
}

// call makes a request and records the answer in the ledger.
func (c *chat) call(rng *rand.Rand, r request) {
	r, a := c.world.ask(rng, r)
	if a.Refused {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	ack := audit.Ack{Result: a.Result, Kind: r.Kind, Text: r.Text, Somewhere: a.Early}
	if a.Early {
		ack.Ref.Conversation = c.conversation
	} else if r.Kind == tickets.CommandWrite {
		c.latest = a.Result.Ref
	}
	c.acks = append(c.acks, ack)
	c.asked = append(c.asked, r)
}

// ledger returns the conversation and a copy of what was acknowledged so far.
func (c *chat) ledger() (tickets.Ref, []audit.Ack) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return tickets.Ref{Account: account, Conversation: c.conversation}, append([]audit.Ack(nil), c.acks...)
}
