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

// people are the visitors and agents. They are in this process, which nobody kills,
// and keep a ledger of what was acknowledged.
type people struct {
	page, desk string // where the widget's protocol and the agents' pages begin
	client     *http.Client
	visitors   []*visitor
	agents     agents

	ending  chan struct{}  // closes when nobody begins anything new
	writers sync.WaitGroup // those who write
	readers sync.WaitGroup // those who read, until leave
	leave   context.CancelFunc
	heard   atomic.Int64 // how much they have read

	mu       sync.Mutex
	gaveUp   error
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

func gather(c *cluster, visitors int) *people {
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

// begin lets everybody in.
func (p *people) begin(ctx context.Context) {
	reading, leave := context.WithCancel(ctx)
	p.leave = leave
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

// end waits until those who write have the answer to what they asked last.
func (p *people) end(ctx context.Context) error {
	close(p.ending)
	done := make(chan struct{})
	go func() { p.writers.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(patience):
		return fmt.Errorf("somebody waits for an answer for %s", patience)
	case <-ctx.Done():
		return ctx.Err()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.gaveUp
}

// disperse ends the readers.
func (p *people) disperse() error {
	p.leave()
	p.readers.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.gaveUp
}

// wait waits until everybody is gone.
func (p *people) wait() {
	p.writers.Wait()
	p.readers.Wait()
}

// servedSince says whether a request that was sent after a time was acknowledged.
func (p *people) servedSince(t time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.answered.After(t)
}

// pause waits; false: it is time to go.
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

// post asks until there is an answer, always the same, with the same key: whoever
// hears nothing, or that it may have happened, asks again. ok is false if the answer
// is no.
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

// once sends a request once.
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

// complain keeps what should not happen at all.
func (p *people) complain(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gaveUp == nil {
		p.gaveUp = err
	}
}
