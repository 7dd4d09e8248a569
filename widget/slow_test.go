package widget_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/widget"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// protocol is how a slow client talks to a server.
type protocol struct {
	name   string
	secure bool
	two    bool // HTTP/2
	hijack bool
}

var protocols = []protocol{
	{name: "HTTP/1"}, {name: "HTTP/1, streams taken over", hijack: true}, {name: "HTTP/1, TLS", secure: true},
	{name: "HTTP/2, TLS", secure: true, two: true}, {name: "HTTP/2", two: true},
}

// documented serves the site's handler as the package's documentation shows.
func (s *site) documented(p protocol) *httptest.Server {
	s.t.Helper()
	server := httptest.NewUnstartedServer(s.handler)
	server.Config.ReadHeaderTimeout, server.Config.IdleTimeout = 10*time.Second, 2*time.Minute
	if p.secure {
		server.EnableHTTP2 = true
		server.StartTLS()
	} else {
		server.Config.Protocols = new(http.Protocols)
		server.Config.Protocols.SetHTTP1(true)
		server.Config.Protocols.SetUnencryptedHTTP2(true)
		server.Start()
	}
	s.t.Cleanup(func() { s.handler.Close(); server.CloseClientConnections(); server.Close() })
	return server
}

// slow is a request whose body does not arrive: a byte now and then, or none.
type slow struct {
	name, method, path string
	origin, token, key string
	header             http.Header
	length             string // Content-Length; empty: chunked
	silent             bool
	want               int // the status; zero: none
}

// slowRequests are refused at every place, or not at all.
func slowRequests(s *site, v visitor, deleted string) []slow {
	const long = "40000"
	return []slow{
		{name: "a message", method: "POST", path: "messages", token: v.token, length: long, want: 408},
		{name: "nothing of it", method: "POST", path: "messages", token: v.token, length: long, silent: true, want: 408},
		{name: "chunks", method: "POST", path: "messages", token: v.token, want: 408},
		{name: "a file", method: "POST", path: "files?key=k&name=a.txt", token: v.token, length: "400000", want: 408},
		{name: "a file in chunks", method: "POST", path: "files?key=k&name=a.txt", token: v.token, want: 408},
		{name: "a session", method: "POST", path: "sessions", length: long, want: 408},
		{name: "a contact form", method: "POST", path: "contact", length: long, want: 408},
		{name: "a login", method: "POST", path: "logins", length: long, want: 408},
		{name: "another origin", method: "POST", path: "sessions", origin: "https://evil.example", length: long, want: 403},
		{name: "another origin, silent", method: "POST", path: "sessions", origin: "https://evil.example", length: long, silent: true, want: 403},
		{name: "another origin, a large file", method: "POST", path: "files", origin: "https://evil.example", length: "4000000", want: 403},
		{name: "no account", method: "POST", path: "sessions", key: "pk_nobody", length: long, want: 403},
		{name: "a deleted account", method: "POST", path: "sessions", key: deleted, length: long, want: 403},
		{name: "no route", method: "POST", path: "nothing", length: long, want: 404},
		{name: "no path", method: "POST", path: "/nothing/at/all", length: long, want: 404},
		{name: "no file of the script", method: "POST", path: "/loader.js", length: long, want: 405},
		{name: "no method", method: "POST", path: "config", length: long, want: 405},
		{name: "no session", method: "POST", path: "messages", token: "ct_nobody", length: long, want: 401},
		{name: "no JSON", method: "POST", path: "sessions", header: http.Header{"Content-Type": {"text/plain"}}, length: long, want: 415},
		{name: "too large", method: "POST", path: "messages", token: v.token, length: "200000", want: 413},
		{name: "far too large", method: "POST", path: "messages", token: v.token, length: "100000000000", want: 413},
		{name: "it waits to be asked", method: "POST", path: "messages", token: v.token, header: http.Header{"Expect": {"100-continue"}}, length: long, want: 408},
		{name: "it waits to be asked, refused", method: "POST", path: "messages", header: http.Header{"Expect": {"100-continue"}}, length: long, silent: true, want: 401},
		{name: "a GET", method: "GET", path: "config", length: long, want: 408},
		{name: "a stream", method: "GET", path: "stream", token: v.token, length: long, want: 408},
		{name: "a long poll", method: "GET", path: "messages?wait=25", token: v.token, length: long, want: 408},
		{name: "a preflight", method: "OPTIONS", path: "messages", length: long, want: 408},
		{name: "an end", method: "DELETE", path: "session", token: v.token, length: long, want: 408},
		{name: "a file of the script", method: "GET", path: "/loader.js", length: long, want: 408},
		{name: "a page", method: "POST", path: "/page/" + s.account.key, length: long, want: 405},
		{name: "a form without script", method: "POST", path: "/contact/" + s.account.key, origin: "-", length: long, want: 404},
		{name: "a provider", method: "POST", path: "/login/google", length: long, want: 404},
	}
}

