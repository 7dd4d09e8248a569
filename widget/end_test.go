package widget_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
	"github.com/charlahq/charla/widget"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestEnd: R14.1, R14.2: a visitor ends their conversation; the session, streams and long
// polls say who closed it, and that it goes on again.
func TestEnd(t *testing.T) {
	t.Parallel()
	s := setup(t, nil, nil)
	v := s.enter("carla")
	ref := s.write(v, "hola").Ref
	end := func(key string) answer {
		return s.do(request{method: "POST", path: "end", token: v.token, body: `{"ticket":1,"key":"` + key + `"}`})
	}
	refused := end("a")
	assert.Equal(t, http.StatusForbidden, refused.status)
	assert.Equal(t, "not_allowed", refused.code())
	s.save(func(c *chatcfg.Config) { c.Chat.VisitorEnds = true })
	e := s.stream(request{path: "stream?after=1", token: v.token}, nil)
	e.want("ready {}")
	type closed struct {
		Closed *struct{ By, Name string }
	}
	var has closed
	s.do(request{path: "session", token: v.token}).into(t, &has)
	assert.Nil(t, has.Closed)

	assert.Equal(t, http.StatusNoContent, end("a").status)
	assert.Equal(t, http.StatusNoContent, end("a").status, "again, with its key")
	assert.Equal(t, "closed", end("b").code())
	event, err := e.next()
	require.NoError(t, err)
	assert.Regexp(t, `^closed \{"by":"customer","at":"[^"]+","ticket":1\}$`, event.String())
	s.do(request{path: "session", token: v.token}).into(t, &has)
	require.NotNil(t, has.Closed)
	assert.Equal(t, "customer", has.Closed.By)

	_, err = s.ana().Do(t.Context(), ref, tickets.Command{Kind: tickets.CommandOpen}, nil)
	require.NoError(t, err)
	e.want("closed {}")
	_, err = s.ana().Do(t.Context(), ref, tickets.Command{Kind: tickets.CommandClose}, nil)
	require.NoError(t, err)
	event, err = e.next()
	require.NoError(t, err)
	assert.Regexp(t, `^closed \{"by":"manual","name":"Ana","at":"[^"]+","ticket":1\}$`, event.String())
	for _, path := range []string{"messages?after=1&wait=25&closed=false", "messages?after=0&wait=25"} { // at once
		has = closed{}
		s.do(request{path: path, token: v.token}).into(t, &has)
		require.NotNil(t, has.Closed, path)
		assert.Equal(t, "Ana", has.Closed.Name)
	}
	e = s.stream(request{path: "stream?after=1", token: v.token}, nil)
	event, err = e.next() // a page that was loaded again
	require.NoError(t, err)
	assert.Regexp(t, `^closed \{"by":"manual"`, event.String())
	e.want("ready {}")
}

// TestPollOfAnotherTicket: R14.1: a poll that waits on a closed conversation and gets the message
// that goes on with it does not call it closed.
func TestPollOfAnotherTicket(t *testing.T) {
	t.Parallel()
	s := setup(t, nil, nil)
	v := s.enter("carla")
	for range 20 {
		last := s.write(v, "hola")
		_, err := s.ana().Do(t.Context(), last.Ref, tickets.Command{Kind: tickets.CommandClose}, nil)
		require.NoError(t, err)
		polled := make(chan answer, 1)
		go func() {
			polled <- s.do(request{path: fmt.Sprintf("messages?after=%d&wait=25&closed=true", last.Last), token: v.token})
		}()
		require.Eventually(t, func() bool { return widget.Streams(s.handler) == 1 }, 10*time.Second, time.Millisecond)
		said := s.write(v, "otra cosa")
		var got struct {
			page
			Closed *struct{ By string }
		}
		(<-polled).into(t, &got)
		require.Equal(t, []string{fmt.Sprintf("%d customer otra cosa", said.Last)}, texts(got.Messages))
		require.Nil(t, got.Closed)
		_, err = s.ana().Do(t.Context(), said.Ref, tickets.Command{Kind: tickets.CommandClose}, nil)
		require.NoError(t, err)
		require.Eventually(t, func() bool { return widget.Streams(s.handler) == 0 }, 10*time.Second, time.Millisecond)
	}
}

// TestEndIsAnEntry: R8.4: who ends conversation after conversation, and so begins tickets, is
// held to the rate of entries.
func TestEndIsAnEntry(t *testing.T) {
	t.Parallel()
	s := setup(t, func(c *chatcfg.Config) { c.Chat.VisitorEnds = true }, func(o *widget.Options) {
		o.Limits.Entry = widget.Rate{PerSecond: 0.001, Burst: 3}
	})
	v := s.enter("carla")
	for i := range 4 {
		s.write(v, "hola")
		want := http.StatusNoContent
		if i == 3 {
			want = http.StatusTooManyRequests
		}
		require.Equal(t, want, s.do(request{method: "POST", path: "end", token: v.token, body: fmt.Sprintf(`{"ticket":%d}`, i+1)}).status, i)
	}
}

