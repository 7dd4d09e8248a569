package widget_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/widget"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fakeLogin is a provider that believes what it is told: the name that follows
// "who=" in what it sends back.
type fakeLogin struct{ provider string }

func (f fakeLogin) Provider() string { return f.provider }

func (f fakeLogin) Begin(state, redirect string) (string, error) {
	return "https://provider.example/?" + url.Values{"state": {state}, "redirect_uri": {redirect}}.Encode(), nil
}

func (f fakeLogin) Finish(_ context.Context, r *http.Request) (charla.Proof, error) {
	who := r.URL.Query().Get("who")
	if who == "" {
		return charla.Proof{}, fmt.Errorf("denied")
	}
	return charla.Proof{Provider: f.provider, Subject: who, Name: strings.ToUpper(who), Email: who + "@example.com"}, nil
}

// actor is somebody who sends a request; file is the message of theirs with an
// attachment.
type actor struct {
	token, origin string
	file          int64
}

// TestAuthorisation: R1.3, R6.8, R7.1, R7.2: every route, streams among them,
// against everybody who could ask. Whoever may not learns nothing, in the same way
// everywhere; what a session may read is its own.
func TestAuthorisation(t *testing.T) {
	t.Parallel()
	files, err := charla.NewFileDir(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, files.Close()) })
	mock := clock.NewMock()
	mock.Set(time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC))
	configure := func(c *chatcfg.Config) {
		c.Chat.Google.Enabled = true
		c.Chat.ContactForm.Enabled = true
		c.Chat.ContactForm.Email = chatcfg.FormEmail{Enabled: true, Address: "agents@tienda.cl"}
	}
	s := setupDesk(t, &charla.Options{Clock: mock, HeartbeatTTL: -1, Files: &charla.FileOptions{Store: files}},
		configure, func(o *widget.Options) { o.Logins = []widget.Login{fakeLogin{"google"}} })
	require.NoError(t, s.account.SetImage(t.Context(), charla.ImagePicture, png(t, 64)))
	require.NoError(t, s.account.SetImage(t.Context(), charla.ImageLogo, png(t, 200)))
	require.NoError(t, s.ana().Heartbeat(t.Context(), "online")) // chats, and refuses forms
	elsewhere, _ := s.newAccount("Otra", "tienda.cl", configure)

	const secret = "secret-of-an-owner"
	write := func(v visitor) int64 {
		r, err := v.Write(t.Context(), secret, &charla.WriteOptions{
			File: &charla.Upload{Name: secret + ".png", Body: png(t, 8)},
		})
		require.NoError(t, err)
		s.reply(r.Ref, secret+", answered")
		return r.Seq
	}
	claimed := func() (visitor, int64) {
		v := s.enter("owner")
		return v, write(v)
	}
	verify := charla.Entry{Proof: &charla.Proof{Subject: "owner"}}
	verifiedFile := write(s.start(s.account, verify))

	old, _ := claimed()
	mock.Add(91 * 24 * time.Hour)
	require.NoError(t, s.ana().Heartbeat(t.Context(), "online"))

	actors := []struct {
		name string
		make func() actor
		// stands says whose requests count as a session's; reads whose see secrets.
		page, stands, reads bool
	}{
		{"nobody", func() actor { return actor{} }, true, false, false},
		{"a made-up token", func() actor { return actor{token: "0190a1b2-0000-7000-8000-000000000000.AAAA"} }, true, false, false},
		{"a right ID with another's secret", func() actor {
			v, _ := claimed()
			_, mine, _ := strings.Cut(s.enter("thief").token, ".")
			return actor{token: v.session.ID.String() + "." + mine}
		}, true, false, false},
		{"a token cut short", func() actor {
			v, _ := claimed()
			return actor{token: v.token[:len(v.token)-2]}
		}, true, false, false},
		{"a session of another account", func() actor {
			return actor{token: s.start(elsewhere, charla.Entry{Name: "x"}).token}
		}, true, false, false},
		{"expired", func() actor { return actor{token: old.token} }, true, false, false},
		{"revoked", func() actor {
			v, _ := claimed()
			require.NoError(t, v.Leave(t.Context()))
			return actor{token: v.token}
		}, true, false, false},
		{"another visitor", func() actor { return actor{token: s.enter("other").token} }, true, true, false},
		{"another visitor, verified", func() actor {
			return actor{token: s.start(s.account, charla.Entry{Proof: &charla.Proof{Subject: "other"}}).token}
		}, true, true, false},
		{"claimed, from a wrong page", func() actor {
			v, seq := claimed()
			return actor{v.token, "https://tienda.cl.evil.example", seq}
		}, false, true, true},
		{"claimed, from no page", func() actor {
			v, seq := claimed()
			return actor{v.token, "-", seq}
		}, false, true, true},
		{"claimed, from a page without origin", func() actor {
			v, seq := claimed()
			return actor{v.token, "null", seq}
		}, false, true, true},
		{"claimed", func() actor {
			v, seq := claimed()
			return actor{token: v.token, file: seq}
		}, true, true, true},
		{"verified", func() actor {
			return actor{token: s.start(s.account, verify).token, file: verifiedFile}
		}, true, true, true},
	}
	n := 0
	key := func() string { n++; return fmt.Sprint("k", n) }
	identity := func() string {
		jwt, err := charla.SignIdentity(s.secret, s.account.ID(), charla.Proof{Subject: "new" + key()}, mock.Now(), time.Hour)
		require.NoError(t, err)
		return jwt
	}
	const (
		everybody = iota // without an origin, too
		anyPage
		// maybeSession needs none, but one that is no session is refused.
		maybeSession
		session
		// own needs the session that owns the attachment.
		own
	)
	routes := []struct {
		name, method, path string
		needs, status      int
		body               func() any
		header             http.Header
	}{
		{"config", "GET", "config", anyPage, 200, nil, nil},
		{"picture", "GET", "picture", everybody, 200, nil, nil},
		{"logo", "GET", "logo", everybody, 200, nil, nil},
		{"start", "POST", "sessions", anyPage, 201, func() any { return map[string]string{"name": "x"} }, nil},
		{"begin a login", "POST", "logins", anyPage, 200, func() any { return map[string]string{"provider": "google"} }, nil},
		{"contact", "POST", "contact", maybeSession, 409, func() any {
			return map[string]string{"key": key(), "email": "x@example.com", "text": "x"}
		}, nil},
		{"look", "GET", "session", session, 200, nil, nil},
		{"end", "DELETE", "session", session, 204, nil, nil},
		{"log in", "POST", "session/login", session, 200, func() any { return map[string]string{"identity": identity()} }, nil},
		{"read", "GET", "messages?after=0", session, 200, nil, nil},
		{"read back", "GET", "messages?before=0", session, 200, nil, nil},
		{"wait", "GET", "messages?wait=25&typing=false&agent=99", session, 200, nil, nil},
		{"write", "POST", "messages", session, 201, func() any { return map[string]string{"key": key(), "text": "x"} }, nil},
		{"write badly", "POST", "messages", session, 400, func() any { return "{" }, nil},
		{"type", "POST", "typing", session, 204, func() any { return "{}" }, nil},
		{"mark", "POST", "read", session, 204, func() any { return `{"seq":1}` }, nil},
		{"stream", "GET", "stream", session, 200, nil, nil},
		{"attach", "POST", "files?name=a.png&key=KEY", session, 201, func() any { return png(t, 8) }, http.Header{"Content-Type": {"image/png"}}},
		{"download", "GET", "files/SEQ", own, 200, nil, nil},
	}
	cells := 0
	for _, route := range routes {
		for _, who := range actors {
			cells++
			name := route.name + " by " + who.name
			a := who.make()
			status, code := route.status, ""
			switch {
			case route.needs == everybody:
			case !who.page:
				status, code = http.StatusForbidden, "origin"
			case route.needs == anyPage:
			case route.needs == maybeSession && a.token == "":
			case !who.stands:
				status, code = http.StatusUnauthorized, "session"
			case route.needs == own && a.file == 0:
				status, code = http.StatusNotFound, "not_found"
				a.file = 1
			}
			if code == "" {
				code = map[string]string{"contact": "available", "write badly": "request"}[route.name]
			}
			q := request{
				method: route.method, token: a.token, origin: a.origin, header: route.header,
				path: strings.NewReplacer("SEQ", fmt.Sprint(max(a.file, 1)), "KEY", key()).Replace(route.path),
			}
			if route.body != nil {
				q.body = route.body()
			}
			var got answer
			if route.name == "stream" && status == http.StatusOK {
				got = s.firstOf(q)
			} else {
				got = s.do(q)
			}
			assert.Equal(t, status, got.status, "%s: %s", name, got.body)
			assert.Equal(t, code, got.code(), name)
			if !who.page || !who.reads {
				assert.NotContains(t, string(got.body), secret, name)
			} else if strings.Contains("read, read back, wait, stream", route.name) {
				assert.Contains(t, string(got.body), secret, name)
			}
			allowed := got.header.Get("Access-Control-Allow-Origin")
			switch {
			case route.needs == everybody:
				assert.Equal(t, "*", allowed, name)
			case !who.page:
				assert.Empty(t, allowed, name)
			default:
				assert.Equal(t, s.origin, allowed, name)
			}
			assert.Equal(t, "nosniff", got.header.Get("X-Content-Type-Options"), name)
			assert.Empty(t, got.header.Values("Set-Cookie"), name)
		}
	}
	require.Equal(t, 19*14, cells)
	t.Logf("%d cells", cells)
}

// firstOf is a stream up to its ready event.
func (s *site) firstOf(q request) answer {
	s.t.Helper()
	res, err := s.server.Client().Do(s.new(q).WithContext(soon(s.t)))
	require.NoError(s.t, err)
	defer res.Body.Close()
	var all strings.Builder
	buffer := make([]byte, 4096)
	for err == nil && res.StatusCode == http.StatusOK && !strings.Contains(all.String(), "event: ready") {
		var n int
		n, err = res.Body.Read(buffer)
		all.Write(buffer[:n])
	}
	if res.StatusCode != http.StatusOK {
		_, err = io.Copy(&all, res.Body)
	}
	require.NoError(s.t, err)
	return answer{res.StatusCode, res.Header, []byte(all.String())}
}
