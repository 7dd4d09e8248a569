package webhook_test

import (
	"crypto/tls"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
	"github.com/charlahq/charla/webhook"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// start is a Monday.
var start = time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)

var account = chatcfg.AccountID{UUID: uuid.MustParse("01900000-0000-7000-8000-000000000001")}

func event(key string) charla.Event {
	return charla.Event{
		Key: key, Ref: tickets.Ref{Account: account, Number: 3}, Entry: 7, At: start.Add(-time.Minute),
		Actor: tickets.Actor{Kind: tickets.ActorAgent, Agent: "ana"}, Fact: tickets.Fact{Kind: tickets.FactClosed, Reason: tickets.ReasonManual},
	}
}

// request is one that a receiver got.
type request struct {
	method, path string
	header       http.Header
	body         []byte
}

// receiver is a real server; answer, if not nil, writes what it answers.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	got    []request
	answer http.HandlerFunc
}

func receive(t testing.TB, plain bool, answer http.HandlerFunc) *receiver {
	t.Helper()
	r := &receiver{answer: answer}
	r.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return
		}
		r.mu.Lock()
		r.got = append(r.got, request{req.Method, req.URL.RequestURI(), req.Header, body})
		r.mu.Unlock()
		if r.answer != nil {
			r.answer(w, req)
		}
	}))
	r.Config.ErrorLog = log.New(io.Discard, "", 0)
	if plain {
		r.Start()
	} else {
		r.StartTLS()
	}
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) requests() []request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]request(nil), r.got...)
}

func secret(t testing.TB) webhook.Secret {
	t.Helper()
	s, err := webhook.NewSecret(nil)
	require.NoError(t, err)
	return s
}

var everywhere = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}

// hook may call any address, as tests need it, and trusts every certificate; change, if
// not nil, changes that.
func hook(t testing.TB, to webhook.Endpoints, change func(*webhook.Options)) *webhook.Hook {
	t.Helper()
	mock := clock.NewMock()
	mock.Set(start)
	o := &webhook.Options{Clock: mock, AllowPrefixes: everywhere, TLS: &tls.Config{InsecureSkipVerify: true}}
	if change != nil {
		change(o)
	}
	h, err := webhook.New(to, o)
	require.NoError(t, err)
	t.Cleanup(h.Close)
	return h
}
