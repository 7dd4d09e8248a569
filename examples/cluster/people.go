package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/charlahq/charla/tickets"
)

// people are the visitors and agents. They are in this process, which is never killed,
// and keep a ledger of what was acknowledged.
type people struct {
	page, desk string // where the widget's protocol and the agents' pages begin
	client     *http.Client
	visitors   []*visitor
	agents     agents

	ending      chan struct{}  // closed: no new requests
	writers     sync.WaitGroup // the goroutines that write
	readers     sync.WaitGroup // the goroutines that read, until stopReading
	stopReading context.CancelFunc
	heard       atomic.Int64 // how many messages and changes they have read

	mu       sync.Mutex
	failure  error     // the first answer that should not be
	answered time.Time // when the last request that was acknowledged had been sent
}

// said is a message that was acknowledged.
type said struct {
	conversation tickets.ConversationID // zero: the visitor's own
	seq          int64
	text         string
	// asked is when it was sent first, sent when it was sent for the last time, and
	// heard when it was acknowledged.
	asked, sent, heard time.Time
}

// newPeople returns the visitors and the agents of a cluster. Nothing runs yet.
func newPeople(c *cluster, visitors int) *people {
	p := &people{
		page: c.settings.Base + "/chat/v1/" + c.key, desk: c.settings.Base + "/agent",
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 4 * visitors}},
		ending: make(chan struct{}),
	}
	p.agents = agents{people: p, seen: map[tickets.ConversationID]time.Time{}, work: make(chan thread, 64)}
	for n := range visitors {
		p.visitors = append(p.visitors, &visitor{people: p, n: n, got: map[int64]string{}})
	}
	return p
}

// begin starts the goroutines of all visitors and agents.
func (p *people) begin(ctx context.Context) {
	reading, stop := context.WithCancel(ctx)
	p.stopReading = stop
	for _, v := range p.visitors {
		p.writers.Go(func() {
			if !v.enter(ctx) {
				return
			}
			p.readers.Go(func() { v.follow(reading) })
			v.write(ctx)
		})
	}
	p.readers.Go(func() { p.agents.follow(reading) })
	for n := range 4 {
		p.writers.Go(func() { p.agents.answer(ctx, n) })
	}
}

// endWriting makes the writers stop, and waits until each has the answer to its last
// request. It fails if one waits for too long, or got an answer that should not be.
func (p *people) endWriting(ctx context.Context) error {
	close(p.ending)
	done := make(chan struct{})
	go func() { p.writers.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(maxWait):
		return fmt.Errorf("a request has waited for %s", maxWait)
	case <-ctx.Done():
		return ctx.Err()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.failure
}

// endReading stops the readers and waits for them. It fails like endWriting.
func (p *people) endReading() error {
	p.stopReading()
	p.readers.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.failure
}

// wait waits until all goroutines have ended.
func (p *people) wait() {
	p.writers.Wait()
	p.readers.Wait()
}

// servedSince reports whether a request that was sent after a time was acknowledged.
func (p *people) servedSince(t time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.answered.After(t)
}

// pause waits; false: it is time to stop.
func (p *people) pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-p.ending:
		return false
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// post sends a request until there is an answer, always the same, with the same key:
// without an answer, or with one that leaves the outcome open, it sends it again. ok is
// false if the request was refused.
func (p *people) post(ctx context.Context, url, token string, body, into any) (s said, ok bool) {
	text, err := json.Marshal(body)
	if err != nil {
		panic(err) // of types that always encode
	}
	s.asked = time.Now()
	for ctx.Err() == nil {
		s.sent = time.Now()
		status, err := p.once(ctx, http.MethodPost, url, token, text, into)
		s.heard = time.Now()
		switch {
		case err == nil && (status == http.StatusOK || status == http.StatusCreated):
			p.mu.Lock()
			defer p.mu.Unlock()
			if s.sent.After(p.answered) {
				p.answered = s.sent
			}
			return s, true
		case err == nil && status < 500 && status != http.StatusTooManyRequests:
			if status != http.StatusConflict {
				p.complain(fmt.Errorf("%s is answered by status %d", url, status))
			}
			return s, false
		}
		time.Sleep(time.Duration(10+rand.IntN(40)) * time.Millisecond)
	}
	return s, false
}

// once sends a request once. It reads the answer into a value if the status is one of
// success, and fails if there is no whole answer.
func (p *people) once(ctx context.Context, method, url, token string, body []byte, into any) (status int, err error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	answer, err := p.send(ctx, method, url, token, body)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	whole, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode < 300 {
		err = json.Unmarshal(whole, into)
	}
	return answer.StatusCode, err
}

// send sends a request as the widget does. The caller closes the answer's body.
func (p *people) send(ctx context.Context, method, url, token string, body []byte) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Origin", "https://tienda.cl") // the page that the widget is on
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return p.client.Do(r)
}

// complain records the first answer that should not be.
func (p *people) complain(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failure == nil {
		p.failure = err
	}
}
