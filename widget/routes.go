package widget

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
)

// route is what one method of one path does.
type route struct {
	// serve answers the request, or returns an error and has answered nothing:
	// [call.fail] answers that. Besides what a route's comment says, each fails if its
	// body or query is malformed (errRequest), a limit is reached, the token is of no
	// session, or the desk fails.
	serve func(*call) error
	// open routes serve pages of any origin.
	open bool
	// session routes need a session's token, which they themselves have the desk check.
	session bool
	// entry routes let somebody in: they have a rate of their own.
	entry bool
}

// routes are those of one account, by the path below v1/KEY/; one that ends in a
// slash has something behind it.
var routes = map[string]map[string]route{
	"config":        {"GET": {serve: (*call).config}},
	"picture":       {"GET": {serve: (*call).picture, open: true}},
	"logo":          {"GET": {serve: (*call).logo, open: true}},
	"sessions":      {"POST": {serve: (*call).startSession, entry: true}},
	"session":       {"GET": {serve: (*call).getSession, session: true}, "DELETE": {serve: (*call).endSession, session: true}},
	"session/login": {"POST": {serve: (*call).login, session: true, entry: true}},
	"messages":      {"GET": {serve: (*call).readMessages, session: true}, "POST": {serve: (*call).writeMessage, session: true}},
	"end":           {"POST": {serve: (*call).endTicket, session: true, entry: true}},
	"rating":        {"POST": {serve: (*call).rateTicket, session: true, entry: true}},
	"typing":        {"POST": {serve: (*call).typing, session: true}},
	"read":          {"POST": {serve: (*call).markRead, session: true}},
	"stream":        {"GET": {serve: (*call).stream, session: true}},
	"files":         {"POST": {serve: (*call).writeFile, session: true}},
	"files/":        {"GET": {serve: (*call).readFile, session: true}},
	"contact":       {"POST": {serve: (*call).contact, entry: true}},
	"logins":        {"POST": {serve: (*call).beginLogin, entry: true}},
}

// api answers a request below v1/. It fails as enter does and as the route does, with
// errNotFound if there is no such route, and if a limit is reached.
func (c *call) api(path string) error {
	c.vary()
	key, path, _ := strings.Cut(path, "/")
	methods, name := routes[path], path
	if dir, rest, ok := strings.Cut(path, "/"); ok && methods == nil {
		name, c.rest = dir+"/", rest
		methods = routes[name]
	}
	c.route = name
	method := c.r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	one, known := methods[method]
	find := c.h.profiles.current
	if known && one.session {
		find = c.h.profiles.remembered
	}
	if err := c.enter(find, key, known && one.open); err != nil {
		return err
	}
	switch {
	case methods == nil:
		c.route = ""
		return errNotFound
	case c.r.Method == http.MethodOptions:
		c.preflight(strings.Join(slices.Sorted(maps.Keys(methods)), ", "))
		return nil
	case !known || c.r.Method == http.MethodHead && one.session:
		allow := strings.Join(append(slices.Sorted(maps.Keys(methods)), http.MethodOptions), ", ")
		return &failure{status: http.StatusMethodNotAllowed, code: codeMethod, allow: allow}
	}
	if one.entry {
		if err := c.h.limits.entry.take(c.address, c.now); err != nil {
			return err
		}
		if err := c.h.limits.accountEntry.take(c.account.ID(), c.now); err != nil {
			return err
		}
	}
	if one.session {
		return c.asSession(one.serve)
	}
	return one.serve(c)
}

// asSession calls a route of a session, within the rate of its token. Routes check the
// token by what they load anyway. If a route refuses a request before that, asSession
// loads the session: so an invalid token gets the same refusal everywhere, others are
// refused in the session's language (R6.9), and invented tokens are forgotten. It fails
// as authenticate does, if the rate is exceeded, with [charla.ErrSession] or
// [charla.ErrDeleted], and as the route does.
func (c *call) asSession(serve func(*call) error) error {
	if err := c.authenticate(); err != nil {
		return err
	}
	if err := c.h.limits.session.take(c.token, c.now); err != nil {
		return err
	}
	err := serve(c)
	if err == nil {
		return nil
	}
	switch refused, _ := asFailure(err); refused.code {
	case codeSession, codeOrigin, codeRate, codeBusy, codeInternal, codeStream:
		// The token was looked at, or the request has cost enough.
	default:
		if held := c.loadSession(); errors.Is(held, charla.ErrSession) || errors.Is(held, charla.ErrDeleted) {
			err = held
		}
	}
	if errors.Is(err, charla.ErrSession) {
		c.h.limits.forget(c.token)
	}
	return err
}

