package widget

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// Options are what a [Handler] takes from its host. Nil, and every zero field,
// means the default.
type Options struct {
	// BaseURL is where browsers reach the handler, such as
	// "https://tienda.cl/chat/": an absolute http or https URL without query,
	// fragment or user. Its path is taken off the requests' paths if it is still
	// there, and its origin is the server's own. Without it there are no pages
	// (stand-alone page, form without script, social logins): links are never
	// made of what a request says.
	BaseURL string
	// TrustedProxies are the networks whose X-Forwarded-For is believed; from
	// anybody else it is ignored. A peer on a Unix socket counts as 127.0.0.1. Networks of
	// every address (0.0.0.0/0) are refused. Default: none, the peer is the client.
	TrustedProxies []netip.Prefix
	// Limits bound what visitors may send.
	Limits Limits
	// Streams bound and tune the streams.
	Streams StreamOptions
	// Remember is for how long what is known of an account serves its sessions' requests
	// without another look in the store: which pages may use it, and its welcome
	// message. Default 250 ms; negative: not at all. What is stored is decided under the
	// configuration in the store all the same, and a deleted account answers nothing.
	Remember time.Duration
	// Logins are the social logins, at most one for each provider.
	Logins []Login
	// Key seals what passes through a visitor's browser during a social login:
	// 32 secret bytes, the same in every process that serves the account.
	// Default: random, which is right for one process.
	Key []byte
	// Logger gets what an operator should know, never a visitor's words or a
	// token. It defaults to silence.
	Logger *slog.Logger
}

// Rate is a token bucket: Burst at once, then PerSecond. The zero Rate is the
// default of where it stands.
type Rate struct {
	PerSecond float64
	Burst     int
}

// Limits bound what visitors may send (R8.4). Each rate that is exceeded is
// answered by 429 with the seconds to wait.
type Limits struct {
	// Body is the largest JSON body, in bytes; default 64 KiB. Files have
	// the desk's limit.
	Body int64
	// BodyTime is how long the body of a request, also of a refused one, may take to
	// arrive; default 30 seconds. Each BodyRate bytes that arrived give it one second
	// more, up to five minutes; default 4 KiB. A slower one loses its connection.
	BodyTime time.Duration
	BodyRate int
	// Address, Session, Account and All are for requests of any kind: of one
	// network address (of IPv6 its /64; four times as much for a /56, sixteen for a /48),
	// one session, one account, altogether. Account and All count requests of pages that
	// may use the account only.
	// Defaults: 20 per second and 200 at once; 10 and 60; 2000 and 5000; 5000
	// and 20000.
	Address, Session, Account, All Rate
	// Message is for what one session writes, files included; default 1 and 20.
	Message Rate
	// Entry and AccountEntry are for sessions begun, logins begun, contact forms sent,
	// conversations ended and ratings: of one address, default one in five seconds and 30 at once;
	// in one account, default 20 and 500.
	Entry, AccountEntry Rate
	// Bulk is how many files, in or out, and large answers may be on their way at
	// once, each in memory as long as its client is slow; default 128. A sixteenth of
	// it is for one address, half for one account.
	Bulk int
	// Remembered is how many addresses, and how many sessions and accounts, are
	// told apart at a time; default 16384. The longest unheard of is forgotten.
	Remembered int
}

// StreamOptions bound and tune the streams (R8.3).
type StreamOptions struct {
	// Session, Address, Account and All are how many streams and long polls one
	// of each may hold; defaults 6, 300, 50000, 100000.
	Session, Address, Account, All int
	// Beat is how often an idle stream says that it is there; default 25 seconds.
	Beat time.Duration
	// WriteTimeout is how long a reader may take for one event before it is cut;
	// default 10 seconds.
	WriteTimeout time.Duration
	// Hijack takes the connections of HTTP/1 streams over from net/http, which
	// saves most of their memory. Behind it nobody sees the end of such a
	// request: a server's Shutdown does not wait for it, and neither does
	// middleware. Call [Handler.Close]. A visitor who leaves is noticed at the
	// next beat.
	Hijack bool
}

// keySize is the length of Options.Key: AES-256.
const keySize = 32

