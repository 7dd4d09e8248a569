package widget_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	mock "github.com/benbjohnson/clock"
	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
	"github.com/charlahq/charla/widget"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// watch is what an operator gets: the log, and the events.
type watch struct {
	mu     sync.Mutex
	log    bytes.Buffer
	events []charla.SecurityEvent
}

func (w *watch) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.log.Write(b)
}

func (w *watch) logger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// take returns what was logged and told since the last call.
func (w *watch) take() (log string, events []charla.SecurityEvent) {
	w.mu.Lock()
	defer w.mu.Unlock()
	log, events = w.log.String(), w.events
	w.log.Reset()
	w.events = nil
	return log, events
}

// planted is in everything that a person or a page says; what identifies them is made of
// it.
const planted = "plantado"

// watched is a site with planted names whose events are watched.
func watched(t *testing.T, configure func(*chatcfg.Config), options func(*charla.Options, *widget.Options)) (*site, *watch) {
	t.Helper()
	w := &watch{}
	files, err := charla.NewFileDir(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { _ = files.Close() })
	d := &charla.Options{
		Logger: w.logger(), Runner: charla.RunnerOptions{Poll: 20 * time.Millisecond},
		Files: &charla.FileOptions{Store: files},
		Observer: &charla.Observer{Security: func(_ context.Context, e charla.SecurityEvent) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.events = append(w.events, e)
		}},
	}
	o := &widget.Options{Limits: fast(), Logger: w.logger(), Logins: []widget.Login{fakeLogin{"google"}, fakeLogin{"facebook"}}}
	if options != nil {
		options(d, o)
	}
	s := setupDesk(t, d, func(c *chatcfg.Config) {
		c.Chat.Google.Enabled, c.Chat.Facebook.Enabled = true, true
		if configure != nil {
			configure(c)
		}
	}, func(to *widget.Options) {
		o.BaseURL = to.BaseURL
		*to = *o
	})
	return s, w
}

// socialLogin goes through a provider and returns the finished login with its nonce; who
// is who logs in there.
func (s *site) socialLogin(t *testing.T, provider, who string) (login, nonce string) {
	t.Helper()
	var begun struct{ URL, Nonce string }
	got := s.do(request{method: "POST", path: "logins", body: map[string]string{"provider": provider}})
	require.Equal(t, http.StatusOK, got.status, "%s", got.body)
	got.into(t, &begun)
	q := url.Values{"state": {stateOf(t, begun.URL)}, "who": {who}}
	got = s.do(request{path: "/login/" + provider + "?" + q.Encode(), origin: "-"})
	require.Equal(t, http.StatusOK, got.status)
	m := regexp.MustCompile(`data-message="([^"]*)"`).FindStringSubmatch(string(got.body))
	require.NotNil(t, m)
	var message map[string]string
	require.NoError(t, json.Unmarshal([]byte(strings.NewReplacer("&#34;", `"`, "&#43;", "+").Replace(m[1])), &message))
	return message["login"], begun.Nonce
}