// slowSite is a site whose bodies have little time.
func slowSite(t *testing.T, options func(*widget.Options)) (*site, visitor, string) {
	t.Helper()
	files, err := charla.NewFileDir(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, files.Close()) })
	s := setupDesk(t, &charla.Options{Files: &charla.FileOptions{Store: files}}, nil, func(o *widget.Options) {
		o.Limits.BodyTime, o.Limits.BodyRate = 400*time.Millisecond, 1<<20
		if options != nil {
			options(o)
		}
	})
	deleted, _ := s.newAccount("Otra", "tienda.cl", nil)
	require.NoError(t, deleted.Delete(t.Context(), "Otra"))
	return s, s.enter("carla"), deleted.key
}

// TestSlowBodies: R8.4: a connection whose request's body does not arrive in its time
// ends, whatever the request is answered, and the answer is the request's own.
func TestSlowBodies(t *testing.T) {
	t.Parallel()
	for _, p := range protocols {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			s, v, deleted := slowSite(t, func(o *widget.Options) { o.Streams.Hijack = p.hijack })
			server := s.documented(p)
			var begun []*dribbling
			for _, q := range slowRequests(s, v, deleted) {
				begun = append(begun, s.dribble(t, server, p, q))
			}
			for _, d := range begun {
				assert.Equal(t, d.want, d.end(), d.name)
			}
		})
	}
}

// TestSlowBodiesOverBudget: the same of a request that is over a budget.
func TestSlowBodiesOverBudget(t *testing.T) {
	t.Parallel()
	for _, p := range protocols {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			s, v, _ := slowSite(t, func(o *widget.Options) { o.Limits.Address = widget.Rate{PerSecond: 1e-6, Burst: 1} })
			require.Equal(t, http.StatusOK, s.do(request{path: "config"}).status)
			q := slow{method: "POST", path: "messages", token: v.token, length: "40000", want: 429}
			assert.Equal(t, q.want, s.dribble(t, s.documented(p), p, q).end())
		})
	}
}

// TestManySlowBodies: slow connections, many at once, all end, while visitors go on; they
// outlast that where bodies have more time.
func TestManySlowBodies(t *testing.T) {
	t.Parallel()
	for _, p := range protocols {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			s, v, deleted := slowSite(t, func(o *widget.Options) { o.Limits.BodyTime = 2 * time.Second })
			patient, w, gone := slowSite(t, func(o *widget.Options) { o.Limits.BodyTime = time.Hour })
			outlasting := patient.documented(p)
			var staying []*dribbling
			for _, q := range slowRequests(patient, w, gone) {
				if q.want != 413 { // refused without waiting for the rest
					staying = append(staying, patient.dribble(t, outlasting, p, q))
				}
			}
			server := s.documented(p)
			var ending []*dribbling
			for len(ending) < 50 {
				for _, q := range slowRequests(s, v, deleted) {
					ending = append(ending, s.dribble(t, server, p, q))
				}
			}
			for i := range 20 {
				got := s.do(request{method: "POST", path: "messages", token: v.token, body: map[string]any{"key": itoa(int64(i)), "text": "hola"}})
				assert.Equal(t, http.StatusCreated, got.status, "%s", got.body)
			}
			for _, d := range ending {
				d.end()
			}
			for _, d := range staying {
				assert.False(t, d.over(), d.slow.name)
			}
		})
	}
}

// TestSlowUpload: a body that arrives at the rate of Limits.BodyRate may take longer than
// Limits.BodyTime, and the connection goes on afterwards.
func TestSlowUpload(t *testing.T) {
	t.Parallel()
	for _, p := range protocols {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			const pause = 500 * time.Millisecond
			s, v, _ := slowSite(t, func(o *widget.Options) { o.Limits.BodyTime, o.Limits.BodyRate = 4*pause, 64 })
			server := s.documented(p)
			client := server.Client()
			if p.two && !p.secure {
				unencrypted := new(http.Protocols)
				unencrypted.SetUnencryptedHTTP2(true)
				client = &http.Client{Transport: &http.Transport{Protocols: unencrypted}}
			}
			s.server = server
			for i := range 2 {
				body, pieces := io.Pipe()
				r := s.new(request{method: "POST", path: fmt.Sprintf("files?key=%d&name=a.txt", i), token: v.token, body: "-"})
				r.Body, r.ContentLength = body, 5<<10
				go func() {
					defer pieces.Close()
					tick := time.NewTicker(pause)
					defer tick.Stop()
					for range 5 {
						_, _ = pieces.Write(bytes.Repeat([]byte("hola\n123"), 128))
						if i == 0 {
							<-tick.C
						}
					}
				}()
				began := time.Now()
				res, err := client.Do(r)
				require.NoError(t, err)
				assert.Equal(t, http.StatusCreated, res.StatusCode)
				assert.False(t, res.Close)
				_, err = io.Copy(io.Discard, res.Body)
				require.NoError(t, err)
				require.NoError(t, res.Body.Close())
				if i == 0 {
					assert.Greater(t, time.Since(began), 4*pause, "or this shows nothing")
				}
			}
		})
	}
}

