package webhook_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/charlahq/charla/webhook"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSend(t *testing.T) {
	t.Parallel()
	r, key := receive(t, false, nil), secret(t)
	h := hook(t, webhook.To(r.URL+"/hooks?a=b", key), func(o *webhook.Options) {
		o.TLS = r.Client().Transport.(*http.Transport).TLSClientConfig // which trusts this server alone
	})
	require.NoError(t, h.Send(t.Context(), event("event-1")))
	got := r.requests()
	require.Len(t, got, 1)
	assert.Equal(t, http.MethodPost, got[0].method)
	assert.Equal(t, "/hooks?a=b", got[0].path)
	assert.Equal(t, "application/json", got[0].header.Get("Content-Type"))
	assert.Equal(t, "event-1", got[0].header.Get("webhook-id"))
	require.NoError(t, webhook.Verify(got[0].header, got[0].body, start, key))
	assert.JSONEq(t, `{"type": "ticket.closed", "timestamp": "2026-01-05T11:59:00Z", "data": {
		"ref": {"account": "01900000-0000-7000-8000-000000000001", "conversation": "00000000-0000-0000-0000-000000000000", "number": 3},
		"entry": 7, "at": "2026-01-05T11:59:00Z", "actor": {"kind": "agent", "agent": "ana"},
		"fact": {"kind": "closed", "reason": "manual"}}}`, string(got[0].body))
	var p webhook.Payload
	require.NoError(t, json.Unmarshal(got[0].body, &p))
	p.Data.Key = "event-1"
	assert.Equal(t, event("event-1"), p.Data)
}

// Each account has an endpoint of its own, or none.
func TestEndpoints(t *testing.T) {
	t.Parallel()
	r, key := receive(t, false, nil), secret(t)
	var to webhook.Endpoint
	var failed error
	h := hook(t, func(_ context.Context, id chatcfg.AccountID) (webhook.Endpoint, error) {
		assert.Equal(t, account, id)
		return to, failed
	}, nil)
	require.NoError(t, h.Send(t.Context(), event("e-1")), "nowhere")
	to = webhook.Endpoint{URL: r.URL, Secrets: []webhook.Secret{key}, Kinds: []tickets.FactKind{tickets.FactCreated}}
	require.NoError(t, h.Send(t.Context(), event("e-2")), "not wanted")
	assert.Empty(t, r.requests())
	to.Kinds = append(to.Kinds, tickets.FactClosed)
	require.NoError(t, h.Send(t.Context(), event("e-3")))
	assert.Len(t, r.requests(), 1)

	failed = errors.New("database away")
	err := h.Send(t.Context(), event("e-4"))
	require.ErrorIs(t, err, failed)
	require.NotErrorIs(t, err, charla.ErrRefused, "it comes later")
	failed = nil

	for name, bad := range map[string]webhook.Endpoint{
		"no secret":   {URL: r.URL},
		"zero secret": {URL: r.URL, Secrets: []webhook.Secret{{}}},
		"plain http":  {URL: strings.Replace(r.URL, "https", "http", 1), Secrets: to.Secrets},
		"user":        {URL: strings.Replace(r.URL, "//", "//user:pass@", 1), Secrets: to.Secrets},
		"no host":     {URL: "https:///x", Secrets: to.Secrets},
		"opaque":      {URL: "https:x", Secrets: to.Secrets},
		"file":        {URL: "file:///etc/passwd", Secrets: to.Secrets},
		"no URL":      {URL: "https://x\x7f/", Secrets: to.Secrets},
	} {
		to = bad
		require.ErrorIs(t, h.Send(t.Context(), event("e-5")), charla.ErrRefused, name)
	}
	assert.Len(t, r.requests(), 1)
	require.ErrorIs(t, hook(t, webhook.To(r.URL, key), nil).Send(t.Context(), event("e\r\nX: y")), charla.ErrRefused)

	_, err = webhook.New(nil, &webhook.Options{Timeout: -1, AllowPrefixes: everywhere[:1:1]})
	require.ErrorContains(t, err, "no endpoints\nwebhook: a timeout")
}