// securityActions are real actions by the kind and reason of the event that they cause.
// Each gets a site of its own.
var securityActions = map[string]struct {
	configure func(*chatcfg.Config)
	options   func(*charla.Options, *widget.Options)
	do        func(*testing.T, *site)
}{
	"login host": {do: func(t *testing.T, s *site) {
		signed, err := charla.SignIdentity(s.secret, s.account.ID(), charla.Proof{
			Subject: planted, Name: planted, Email: planted + "@example.com",
		}, s.desk.Now(), time.Minute)
		require.NoError(t, err)
		got := s.do(request{method: "POST", path: "sessions", body: map[string]string{"identity": signed}})
		require.Equal(t, http.StatusCreated, got.status)
	}},
	"login google": {do: func(t *testing.T, s *site) {
		login, nonce := s.socialLogin(t, "google", planted)
		got := s.do(request{method: "POST", path: "sessions", body: map[string]string{"login": login, "nonce": nonce}})
		require.Equal(t, http.StatusCreated, got.status)
	}},
	"login facebook": {do: func(t *testing.T, s *site) {
		v := s.enter(planted)
		login, nonce := s.socialLogin(t, "facebook", planted)
		got := s.do(request{method: "POST", path: "session/login", token: v.token, body: map[string]string{"login": login, "nonce": nonce}})
		require.Equal(t, http.StatusOK, got.status)
	}},
	"login_refused identity": {do: func(t *testing.T, s *site) {
		got := s.do(request{method: "POST", path: "sessions", body: map[string]string{"identity": planted}})
		require.Equal(t, http.StatusUnprocessableEntity, got.status)
	}},
	"login_refused state": {do: func(t *testing.T, s *site) {
		require.Equal(t, http.StatusBadRequest, s.do(request{path: "/login/google?state=" + planted, origin: "-"}).status)
	}},
	"login_refused provider": {do: func(t *testing.T, s *site) {
		login, _ := s.socialLogin(t, "google", "")
		require.Empty(t, login)
	}},
	"login_refused login": {do: func(t *testing.T, s *site) {
		got := s.do(request{method: "POST", path: "sessions", body: map[string]string{"login": planted, "nonce": planted}})
		require.Equal(t, http.StatusUnprocessableEntity, got.status)
	}},
	"login_refused used": {do: func(t *testing.T, s *site) {
		login, nonce := s.socialLogin(t, "google", planted)
		for _, want := range []int{http.StatusCreated, http.StatusUnprocessableEntity} {
			got := s.do(request{method: "POST", path: "sessions", body: map[string]string{"login": login, "nonce": nonce}})
			require.Equal(t, want, got.status)
		}
	}},
	"login_refused invalid": {do: func(t *testing.T, s *site) {
		_, _, err := s.account.Enter(t.Context(), charla.Entry{Proof: &charla.Proof{Provider: planted, Subject: planted}})
		require.Error(t, err)
	}},
	"token_refused": {do: func(t *testing.T, s *site) {
		got := s.do(request{path: "session", token: "0190a1b2-0000-7000-8000-000000000000." + planted})
		require.Equal(t, http.StatusUnauthorized, got.status)
	}},
	"origin_refused": {do: func(t *testing.T, s *site) {
		require.Equal(t, http.StatusForbidden, s.do(request{path: "config", origin: "https://" + planted + ".example"}).status)
	}},
	"limit address":       {options: limited(func(l *widget.Limits, r widget.Rate) { l.Address = r }), do: exceed},
	"limit session":       {options: limited(func(l *widget.Limits, r widget.Rate) { l.Session = r }), do: exceed},
	"limit message":       {options: limited(func(l *widget.Limits, r widget.Rate) { l.Message = r }), do: exceed},
	"limit entry":         {options: limited(func(l *widget.Limits, r widget.Rate) { l.Entry = r }), do: exceed},
	"limit account":       {options: limited(func(l *widget.Limits, r widget.Rate) { l.Account = r }), do: exceed},
	"limit account_entry": {options: limited(func(l *widget.Limits, r widget.Rate) { l.AccountEntry = r }), do: exceed},
	"limit all":           {options: limited(func(l *widget.Limits, r widget.Rate) { l.All = r }), do: exceed},
	"limit streams": {
		options: func(_ *charla.Options, o *widget.Options) { o.Streams.Session = 1 },
		do: func(t *testing.T, s *site) {
			v := s.enter(planted)
			s.stream(request{path: "stream", token: v.token}, nil).want("ready {}")
			require.Equal(t, http.StatusTooManyRequests, s.do(request{path: "stream", token: v.token}).status)
		},
	},
	"limit bulk": {
		options: func(_ *charla.Options, o *widget.Options) { o.Limits.Bulk = 1 },
		do: func(t *testing.T, s *site) {
			v, held := s.enter(planted), newGate()
			r := s.new(request{method: "POST", path: "files?key=b&name=" + planted + ".txt", token: v.token, body: "b"})
			r.Body, r.ContentLength = io.NopCloser(held), -1
			done := make(chan struct{})
			go func() { defer close(done); s.handler.ServeHTTP(newGate().ResponseRecorder, r) }()
			<-held.reached
			got := s.do(request{method: "POST", path: "files?key=c&name=" + planted + ".txt", token: v.token, body: "b"})
			require.Equal(t, http.StatusTooManyRequests, got.status)
			close(held.open)
			<-done
		},
	},
	"limit account_bytes": {
		options: func(d *charla.Options, _ *widget.Options) { d.Files.AccountBytes = 3 },
		do: func(t *testing.T, s *site) {
			v := s.enter(planted)
			got := s.do(request{method: "POST", path: "files?key=b&name=" + planted + ".txt", token: v.token, body: planted})
			require.Equal(t, http.StatusUnprocessableEntity, got.status)
			require.Contains(t, string(got.body), chatcfg.CodeFilesFull)
		},
	},
	"sessions_ended left": {do: func(t *testing.T, s *site) {
		require.Equal(t, http.StatusNoContent, s.do(request{method: "DELETE", path: "session", token: s.enter(planted).token}).status)
	}},
	"sessions_ended customer": {do: func(t *testing.T, s *site) {
		ref := s.write(s.enter(planted), planted).Ref
		require.NoError(t, s.account.EndSessions(t.Context(), ref.Conversation))
	}},
	"sessions_ended account": {do: func(t *testing.T, s *site) {
		require.NoError(t, s.account.EndSessions(t.Context(), tickets.ConversationID{}))
	}},
	"secret_rotated overlap": {do: func(t *testing.T, s *site) {
		_, err := s.account.RotateSecret(t.Context(), time.Hour)
		require.NoError(t, err)
	}},
	"secret_rotated at_once": {do: func(t *testing.T, s *site) {
		_, err := s.account.RotateSecret(t.Context(), 0)
		require.NoError(t, err)
	}},
	"config_saved":    {do: func(_ *testing.T, s *site) { s.save(func(c *chatcfg.Config) { c.Chat.Name = planted }) }},
	"account_created": {do: func(_ *testing.T, s *site) { s.newAccount(planted, planted+".cl", nil) }},
	"account_deleted": {do: func(t *testing.T, s *site) { require.NoError(t, s.account.Delete(t.Context(), "Tienda")) }},
	"account_purged": {do: func(t *testing.T, s *site) {
		require.NoError(t, s.account.Delete(t.Context(), "Tienda"))
		_, err := s.desk.Purge(t.Context(), s.account.ID())
		require.NoError(t, err)
	}},
}