// enter finds the account, counts the request and lets the page read the answer. Unless
// open, it fails with errOrigin if the page may not use the account. It fails with
// errOrigin, too, if there is no such account: the page does not learn which. It also
// fails as find and admit do.
func (c *call) enter(find finder, key string, open bool) error {
	if !plausible(key) {
		return errOrigin
	}
	p, err := find(c.r.Context(), key)
	if errors.Is(err, charla.ErrNotFound) {
		return errOrigin
	} else if err != nil {
		return err
	}
	c.named = p.account.ID()
	if !open {
		origin := c.asking()
		if !p.allowed(origin, c.h.origin) {
			return errOrigin
		}
		c.grant(origin)
	}
	return c.admit(p)
}

// finder finds the profile of a public key.
type finder func(ctx context.Context, key string) (*profile, error)

// admit sets the call's account, and counts the request against its limit and that of
// all. It fails with a [*failure] if a limit is reached.
func (c *call) admit(p *profile) error {
	c.account, c.info, c.chat, c.named = p.account, p.info, p.chat, p.account.ID()
	if err := take(c.h.limits.all, "all", c.now); err != nil {
		return err
	}
	return c.h.limits.account.take(p.account.ID(), c.now)
}

// plausible reports whether a text can be a public key.
func plausible(key string) bool {
	return key != "" && len(key) <= 64 && strings.Trim(key, "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
}

// tokenHash tells tokens apart without keeping them.
type tokenHash [sha256.Size]byte

// authenticate reads the request's token into c.token and c.visitor. It fails with
// errSession if there is none. It does not check the token: the first call of c.visitor
// does.
func (c *call) authenticate() error {
	values := c.r.Header.Values("Authorization")
	if len(values) != 1 || len(values[0]) > 256 {
		return errSession
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return errSession
	}
	c.token, c.visitor = sha256.Sum256([]byte(token)), c.account.Visitor(charla.Token(token))
	return nil
}

// loadSession loads the session into c.session, unless it is loaded. It fails with
// [charla.ErrSession] if the token is of none, [charla.ErrDeleted], or if the desk
// does.
func (c *call) loadSession() (err error) {
	if c.session.ID.IsZero() {
		c.session, err = c.visitor.Session(c.r.Context())
	}
	return err
}

// query returns the parameters of the request's query. It fails with errRequest if the query
// is malformed, or has a parameter twice: those who read it on the way may take the other.
func (c *call) query() (url.Values, error) {
	q, err := url.ParseQuery(c.r.URL.RawQuery)
	if err != nil {
		return nil, errRequest
	}
	for _, values := range q {
		if len(values) != 1 {
			return nil, errRequest
		}
	}
	return q, nil
}

// language returns the visitor's languages, as an Accept-Language header writes them.
func (c *call) language() string {
	if lang := c.r.URL.Query().Get("lang"); lang != "" {
		return lang
	}
	return c.r.Header.Get("Accept-Language")
}

// speaks returns the visitor's language: that in which their session began, else the
// request's; empty: none of ours.
func (c *call) speaks() chatcfg.Locale {
	return cmp.Or(c.session.Customer.Locale, chatcfg.VisitorLocale(c.language()))
}

// locale returns the language in which to answer the visitor (R6.9).
func (c *call) locale() chatcfg.Locale {
	if c.chat == nil { // what does not depend on the account
		return chatcfg.MatchLocale(c.language())
	}
	if l := c.session.Customer.Locale; l != "" && c.chat.Locale == chatcfg.Auto {
		return l
	}
	return c.chat.Locale.For(c.language())
}