// defaults returns the options with defaults for what is zero; o may be nil.
func (o *Options) defaults() Options {
	var r Options
	if o != nil {
		r = *o
	}
	if r.Logger == nil {
		r.Logger = slog.New(slog.DiscardHandler)
	}
	if len(r.Key) == 0 {
		r.Key = randomKey()
	}
	def(&r.Remember, 250*time.Millisecond)
	l, s := &r.Limits, &r.Streams
	def(&l.Body, 64<<10)
	def(&l.BodyTime, 30*time.Second)
	def(&l.BodyRate, 4<<10)
	def(&l.Address, Rate{20, 200})
	def(&l.Session, Rate{10, 60})
	def(&l.Account, Rate{2000, 5000})
	def(&l.All, Rate{5000, 20000})
	def(&l.Message, Rate{1, 20})
	def(&l.Entry, Rate{0.2, 30})
	def(&l.AccountEntry, Rate{20, 500})
	def(&l.Bulk, 128)
	def(&l.Remembered, 16384)
	def(&s.Session, 6)
	def(&s.Address, 300)
	def(&s.Account, 50_000)
	def(&s.All, 100_000)
	def(&s.Beat, 25*time.Second)
	def(&s.WriteTimeout, 10*time.Second)
	return r
}

// def sets *field to a value if it is zero.
func def[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// check returns an error with every problem of the options, or nil.
func (o *Options) check() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf("widget: "+format, args...)) }
	if o.BaseURL != "" {
		if _, err := parseBase(o.BaseURL); err != nil {
			errs = append(errs, err)
		}
	}
	for _, p := range o.TrustedProxies {
		if !p.IsValid() {
			bad("a trusted proxy is the zero prefix")
		} else if p.Bits() == 0 || p == netip.MustParsePrefix("::ffff:0:0/96") {
			bad("with %s as trusted proxy every client can say what its address is", p)
		}
	}
	l, s := &o.Limits, &o.Streams
	for _, r := range []struct {
		name string
		Rate
	}{
		{"Address", l.Address}, {"Session", l.Session}, {"Account", l.Account}, {"All", l.All},
		{"Message", l.Message}, {"Entry", l.Entry}, {"AccountEntry", l.AccountEntry},
	} {
		if !(r.PerSecond > 0) || r.Burst < 1 {
			bad("Limits.%s: %v per second and %d at once let nothing through", r.name, r.PerSecond, r.Burst)
		}
	}
	if l.BodyTime <= 0 || l.BodyRate < 1 {
		bad("Limits: no body arrives within a BodyTime of %v at a BodyRate of %d bytes a second", l.BodyTime, l.BodyRate)
	}
	if l.Body < 1 || l.Bulk < 1 || l.Remembered < 1 {
		bad("Limits below one")
	}
	if min(s.Session, s.Address, s.Account, s.All) < 1 || s.Beat <= 0 || s.WriteTimeout <= 0 {
		bad("Streams below one")
	}
	if len(o.Key) != keySize {
		bad("Key has %d bytes, not %d", len(o.Key), keySize)
	}
	providers := make(map[string]bool)
	for _, login := range o.Logins {
		if login == nil {
			bad("a login is nil")
			continue
		}
		p := login.Provider()
		if p == "" || providers[p] || strings.Trim(p, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			bad("login provider %q: twice, empty, or not of a-z, 0-9 and -", p)
		}
		providers[p] = true
	}
	if len(o.Logins) > 0 && o.BaseURL == "" {
		bad("Logins need a BaseURL to come back to")
	}
	return errors.Join(errs...)
}

// parseBase returns a base URL whose path ends in a slash. It fails unless s is an absolute
// http or https URL without user, query and fragment.
func parseBase(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return nil, fmt.Errorf("widget: base URL: %w", err)
	case u.Scheme != "https" && u.Scheme != "http", u.Host == "", u.User != nil, u.RawQuery != "", u.ForceQuery, u.Fragment != "":
		return nil, fmt.Errorf("widget: base URL %q is not an absolute http or https URL", u.Redacted())
	}
	u.Path = strings.TrimSuffix(u.Path, "/") + "/"
	u.RawPath = ""
	return u, nil
}