// limited returns options with one small rate.
func limited(set func(*widget.Limits, widget.Rate)) func(*charla.Options, *widget.Options) {
	return func(_ *charla.Options, o *widget.Options) { set(&o.Limits, widget.Rate{PerSecond: 1e-6, Burst: 1}) }
}

// exceed enters and writes until something is refused.
func exceed(t *testing.T, s *site) {
	v := s.enter(planted)
	for i := range 4 {
		for _, q := range []request{
			{method: "POST", path: "sessions", body: map[string]string{"name": planted}},
			{method: "POST", path: "messages", token: v.token, body: map[string]string{"key": itoa(int64(i)), "text": planted}},
		} {
			if s.do(q).status == http.StatusTooManyRequests {
				return
			}
		}
	}
	require.Fail(t, "nothing was refused")
}

// TestSecurityEvents: each security event comes from a real action, is logged and told to
// the observer, and holds nothing of a person, a page or a secret; docs/security.md has
// them all.
func TestSecurityEvents(t *testing.T) {
	t.Parallel()
	var kinds []charla.SecurityKind
	for _, name := range slices.Sorted(maps.Keys(securityActions)) {
		kind, reason, _ := strings.Cut(name, " ")
		kinds = append(kinds, charla.SecurityKind(kind))
		action := securityActions[name]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, w := watched(t, action.configure, action.options)
			_, _ = w.take()
			action.do(t, s)
			log, events := w.take()
			found := 0
			for _, e := range events {
				if string(e.Kind) != kind || e.Reason != reason {
					continue
				}
				found++
				line := fmt.Sprintf(`"msg":"charla: security","kind":%q`, kind)
				if reason != "" {
					line += fmt.Sprintf(`,"reason":%q`, reason)
				}
				if !e.Account.IsZero() {
					line += fmt.Sprintf(`,"account":%q`, e.Account)
				}
				assert.Contains(t, log, line)
				nobody := slices.Contains([]string{"limit address", "login_refused state"}, name)
				assert.Equal(t, nobody, e.Account.IsZero(), "whose it is")
			}
			assert.Equal(t, 1, found, "%v", events)
			want := "INFO"
			if kind == "limit" || strings.HasSuffix(kind, "_refused") {
				want = "WARN"
			}
			assert.Regexp(t, `"level":"`+want+`","msg":"charla: security","kind":"`+kind+`"`, log)
			for _, secret := range []string{planted, s.secret.Reveal(), s.account.key, "example.com", "tienda.cl", "127.0.0.1"} {
				assert.NotContains(t, log, secret)
				assert.NotContains(t, fmt.Sprintf("%+v", events), secret)
			}
		})
	}
	assert.ElementsMatch(t, charla.SecurityKinds(), slices.Compact(slices.Clone(kinds)))

	text, err := os.ReadFile("../docs/security.md")
	require.NoError(t, err)
	var documented []string
	for _, row := range regexp.MustCompile("(?m)^\\| (`[a-z_`, ]+) \\| ([^|]*)\\|").FindAllStringSubmatch(string(text), -1) {
		words := regexp.MustCompile("`([a-z_]+)`")
		for _, kind := range words.FindAllStringSubmatch(row[1], -1) {
			reasons := words.FindAllStringSubmatch(row[2], -1)
			if kind[1] == string(charla.SecurityLoginRefused) {
				reasons = append(reasons, []string{"", "invalid"}) // of ErrorClass
			}
			for _, reason := range reasons {
				documented = append(documented, kind[1]+" "+reason[1])
			}
			if len(reasons) == 0 {
				documented = append(documented, kind[1])
			}
		}
	}
	assert.ElementsMatch(t, slices.Collect(maps.Keys(securityActions)), documented)
}