// dribbling is a slow request under way.
type dribbling struct {
	slow
	ended  chan struct{}
	status int
	t      *testing.T
}

// end waits for the end of the connection, and is the status of the answer before.
func (d *dribbling) end() int {
	d.t.Helper()
	select {
	case <-d.ended:
	case <-soon(d.t).Done():
		require.Fail(d.t, "the connection stays", d.slow.name)
	}
	return d.status
}

func (d *dribbling) over() bool {
	select {
	case <-d.ended:
		return true
	default:
		return false
	}
}

// dribble sends the head of a request, and its body a byte at a time until the server
// ends the connection.
func (s *site) dribble(t *testing.T, server *httptest.Server, p protocol, q slow) *dribbling {
	t.Helper()
	s.server = server
	r := s.new(request{method: q.method, path: q.path, token: q.token, origin: q.origin, key: q.key, body: "", header: q.header})
	var conn net.Conn
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	require.NoError(t, err)
	if p.secure {
		c := &tls.Config{InsecureSkipVerify: true}
		if p.two {
			c.NextProtos = []string{"h2"}
		}
		conn = tls.Client(conn, c)
	}
	t.Cleanup(func() { _ = conn.Close() })
	d := &dribbling{slow: q, ended: make(chan struct{}), t: t}
	var one func() error // sends a byte
	var read func() int
	if p.two {
		one, read = two(t, conn, r, q)
	} else {
		one, read = first(t, conn, r, q)
	}
	go func() {
		defer close(d.ended)
		d.status = read()
	}()
	if !q.silent {
		go func() {
			tick := time.NewTicker(20 * time.Millisecond)
			defer tick.Stop()
			for {
				select {
				case <-d.ended:
					return
				case <-tick.C:
					if one() != nil {
						return
					}
				}
			}
		}()
	}
	return d
}

// first begins the request by HTTP/1.
func first(t *testing.T, conn net.Conn, r *http.Request, q slow) (one func() error, read func() int) {
	t.Helper()
	var head strings.Builder
	fmt.Fprintf(&head, "%s %s HTTP/1.1\r\nHost: %s\r\n", q.method, r.URL.RequestURI(), r.Host)
	if q.length != "" {
		r.Header.Set("Content-Length", q.length)
	} else {
		r.Header.Set("Transfer-Encoding", "chunked")
	}
	require.NoError(t, r.Header.Write(&head))
	_, err := io.WriteString(conn, head.String()+"\r\n")
	require.NoError(t, err)
	piece := " "
	if q.length == "" {
		piece = "1\r\n \r\n"
	}
	one = func() error {
		_, err := io.WriteString(conn, piece)
		return err
	}
	return one, func() (status int) {
		b := bufio.NewReader(conn)
		for {
			res, err := http.ReadResponse(b, r)
			if err != nil {
				break
			}
			if res.StatusCode >= 200 {
				status = res.StatusCode
			}
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
		}
		_, _ = io.Copy(io.Discard, b)
		return status
	}
}

// two begins the request by HTTP/2.
func two(t *testing.T, conn net.Conn, r *http.Request, q slow) (one func() error, read func() int) {
	t.Helper()
	_, err := io.WriteString(conn, http2.ClientPreface)
	require.NoError(t, err)
	framer := http2.NewFramer(conn, conn)
	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	require.NoError(t, framer.WriteSettings())
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	field := func(name, value string) {
		require.NoError(t, encoder.WriteField(hpack.HeaderField{Name: name, Value: value}))
	}
	field(":method", q.method)
	field(":scheme", "https")
	field(":authority", r.URL.Host)
	field(":path", r.URL.RequestURI())
	if q.length != "" {
		field("content-length", q.length)
	}
	for name, values := range r.Header {
		field(strings.ToLower(name), values[0])
	}
	require.NoError(t, framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block.Bytes(), EndHeaders: true}))
	var writing sync.Mutex
	one = func() error {
		writing.Lock()
		defer writing.Unlock()
		return framer.WriteData(1, false, []byte(" "))
	}
	return one, func() (status int) {
		for {
			frame, err := framer.ReadFrame()
			if err != nil {
				return status
			}
			switch f := frame.(type) {
			case *http2.MetaHeadersFrame:
				if got := atoi(f.PseudoValue("status")); got >= 200 {
					status = got
				}
			case *http2.SettingsFrame:
				writing.Lock()
				if !f.IsAck() {
					_ = framer.WriteSettingsAck()
				}
				writing.Unlock()
			}
		}
	}
}
