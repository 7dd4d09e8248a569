package widget_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/charlahq/charla"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/charlahq/charla/widget"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestOneAddressDoesNotUseUpAll: R8.4: what one address is refused is not taken from
// everybody else.
func TestOneAddressDoesNotUseUpAll(t *testing.T) {
	t.Parallel()
	s := setup(t, nil, func(o *widget.Options) {
		o.Limits.Address = widget.Rate{PerSecond: 0.001, Burst: 3}
		o.Limits.All = widget.Rate{PerSecond: 0.001, Burst: 10}
	})
	for range 100 {
		s.send(request{path: "config"}, "192.0.2.1:1")
	}
	assert.Equal(t, http.StatusOK, s.send(request{path: "config"}, "192.0.2.2:1").status)
}

// TestRefusalsAtOnceCostNothing: R8.4: however many are refused at the same moment,
// the wait is what was said.
func TestRefusalsAtOnceCostNothing(t *testing.T) {
	t.Parallel()
	mock := clock.NewMock()
	mock.Set(time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC))
	s := setupDesk(t, &charla.Options{Clock: mock}, nil, func(o *widget.Options) {
		o.Limits.Address = widget.Rate{PerSecond: 1, Burst: 1}
	})
	ask := func() int { return s.send(request{path: "config"}, "192.0.2.1:1").status }
	require.Equal(t, http.StatusOK, ask())
	for range 10 {
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				for range 100 {
					assert.Equal(t, http.StatusTooManyRequests, ask())
				}
			})
		}
		group.Wait()
		mock.Add(time.Second)
		require.Equal(t, http.StatusOK, ask())
	}
}

// TestNewerVersion: what a newer process wrote, an older one shows, and asks to send the
// next message again, which the next process may take.
func TestNewerVersion(t *testing.T) {
	t.Parallel()
	s := setup(t, nil, nil)
	v := s.enter("Juan")
	r := s.write(v, "hola")
	loaded, err := s.store.Conversations().Load(t.Context(), storage.LoadQuery{Account: s.account.ID(), Conversation: r.Ref.Conversation})
	require.NoError(t, err)
	c := loaded.Conversation
	c.Format, c.Version = tickets.Format+1, c.Version+1
	require.NoError(t, s.store.Conversations().Commit(t.Context(), &storage.Batch{Config: 1, Conversation: c, Tickets: []tickets.Ticket{loaded.Ticket}}))

	read := s.do(request{path: "messages?after=0", token: v.token})
	assert.Equal(t, http.StatusOK, read.status)
	assert.Contains(t, string(read.body), "hola")
	sent := s.do(request{method: http.MethodPost, path: "messages", token: v.token, body: map[string]any{"key": "k", "text": "otra"}})
	assert.Equal(t, http.StatusServiceUnavailable, sent.status)
	assert.Equal(t, "busy", sent.code())
	assert.Equal(t, "1", sent.header.Get("Retry-After"))
}