// TestSecurityLogIsBounded: who causes many events does not fill the log: a kind has 20
// lines a minute for an account, and the next says what was left out; the observer gets
// all. What is no word gets into neither.
func TestSecurityLogIsBounded(t *testing.T) {
	t.Parallel()
	clock := mock.NewMock()
	s, w := watched(t, nil, func(d *charla.Options, _ *widget.Options) { d.Clock = clock })
	other, _ := s.newAccount("Otra", "otra.cl", nil)
	_, _ = w.take()
	refused := request{path: "config", origin: "https://evil.example"}
	for range 30 {
		require.Equal(t, http.StatusForbidden, s.do(refused).status)
	}
	refused.key = other.key
	require.Equal(t, http.StatusForbidden, s.do(refused).status)
	log, events := w.take()
	assert.Len(t, events, 31)
	assert.Equal(t, 20, strings.Count(log, s.account.ID().String()))
	assert.Equal(t, 1, strings.Count(log, other.ID().String()), "another account's are logged")
	clock.Add(time.Minute)
	refused.key = ""
	require.Equal(t, http.StatusForbidden, s.do(refused).status)
	log, _ = w.take()
	assert.Contains(t, log, `"omitted":10`)
	for _, e := range []charla.SecurityEvent{{Kind: "Juan"}, {Kind: "agent_login", Reason: "juan@example.com"}, {}} {
		s.desk.ReportSecurity(t.Context(), e)
		log, events = w.take()
		require.Len(t, events, 1)
		assert.NotContains(t, strings.ToLower(log+fmt.Sprint(events)), "juan")
		assert.Contains(t, log, "other")
	}
}
