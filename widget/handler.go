package widget

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
)

// Handler serves everything that a visitor's browser reaches. It is safe for
// concurrent use. Any number of handlers, in any number of processes, may serve
// the same accounts. Each counts its limits, and remembers which logins are used, by itself.
type Handler struct {
	desk     *charla.Desk
	o        Options
	base     *url.URL // nil: no pages
	origin   string   // the server's own; empty: unknown
	limits   *limiter
	profiles profiles

	sealer sealer
	spent  spent

	bulk    bulk
	seats   seats
	mu      sync.Mutex
	closed  bool
	streams map[*stream]struct{}
	open    sync.WaitGroup // what is in streams
	untimed sync.Once      // a warning
	unnamed sync.Once      // a warning
}

// New makes the handler of a desk. nil options are the defaults. It serves under
// the path of [Options].BaseURL, and under any other with [http.StripPrefix]:
//
//	h, err := widget.New(desk, &widget.Options{BaseURL: "https://tienda.cl/chat/"})
//	...
//	http.Handle("/chat/", h)
//	server.RegisterOnShutdown(h.Close)
//
// It fails with every problem of the options at once.
func New(desk *charla.Desk, o *Options) (*Handler, error) {
	if desk == nil {
		return nil, errors.New("widget: no desk")
	}
	h := &Handler{desk: desk, o: o.defaults()}
	if err := h.o.check(); err != nil {
		return nil, err
	}
	if h.o.BaseURL != "" {
		base, err := parseBase(h.o.BaseURL)
		if err != nil {
			return nil, err
		}
		h.base, h.origin = base, originOf(base)
	}
	var err error
	if h.sealer, err = newSealer(h.o.Key); err != nil {
		return nil, fmt.Errorf("widget: key: %w", err)
	}
	h.limits = newLimiter(&h.o.Limits)
	h.profiles.desk, h.profiles.remember, h.profiles.kept.limit = desk, h.o.Remember, 4096
	h.seats.limit = h.o.Streams
	h.bulk.limit = h.o.Limits.Bulk
	return h, nil
}

// Close ends the streams, telling their readers to come back, and returns when
// they are gone. Streams that begin afterwards end at once; everything else goes
// on being served. Give it to [http.Server.RegisterOnShutdown].
func (h *Handler) Close() {
	h.mu.Lock()
	h.closed = true
	for s := range h.streams {
		s.stop(errClosing)
	}
	h.mu.Unlock()
	h.open.Wait()
}

// call is one request on its way.
type call struct {
	h *Handler
	w http.ResponseWriter
	r *http.Request
	// body is nil without one.
	body *incoming
	// route is what the path means; rest what follows it.
	route, rest string
	now         time.Time
	address     netip.Addr
	// account, info and chat are of a profile; account and chat are nil until the page may
	// know of it.
	account *charla.Account
	info    charla.AccountInfo
	chat    *chatcfg.Chat
	// named is the account that the request names, whether or not the page may know of it.
	named chatcfg.AccountID
	// visitor is whose token came with the request, and token that token's hash. Nothing
	// vouches for it before a call of visitor has succeeded.
	visitor *charla.Visitor
	token   tokenHash
	// session is zero until the route has loaded it.
	session charla.SessionInfo
	// page says that a person reads the answer: errors are pages, too.
	page bool
	// park, if set, is what goes on when the call is over: a stream, which
	// shall not hold what the call does.
	park func()
}

// ServeHTTP answers a request of the widget; what it cannot answer well it answers as
// an error.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if park := h.answer(w, r); park != nil {
		park()
	}
}

// answer answers a request, reports it if it is refused for safety, and returns what
// remains to be done when the call is over, or nil. A body that takes longer than
// [Limits].BodyTime allows is answered by errTimeout; what a route does not read of it
// is discarded before the answer.
func (h *Handler) answer(w http.ResponseWriter, r *http.Request) (park func()) {
	c := &call{h: h, w: w, r: r, now: h.desk.Now()}
	shield(w.Header())
	c.body = c.incoming()
	var err error
	if r.Method != http.MethodPost { // only POST routes read it
		err = c.discard()
	}
	if c.body == nil || c.body.whole {
		c.writeWithin(answerTimeout)
	}
	if err == nil {
		err = c.serve()
	}
	if err != nil {
		c.report(err)
		if !c.awaited() {
			_ = c.discard()
		}
		c.fail(err)
	}
	return c.park
}

// answerTimeout is how long a visitor may take to read an answer. Files, polls and
// streams have their own times.
const answerTimeout = time.Minute

// largeAnswer is from how many bytes on an answer counts as bulk.
const largeAnswer = 128 << 10

// writeWithin sets how long the visitor may take to read the answer. Where that is not
// possible the server's timeouts hold.
func (c *call) writeWithin(d time.Duration) {
	_ = http.NewResponseController(c.w).SetWriteDeadline(networkTime().Add(d))
}

// shield sets headers by which browsers do not guess an answer's type, run anything in it
// or frame it.
func shield(h http.Header) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; frame-ancestors 'none'")
}

// serve calls the route of the request's path. It fails with errNotFound if there is no
// such route, if the client's limit is reached, and as the route does. An error that it
// returns has not been answered yet.
func (c *call) serve() error {
	path, ok := c.h.path(c.r.URL.Path)
	if !ok {
		return errNotFound
	}
	first, rest, below := strings.Cut(path, "/")
	if !below {
		return c.asset(first) // not counted: caches ask for them
	}
	if err := c.count(); err != nil {
		if first == "v1" {
			c.hint(rest)
		}
		return err
	}
	switch first {
	case "v1":
		return c.api(rest)
	case "page":
		return c.standAlone(rest)
	case "contact":
		return c.contactPage(rest)
	case "rating":
		return c.ratingPage(rest)
	case "login":
		return c.finishLogin(rest)
	}
	return errNotFound
}

// path returns a request's path below the handler, without the slash before it; false:
// it is too long.
func (h *Handler) path(p string) (string, bool) {
	if len(p) > maxPath {
		return "", false
	}
	if h.base != nil {
		if below, ok := strings.CutPrefix(p, h.base.Path); ok {
			return below, true
		}
	}
	return strings.TrimPrefix(p, "/"), true
}

// maxPath is longer than any path there is.
const maxPath = 512

// count finds the client's address and counts the request against the limit of that
// address only. It fails if the limit is reached. It warns once of a proxy behind which
// all visitors share an address.
func (c *call) count() error {
	var shared string
	if c.address, shared = address(c.r, c.h.o.TrustedProxies); shared != "" {
		c.h.unnamed.Do(func() {
			c.h.o.Logger.WarnContext(c.r.Context(), "widget: "+shared+": all its visitors share one limit", "peer", c.r.RemoteAddr)
		})
	}
	return c.h.limits.address.take(c.address, c.now)
}

// enterBulk counts a file or a large answer, which take much memory; leave must be
// called when it is over. It fails with a [*failure] if there are too many.
func (c *call) enterBulk() (leave func(), err error) {
	var account chatcfg.AccountID
	if c.account != nil {
		account = c.account.ID()
	}
	return c.h.bulk.enter(account, c.address)
}