// R8.2: what the outbox does with an answer.
func TestOutcomes(t *testing.T) {
	t.Parallel()
	const (
		told, later, dead = "told", "later", "dead"
	)
	outcome := func(err error) string {
		switch {
		case err == nil:
			return told
		case errors.Is(err, charla.ErrRefused):
			return dead
		default:
			return later
		}
	}
	for status, want := range map[int]string{
		200: told, 201: told, 204: told, 299: told,
		300: later, 301: later, 302: later, 303: later, 304: later, 307: later, 308: later,
		400: dead, 401: dead, 403: dead, 404: dead, 405: dead, 408: later, 409: dead, 410: dead, 413: dead, 422: dead,
		425: later, 429: later, 451: dead, 500: later, 501: later, 502: later, 503: later, 504: later, 599: later, 700: later,
	} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			other := receive(t, false, nil)
			r := receive(t, false, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", other.URL)
				w.WriteHeader(status)
			})
			err := hook(t, webhook.To(r.URL, secret(t)), nil).Send(t.Context(), event("e-1"))
			assert.Equal(t, want, outcome(err), "%v", err)
			assert.Len(t, r.requests(), 1)
			assert.Empty(t, other.requests(), "redirects are not followed")
		})
	}
	for name, answer := range map[string]http.HandlerFunc{
		"cut":        func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"slow":       func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"wide":       func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", 1<<20)) },
		"not speech": func(w http.ResponseWriter, _ *http.Request) { garble(w) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := hook(t, webhook.To(receive(t, true, answer).URL+"/?token=tell-nobody", secret(t)), func(o *webhook.Options) {
				o.InsecureHTTP = true
				if name == "slow" {
					o.Timeout = 50 * time.Millisecond
				}
			})
			err := h.Send(t.Context(), event("e-1"))
			assert.Equal(t, later, outcome(err), "%v", err)
			assert.NotContains(t, err.Error(), "tell-nobody")
		})
	}
}

// garble answers with what is no HTTP.
func garble(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	_, _ = conn.Write([]byte("hello?\r\n\r\n"))
	_ = conn.Close()
}

// An answer without an end is not read to its end.
func TestLongAnswer(t *testing.T) {
	t.Parallel()
	ended := make(chan int, 1)
	r := receive(t, false, func(w http.ResponseWriter, _ *http.Request) {
		n := 0
		for {
			more, err := w.Write(make([]byte, 1<<16))
			n += more
			if err != nil {
				ended <- n
				return
			}
		}
	})
	h := hook(t, webhook.To(r.URL, secret(t)), nil)
	require.NoError(t, h.Send(t.Context(), event("e-1")))
	assert.Less(t, <-ended, 32<<20, "bytes that the network took before the end")
}

func TestCertificate(t *testing.T) {
	t.Parallel()
	r := receive(t, false, nil)
	h := hook(t, webhook.To(r.URL, secret(t)), func(o *webhook.Options) { o.TLS = nil })
	require.ErrorContains(t, h.Send(t.Context(), event("e-1")), "certificate")
	assert.Empty(t, r.requests())
}

// R8.2: a desk tells each event, again under the same name until it is taken, and
// leaves dead what is refused.
func TestDesk(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	key, status := secret(t), http.StatusServiceUnavailable
	r := receive(t, false, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
	mock := clock.NewMock()
	mock.Set(start)
	h := hook(t, func(context.Context, chatcfg.AccountID) (webhook.Endpoint, error) {
		return webhook.Endpoint{URL: r.URL, Secrets: []webhook.Secret{key}, Kinds: []tickets.FactKind{tickets.FactCreated}}, nil
	}, func(o *webhook.Options) { o.Clock = mock })
	desk, err := charla.New(storage.NewMemory(), &charla.Options{Clock: mock, Hooks: map[string]charla.Hook{"webhook": h.Send}})
	require.NoError(t, err)
	a, _, err := desk.CreateAccount(ctx, "Tienda", "tienda.cl", nil)
	require.NoError(t, err)
	write := func() tickets.Ref {
		visitor, _, err := a.Enter(ctx, charla.Entry{Name: "Carla"})
		require.NoError(t, err)
		result, err := visitor.Write(ctx, "hola", nil)
		require.NoError(t, err)
		return result.Ref
	}
	ref := write()
	_, err = desk.RunDue(ctx)
	require.NoError(t, err)
	status = http.StatusOK
	mock.Add(time.Minute)
	_, err = desk.RunDue(ctx)
	require.NoError(t, err)
	got := r.requests()
	require.Len(t, got, 2)
	assert.Equal(t, got[0].header.Get("webhook-id"), got[1].header.Get("webhook-id"))
	assert.NotEqual(t, got[0].header.Get("webhook-timestamp"), got[1].header.Get("webhook-timestamp"))
	assert.Equal(t, got[0].body, got[1].body)
	require.NoError(t, webhook.Verify(got[1].header, got[1].body, mock.Now(), key))
	assert.Contains(t, string(got[1].body), ref.Conversation.String())

	status = http.StatusGone
	write()
	_, err = desk.RunDue(ctx)
	require.NoError(t, err)
	dead, err := desk.Deliveries(ctx, charla.DeliveryQuery{Account: a.ID(), State: charla.DeliveryDead})
	require.NoError(t, err)
	require.Len(t, dead.Items, 1)
	assert.Len(t, r.requests(), 3)
	status = http.StatusOK
	require.NoError(t, desk.Replay(ctx, a.ID(), dead.Items[0].Key))
	_, err = desk.RunDue(ctx)
	require.NoError(t, err)
	assert.Len(t, r.requests(), 4)
}