// TestRating: R14.3: who ended is asked, rates once, and every reader of the session is told;
// what is no rating is refused, and ratings are held to the rate of entries.
func TestRating(t *testing.T) {
	t.Parallel()
	s := setup(t, func(c *chatcfg.Config) {
		c.Chat.Rating.Enabled, c.Chat.Rating.Comment = true, true
	}, func(o *widget.Options) { o.Limits.Entry = widget.Rate{PerSecond: 0.001, Burst: 18} })
	v, other := s.enter("carla"), s.enter("otra")
	ref := s.write(v, "hola").Ref
	rate := func(token, body string) answer {
		return s.do(request{method: "POST", path: "rating", token: token, body: body})
	}
	assert.Equal(t, "closed", rate(v.token, `{"ticket":1,"score":5}`).code(), "it is open")
	_, err := s.ana().Do(t.Context(), ref, tickets.Command{Kind: tickets.CommandClose}, nil)
	require.NoError(t, err)
	e := s.stream(request{path: "stream?after=1", token: v.token}, nil)
	event, err := e.next()
	require.NoError(t, err)
	assert.Regexp(t, `^closed \{"by":"manual","name":"Ana","at":"[^"]+","ticket":1,"asks":true\}$`, event.String())
	e.want("ready {}")
	for body, code := range map[string]string{
		`{}`: "invalid", `{"score":5}`: "invalid", `{"ticket":1,"score":0}`: "invalid", `{"ticket":1,"score":6}`: "invalid", `{"score":NaN}`: "request", `{"score":4.5}`: "request", `{"score":"5"}`: "request",
		`{"score":1e0}`: "request", `{"ticket":1,"score":5,"comment":"a\u0000b"}`: "invalid", `{"score":5,"other":1}`: "request", `{"ticket":7,"score":5}`: "not_found",
		`{"ticket":-1,"score":5}`: "invalid",
	} {
		assert.Equal(t, code, rate(v.token, body).code(), body)
	}
	assert.Equal(t, "not_found", rate(other.token, `{"ticket":1,"score":5}`).code())
	assert.Equal(t, "session", rate("x", `{"score":5}`).code())
	body := `{"key":"k","ticket":1,"score":4,"comment":"<b>bien</b>\n🙂"}`
	assert.Equal(t, http.StatusNoContent, rate(v.token, body).status)
	assert.Equal(t, http.StatusNoContent, rate(v.token, body).status, "again, with its key")
	event, err = e.next()
	require.NoError(t, err)
	assert.Regexp(t, `^closed \{"by":"manual","name":"Ana","at":"[^"]+","ticket":1,"score":4\}$`, event.String())
	assert.Equal(t, http.StatusTooManyRequests, func() int {
		for range 8 {
			if got := rate(v.token, body); got.status != http.StatusNoContent {
				return got.status
			}
		}
		return 0
	}())
}

// TestEndOfAnotherTicket: R14.2: an end that is late closes no other ticket than the one that it
// names, which messages name.
func TestEndOfAnotherTicket(t *testing.T) {
	t.Parallel()
	s := setup(t, func(c *chatcfg.Config) { c.Chat.VisitorEnds = true }, nil)
	v := s.enter("carla")
	first := s.write(v, "hola")
	end := func(body string) answer {
		return s.do(request{method: "POST", path: "end", token: v.token, body: body})
	}
	_, err := s.ana().Do(t.Context(), first.Ref, tickets.Command{Kind: tickets.CommandClose}, nil)
	require.NoError(t, err)
	assert.Equal(t, "closed", end(`{"ticket":1}`).code())
	s.write(v, "otra cosa")
	assert.Equal(t, "closed", end(`{"ticket":1}`).code())
	assert.Equal(t, "not_found", end(`{"ticket":3}`).code())
	for _, body := range []string{`{}`, `{"ticket":0}`, `{"ticket":-1}`} {
		assert.Equal(t, "invalid", end(body).code(), body)
	}
	var page struct{ Messages []struct{ Ticket int } }
	s.do(request{path: "messages?after=0", token: v.token}).into(t, &page)
	require.Len(t, page.Messages, 2)
	assert.Equal(t, []int{1, 2}, []int{page.Messages[0].Ticket, page.Messages[1].Ticket})
	assert.Equal(t, http.StatusNoContent, end(`{"ticket":2}`).status)
}
