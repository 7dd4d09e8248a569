package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// The bounds of an answer: what is over them is not read.
const (
	maxAnswer = 64 << 10
	maxHeader = 16 << 10
)

// Endpoint is where an account's events go.
type Endpoint struct {
	// URL is absolute and https, without a user. Empty: nowhere, and the event is
	// done.
	URL string
	// Secrets sign, each by itself, so that the receiver can change to another
	// without a gap. At least one.
	Secrets []Secret
	// Kinds are the facts to tell; empty: all.
	Kinds []tickets.FactKind
}

// Endpoints finds the endpoint of an account. It must be safe for concurrent use; an
// error has the event tried again later.
type Endpoints func(ctx context.Context, account chatcfg.AccountID) (Endpoint, error)

// To returns endpoints with one endpoint for every account; asking them never fails. An
// empty URL switches the hook off: every event is done. A URL that may not be called is
// known only when there is an event, which then is dead in the outbox.
func To(url string, secrets ...Secret) Endpoints {
	return func(context.Context, chatcfg.AccountID) (Endpoint, error) {
		return Endpoint{URL: url, Secrets: secrets}, nil
	}
}

// Options are what a [Hook] takes from its host. Nil, and every zero field, means the
// default.
type Options struct {
	// Timeout bounds one attempt, as its context does: a desk gives half of
	// [charla.RunnerOptions].Lease. Default 10 seconds.
	Timeout time.Duration
	// AllowHosts are the names and addresses, as they stand in URLs and without a port,
	// that may be called whatever they resolve to: the host's own.
	AllowHosts []string
	// AllowPrefixes are the networks that may be called though they are not public.
	AllowPrefixes []netip.Prefix
	// InsecureHTTP lets http URLs be called too: who is on the way reads and changes
	// the events.
	InsecureHTTP bool
	// TLS is cloned; by default the certificate must be valid for the URL's host.
	TLS *tls.Config
	// Resolver defaults to the system's.
	Resolver *net.Resolver
	// Clock is what signatures are dated by; it defaults to the wall clock.
	Clock charla.Clock
}

// Payload is the body of a request.
type Payload struct {
	// Type is "ticket." and the kind of fact: "ticket.created".
	Type string `json:"type"`
	// Timestamp is when it happened.
	Timestamp time.Time `json:"timestamp"`
	// Data is the event. Its Key is the header "webhook-id".
	Data charla.Event `json:"data"`
}

// Hook sends events. It is safe for concurrent use.
type Hook struct {
	endpoints Endpoints
	o         Options
	client    *http.Client
}

