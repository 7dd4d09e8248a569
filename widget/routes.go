package widget

import (
	"cmp"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
)

// route is what one method of one path does.
type route struct {
	serve func(*call) error
	// open routes serve pages of any origin.
	open bool
	// session routes need a session's token; repeats: also one that a login replaced.
	session, repeats bool
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
	"session/login": {"POST": {serve: (*call).login, session: true, repeats: true, entry: true}},
	"messages":      {"GET": {serve: (*call).readMessages, session: true}, "POST": {serve: (*call).writeMessage, session: true}},
	"typing":        {"POST": {serve: (*call).typing, session: true}},
	"read":          {"POST": {serve: (*call).markRead, session: true}},
	"stream":        {"GET": {serve: (*call).stream, session: true}},
	"files":         {"POST": {serve: (*call).writeFile, session: true}},
	"files/":        {"GET": {serve: (*call).readFile, session: true}},
	"contact":       {"POST": {serve: (*call).contact, entry: true}},
	"logins":        {"POST": {serve: (*call).beginLogin, entry: true}},
}

// api answers a request below v1/.
func (c *call) api(path string) error {
	c.w.Header().Set("Vary", "Origin")
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
	if err := c.enter(key, known && one.open); err != nil {
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
		if err := c.h.limits.accountEntry.take(c.account.ID, c.now); err != nil {
			return err
		}
	}
	if one.session {
		err := c.authenticate()
		if err != nil && !(one.repeats && errors.Is(err, charla.ErrReplaced)) {
			return err
		}
		if err := c.h.limits.session.take(c.session.ID, c.now); err != nil {
			return err
		}
	}
	return one.serve(c)
}

// enter finds the account and refuses pages that may not use it; who is refused
// does not learn whether it exists.
func (c *call) enter(key string, open bool) error {
	if !plausible(key) {
		return errOrigin
	}
	ctx := c.r.Context()
	a, err := c.h.desk.AccountByKey(ctx, key)
	if errors.Is(err, charla.ErrNotFound) {
		return errOrigin
	} else if err != nil {
		return err
	}
	p, err := c.h.profile(ctx, &a)
	if err != nil {
		return err
	}
	if !open {
		origin := c.asking()
		if !p.allowed(origin, c.h.origin) {
			return errOrigin
		}
		c.grant(origin)
	}
	c.account, c.chat = a, &p.chat
	return c.h.limits.account.take(a.ID, c.now)
}

// plausible says whether a text can be a public key.
func plausible(key string) bool {
	return key != "" && len(key) <= 64 && strings.Trim(key, "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
}

// authenticate finds the session of the token; [charla.ErrReplaced] with one that
// may only log in again.
func (c *call) authenticate() error {
	values := c.r.Header.Values("Authorization")
	if len(values) != 1 || len(values[0]) > 256 {
		return errSession
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return errSession
	}
	var err error
	c.session, err = c.h.desk.Session(c.r.Context(), c.account.ID, token)
	return err
}

// language is the visitor's, as an Accept-Language header writes it.
func (c *call) language() string {
	if lang := c.r.URL.Query().Get("lang"); lang != "" {
		return lang
	}
	return c.r.Header.Get("Accept-Language")
}

// visitor is the language of the visitor, that in which their session began, else
// the request's; empty: none of ours.
func (c *call) visitor() chatcfg.Locale {
	return cmp.Or(c.session.Customer.Locale, chatcfg.VisitorLocale(c.language()))
}

// locale is the language to speak to the visitor in (R6.9).
func (c *call) locale() chatcfg.Locale {
	if c.chat == nil { // what does not depend on the account
		return chatcfg.MatchLocale(c.language())
	}
	if l := c.session.Customer.Locale; l != "" && c.chat.Locale == chatcfg.Auto {
		return l
	}
	return c.chat.Locale.For(c.language())
}
