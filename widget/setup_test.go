package widget_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	imagepng "image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/charlahq/charla/widget"
	"github.com/stretchr/testify/require"
)

// site is what most tests need: a desk on a memory store with one account, and
// the widget on a server of its own.
type site struct {
	t       *testing.T
	store   storage.Store
	desk    *charla.Desk
	account account
	secret  charla.Secret
	handler *widget.Handler
	server  *httptest.Server
	// origin is what requests say they come from.
	origin string
	// begun is the page of a social login that was begun last.
	begun string
}

// account is a handle, and the public key.
type account struct {
	*charla.Account
	key string
}

const origin = "https://tienda.cl"

var ana = charla.Person{ID: "ana-the-agent", Name: "Ana"}

// fast are limits that no test runs into by chance.
func fast() widget.Limits {
	many := widget.Rate{PerSecond: 1e6, Burst: 1e6}
	return widget.Limits{
		Address: many, Session: many, Account: many, All: many, Message: many, Entry: many, AccountEntry: many,
	}
}

// setup makes a site; configure changes the default configuration, options the
// handler's, both if not nil.
func setup(t *testing.T, configure func(*chatcfg.Config), options func(*widget.Options)) *site {
	t.Helper()
	return setupDesk(t, &charla.Options{Runner: charla.RunnerOptions{Poll: 20 * time.Millisecond}}, configure, options)
}

func setupDesk(t *testing.T, d *charla.Options, configure func(*chatcfg.Config), options func(*widget.Options)) *site {
	t.Helper()
	return setupStore(t, storage.NewMemory(), d, configure, options)
}

func setupStore(t *testing.T, store storage.Store, d *charla.Options, configure func(*chatcfg.Config), options func(*widget.Options)) *site {
	t.Helper()
	s := newSite(t, store, d, configure)
	s.serve(options)
	return s
}

// newSite is a site without a server.
func newSite(t *testing.T, store storage.Store, d *charla.Options, configure func(*chatcfg.Config)) *site {
	t.Helper()
	s := &site{t: t, store: store, origin: origin}
	var err error
	s.desk, err = charla.New(s.store, d)
	require.NoError(t, err)
	s.account, s.secret = s.newAccount("Tienda", "tienda.cl", configure)
	return s
}

func (s *site) newAccount(name, domain string, configure func(*chatcfg.Config)) (account, charla.Secret) {
	s.t.Helper()
	cfg := chatcfg.Default(chatcfg.Spanish)
	if configure != nil {
		configure(&cfg)
	}
	a, secret, err := s.desk.CreateAccount(s.t.Context(), name, domain, &charla.AccountOptions{Config: &cfg})
	require.NoError(s.t, err)
	info, err := a.Info(s.t.Context())
	require.NoError(s.t, err)
	return account{a, info.Key}, secret
}

// serve starts a server with the site's handler.
func (s *site) serve(options func(*widget.Options)) {
	s.t.Helper()
	o := &widget.Options{Limits: fast()}
	server := httptest.NewUnstartedServer(nil)
	o.BaseURL = "http://" + server.Listener.Addr().String() + "/chat/"
	if options != nil {
		options(o)
	}
	var err error
	s.handler, err = widget.New(s.desk, o)
	require.NoError(s.t, err)
	server.Config.Handler = s.handler
	server.Start()
	s.server = server
	s.t.Cleanup(func() {
		s.handler.Close()
		server.Close()
	})
}

// answer is what a server said.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// code is an error's.
func (a answer) code() string {
	var e struct {
		Error struct{ Code string }
	}
	_ = json.Unmarshal(a.body, &e)
	return e.Error.Code
}

// into reads the body as JSON.
func (a answer) into(t *testing.T, v any) {
	t.Helper()
	require.NoError(t, json.Unmarshal(a.body, v), "%s", a.body)
}

// request is one to send; zero fields are the usual ones.
type request struct {
	method string
	// path is below v1/KEY/, unless it begins with a slash: then it is below
	// the handler.
	path   string
	token  string
	origin string // "-": none
	body   any    // a string as it is, anything else as JSON
	header http.Header
	key    string
}

