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

// agents share an inbox: one of them reads what changes, one who is free answers.
type agents struct {
	*people
	work chan thread
	// seen is when the latest ticket of each conversation changed last, by the inbox.
	seen map[tickets.ConversationID]time.Time
	// anew counts how often the inbox had to be read from the beginning.
	anew int

	ledger sync.Mutex
	said   []said
}

// follow reads the inbox from where it stopped, or from the beginning if that cursor
// does not hold any more.
func (a *agents) follow(ctx context.Context) {
	after := ""
	for ctx.Err() == nil {
		var in inbox
		status, err := a.once(ctx, http.MethodGet, a.desk+"/inbox?after="+url.QueryEscape(after), "", nil, &in)
		switch {
		case err != nil || status >= 500:
		case status == http.StatusGone:
			after = ""
			a.anew++
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

// offer hands out what waits for an answer; a part is left alone, and delayed.
func (a *agents) offer(t thread) {
	if !t.Waiting || rand.IntN(4) == 0 {
		return
	}
	select {
	case a.work <- t:
	default: // everybody is busy
	}
}

// answer is one agent, who answers most and closes some.
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