// New makes a hook whose [Hook.Send] is for [charla.Options].Hooks. endpoints is
// required. It fails with every problem of the arguments at once.
func New(endpoints Endpoints, o *Options) (*Hook, error) {
	h := &Hook{endpoints: endpoints}
	if o != nil {
		h.o = *o
	}
	if h.o.Timeout == 0 {
		h.o.Timeout = 10 * time.Second
	}
	if h.o.Clock == nil {
		h.o.Clock = wallClock()
	}
	var errs []error
	if endpoints == nil {
		errs = append(errs, errors.New("webhook: no endpoints"))
	}
	if h.o.Timeout < 0 {
		errs = append(errs, errors.New("webhook: a timeout below zero"))
	}
	for _, host := range h.o.AllowHosts {
		if !isHost(host) {
			errs = append(errs, fmt.Errorf("webhook: allowed host %q is not a name or an address alone", host))
		}
	}
	for _, p := range h.o.AllowPrefixes {
		if !p.IsValid() {
			errs = append(errs, errors.New("webhook: an allowed network is the zero prefix"))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	h.client = &http.Client{
		// A redirect is an answer, and is not followed: the host has not allowed its target.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy:                  nil, // nor one of the environment: it would dial for us
			DialContext:            newGuard(&h.o).dial,
			TLSClientConfig:        h.o.TLS.Clone(),
			TLSHandshakeTimeout:    h.o.Timeout,
			ForceAttemptHTTP2:      true,
			DisableCompression:     true,
			MaxResponseHeaderBytes: maxHeader,
			MaxConnsPerHost:        16,
			MaxIdleConns:           256,
			MaxIdleConnsPerHost:    2,
			IdleConnTimeout:        30 * time.Second,
		},
	}
	return h, nil
}

// Send posts an event to its account's endpoint (R8.2). It returns nil if the endpoint
// took it, or there is none for it. It fails with [charla.ErrRefused] if it never will
// be taken, and with another error if it is to be tried again. The guide of this
// package says which answers mean what.
func (h *Hook) Send(ctx context.Context, e charla.Event) error {
	ctx, cancel := context.WithTimeout(ctx, h.o.Timeout)
	defer cancel()
	to, err := h.endpoints(ctx, e.Ref.Account)
	if err != nil {
		return fmt.Errorf("webhook: endpoint of account %s: %w", e.Ref.Account, err)
	}
	if to.URL == "" || !to.wants(e.Fact.Kind) {
		return nil
	}
	if err := h.checkURL(to.URL); err != nil {
		return fmt.Errorf("%w: %w", charla.ErrRefused, err)
	}
	body, err := json.Marshal(Payload{Type: "ticket." + string(e.Fact.Kind), Timestamp: e.At, Data: e})
	if err != nil {
		return fmt.Errorf("%w: webhook: encode: %w", charla.ErrRefused, err)
	}
	header, err := sign(to.Secrets, e.Key, h.o.Clock.Now(), body)
	if err != nil {
		return fmt.Errorf("%w: %w", charla.ErrRefused, err)
	}
	return h.post(ctx, to.URL, header, body)
}

// wants reports whether facts of a kind go to the endpoint.
func (e *Endpoint) wants(kind tickets.FactKind) bool {
	for _, k := range e.Kinds {
		if k == kind {
			return true
		}
	}
	return len(e.Kinds) == 0
}

// checkURL returns nil if a URL may be called, else an error that says why not: it is
// malformed, not https, or has a user or no host. The address is checked when it is
// dialled.
func (h *Hook) checkURL(raw string) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return errors.New("webhook: not a URL") // the error has the URL, which may be a secret
	case u.Scheme != "https" && (u.Scheme != "http" || !h.o.InsecureHTTP):
		return fmt.Errorf("webhook: scheme %q is not https", u.Scheme)
	case u.Hostname() == "" || u.Opaque != "":
		return errors.New("webhook: a URL without a host")
	case u.User != nil:
		return errors.New("webhook: a URL with a user")
	}
	return nil
}

// post sends one request and returns what its answer means: nil, [charla.ErrRefused],
// which an address that may not be called is, too, or another error if it is to be
// tried again.
func (h *Hook) post(ctx context.Context, to string, header http.Header, body []byte) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%w: webhook: not a URL", charla.ErrRefused)
	}
	r.Header = header
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "charla")
	answer, err := h.client.Do(r)
	if err != nil {
		if outer := (*url.Error)(nil); errors.As(err, &outer) {
			err = outer.Err // without the URL
		}
		if errors.Is(err, ErrAddress) {
			return fmt.Errorf("%w: %w", charla.ErrRefused, err)
		}
		return fmt.Errorf("webhook: %w", err)
	}
	// Read, within bounds, so that the connection can be used again.
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, maxAnswer))
	_ = answer.Body.Close()
	return outcome(answer.StatusCode)
}

// outcome returns what an answer's status means: nil, [charla.ErrRefused], or another
// error if it is to be tried again.
func outcome(status int) error {
	switch {
	case status/100 == 2:
		return nil
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly, status == http.StatusTooManyRequests, status/100 != 4:
		return fmt.Errorf("webhook: status %s", strconv.Itoa(status))
	default:
		return fmt.Errorf("%w: webhook: status %s", charla.ErrRefused, strconv.Itoa(status))
	}
}

// Close ends the connections that are kept and not in use. Later events open new ones.
func (h *Hook) Close() { h.client.CloseIdleConnections() }