func (s *site) new(q request) *http.Request {
	s.t.Helper()
	var body io.Reader
	switch b := q.body.(type) {
	case nil:
	case string:
		body = strings.NewReader(b)
	case []byte:
		body = bytes.NewReader(b)
	default:
		raw, err := json.Marshal(b)
		require.NoError(s.t, err)
		body = bytes.NewReader(raw)
	}
	if q.method == "" {
		q.method = http.MethodGet
	}
	if q.key == "" {
		q.key = s.account.key
	}
	url := s.server.URL + "/chat/v1/" + q.key + "/" + q.path
	if strings.HasPrefix(q.path, "/") {
		url = s.server.URL + "/chat" + q.path
	}
	r, err := http.NewRequestWithContext(s.t.Context(), q.method, url, body)
	require.NoError(s.t, err)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	switch q.origin {
	case "":
		r.Header.Set("Origin", s.origin)
	case "-":
	default:
		r.Header.Set("Origin", q.origin)
	}
	if q.token != "" {
		r.Header.Set("Authorization", "Bearer "+q.token)
	}
	for name, values := range q.header {
		r.Header[name] = values
	}
	return r
}

func (s *site) do(q request) answer {
	s.t.Helper()
	res, err := s.server.Client().Do(s.new(q))
	require.NoError(s.t, err)
	defer res.Body.Close()
	if res.Header.Get("Content-Type") == "text/event-stream" { // it would not end
		return answer{res.StatusCode, res.Header, nil}
	}
	body, err := io.ReadAll(res.Body)
	require.NoError(s.t, err)
	return answer{res.StatusCode, res.Header, body}
}

// visitor is a handle, its token, and what its session was when it began.
type visitor struct {
	*charla.Visitor
	token   string
	session charla.SessionInfo
}

// enter starts a session of a customer who claims a name.
func (s *site) enter(name string) visitor {
	s.t.Helper()
	return s.start(s.account, charla.Entry{Name: name, Email: name + "@example.com"})
}

func (s *site) start(a account, e charla.Entry) visitor {
	s.t.Helper()
	v, token, err := a.Enter(s.t.Context(), e)
	require.NoError(s.t, err)
	session, err := v.Session(s.t.Context())
	require.NoError(s.t, err)
	return visitor{v, string(token), session}
}

// ana is the handle of an agent.
func (s *site) ana() *charla.Agent { return s.account.Agent(ana) }

func (s *site) write(v visitor, text string) charla.Result {
	s.t.Helper()
	r, err := v.Write(s.t.Context(), text, nil)
	require.NoError(s.t, err)
	return r
}

func (s *site) reply(ref tickets.Ref, text string) charla.Result {
	s.t.Helper()
	r, err := s.ana().Reply(s.t.Context(), ref, text, nil)
	require.NoError(s.t, err)
	return r
}

func (s *site) online(a tickets.Availability) {
	s.t.Helper()
	require.NoError(s.t, s.ana().Heartbeat(s.t.Context(), a))
}

// save changes the configuration.
func (s *site) save(change func(*chatcfg.Config)) {
	s.t.Helper()
	cfg, v, err := s.account.Config(s.t.Context())
	require.NoError(s.t, err)
	change(&cfg)
	_, err = s.account.SaveConfig(s.t.Context(), v, cfg, nil)
	require.NoError(s.t, err)
}

// strip takes the account's domains away, which no save could.
func (s *site) strip(t *testing.T) {
	t.Helper()
	cfg, _, err := s.account.Config(t.Context())
	require.NoError(t, err)
	cfg.Chat.Domain, cfg.Chat.ExtraDomains = "", nil
	body, err := json.Marshal(cfg)
	require.NoError(t, err)
	a, err := s.store.Accounts().Get(t.Context(), s.account.ID())
	require.NoError(t, err)
	a.Version++
	a.Revision++
	require.NoError(t, s.store.Accounts().Save(t.Context(), a, storage.Document{Name: "config", Version: int64(a.Version), Body: body}))
}

func visitorNamed(name string) charla.Entry { return charla.Entry{Name: name} }

// message is the protocol's MESSAGE.
type message struct {
	Seq  int64
	At   time.Time
	From string
	Name string
	Text string
	File *struct {
		Name, Type string
		Size       int64
		Inline     bool
	}
}

// page is a page of messages.
type page struct {
	Messages []message
	More     bool
	Read     *struct{ Agent, Customer int64 }
	Typing   *struct{ Agent bool }
}

func texts(list []message) []string {
	out := make([]string, len(list))
	for i, m := range list {
		out[i] = fmt.Sprintf("%d %s %s", m.Seq, m.From, m.Text)
	}
	return out
}

// png is a picture of so many pixels a side.
func png(t *testing.T, side int) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, imagepng.Encode(&b, image.NewGray(image.Rect(0, 0, side, side))))
	return b.Bytes()
}

// soon is a context for what must happen within seconds.
func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

func atoi(s string) int { n, _ := strconv.Atoi(s); return n }
