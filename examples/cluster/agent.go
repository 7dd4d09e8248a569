package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/charlahq/charla/tickets"
)

// agents share an inbox: one goroutine reads what changes, and a free agent answers.
type agents struct {
	*people
	work chan thread
	// seen is when the latest ticket of each conversation changed last, by the inbox.
	seen map[tickets.ConversationID]time.Time
	// rereads counts how often the inbox had to be read from the beginning again.
	rereads int

	ledger sync.Mutex
	said   []said
}

// follow reads the inbox from its last cursor on, or from the beginning if that cursor
// is no longer valid, until ctx ends.
func (a *agents) follow(ctx context.Context) {
	after := ""
	for ctx.Err() == nil {
		var in inbox
		status, err := a.once(ctx, http.MethodGet, a.desk+"/inbox?after="+url.QueryEscape(after), "", nil, &in)
		switch {
		case err != nil || status >= 500:
		case status == http.StatusGone:
			after = ""
			a.rereads++
		default:
			after = in.Next
			for _, t := range in.Threads {
				a.seen[t.Conversation] = t.ChangedAt
				a.heard.Add(1)
				a.offer(t)
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// offer gives a ticket that waits for an answer to a free agent. One in four is left
// alone, and becomes delayed.
func (a *agents) offer(t thread) {
	if !t.Waiting || rand.IntN(4) == 0 {
		return
	}
	select {
	case a.work <- t:
	default: // everybody is busy
	}
}

// answer is one agent, who answers most tickets and closes some, until people end.
func (a *agents) answer(ctx context.Context, agent int) {
	for n := 1; ; n++ {
		var t thread
		select {
		case <-a.ending:
			return
		case <-ctx.Done():
			return
		case t = <-a.work:
		}
		it := act{thread: t, Agent: tickets.AgentID(fmt.Sprint("agent-", agent)), Key: fmt.Sprint(agent, "-", n)}
		if rand.IntN(8) > 0 {
			it.Text = fmt.Sprintf("agent %d, answer %d", agent, n)
		}
		var done struct {
			Seq int64 `json:"seq"`
		}
		if s, ok := a.post(ctx, a.people.desk+"/act", "", it, &done); ok && it.Text != "" {
			s.conversation, s.seq, s.text = t.Conversation, done.Seq, it.Text
			a.ledger.Lock()
			a.said = append(a.said, s)
			a.ledger.Unlock()
		}
	}
}
