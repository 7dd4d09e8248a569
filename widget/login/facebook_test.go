package login_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/widget/login"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	appID     = "4711"
	appSecret = "app-secret"
)

// graph is as much of Facebook as a login meets: it is as strict as Facebook.
type graph struct {
	*httptest.Server
	mu    sync.Mutex
	codes map[string]string // redirect, by code
	// challenges are PKCE's, by code; one that is empty is not asked for.
	challenges map[string]string
	// me is what it says of the person; a function writes something else.
	me  map[string]any
	odd http.HandlerFunc
	// exchanges is how often a code came, good or not.
	exchanges int
}

func facebook(t *testing.T) (*graph, *login.Facebook) {
	t.Helper()
	g := &graph{codes: make(map[string]string), challenges: make(map[string]string), me: map[string]any{"id": "987", "name": "Carla Ñandú", "email": "x@example.com"}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /dialog/oauth", g.dialog)
	mux.HandleFunc("POST /oauth/access_token", g.token)
	mux.HandleFunc("GET /me", g.who)
	g.Server = httptest.NewServer(mux)
	t.Cleanup(g.Close)
	return g, app(t, g, appSecret)
}

func app(t *testing.T, g *graph, secret string) *login.Facebook {
	t.Helper()
	f, err := login.NewFacebook(appID, secret, &login.Options{Endpoints: login.Endpoints{
		Auth: g.URL + "/dialog/oauth", Token: g.URL + "/oauth/access_token", Me: g.URL + "/me",
	}})
	require.NoError(t, err)
	return f
}

func (g *graph) dialog(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if q.Get("client_id") != appID || q.Get("response_type") != "code" || q.Get("scope") != "public_profile" {
		http.Error(w, "no such app", http.StatusBadRequest)
		return
	}
	g.mu.Lock()
	code := fmt.Sprint("code-", len(g.codes))
	g.codes[code] = q.Get("redirect_uri")
	g.challenges[code] = q.Get("code_challenge")
	g.mu.Unlock()
	http.Redirect(w, r, q.Get("redirect_uri")+"?"+url.Values{"code": {code}, "state": {q.Get("state")}}.Encode(), http.StatusFound)
}

func fail(w http.ResponseWriter, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusBadRequest)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{"message": message, "type": "OAuthException", "code": 100}})
}

func (g *graph) token(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.exchanges++
	to, ok := g.codes[r.FormValue("code")]
	if !ok || to == "" || to != r.FormValue("redirect_uri") || r.FormValue("client_id") != appID || r.FormValue("client_secret") != appSecret {
		fail(w, "Error validating "+r.FormValue("client_secret"))
		return
	}
	verifier := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	if c := g.challenges[r.FormValue("code")]; c != "" && c != base64.RawURLEncoding.EncodeToString(verifier[:]) {
		fail(w, "Error validating code_verifier")
		return
	}
	g.codes[r.FormValue("code")] = "" // once
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"access_token": "token-987", "token_type": "bearer", "expires_in": 5183944})
}

func (g *graph) who(w http.ResponseWriter, r *http.Request) {
	mac := hmac.New(sha256.New, []byte(appSecret))
	mac.Write([]byte("token-987"))
	if r.Header.Get("Authorization") != "Bearer token-987" || r.FormValue("appsecret_proof") != hex.EncodeToString(mac.Sum(nil)) ||
		r.FormValue("fields") != "id,name" {
		fail(w, "Invalid appsecret_proof provided in the API argument")
		return
	}
	if g.odd != nil {
		g.odd(w, r)
		return
	}
	_ = json.NewEncoder(w).Encode(g.me)
}

// R7.1: verified by provider and subject; of no e-mail does Facebook say that it is.
func TestFacebook(t *testing.T) {
	t.Parallel()
	g, f := facebook(t)
	page := begin(t, f, "state-1")
	assert.NotContains(t, page, appSecret)
	r := visit(t, page)
	assert.Equal(t, "state-1", r.URL.Query().Get("state"))
	p, err := app(t, g, appSecret).Finish(t.Context(), r) // another process
	require.NoError(t, err)
	assert.Equal(t, charla.Proof{Provider: "facebook", Subject: "987", Name: "Carla Ñandú"}, p)

	_, err = f.Finish(t.Context(), r)
	require.ErrorIs(t, err, login.ErrLogin, "a code is good once")
	assert.NotContains(t, err.Error(), appSecret)
}

// A code that somebody took from another login is worth nothing, by PKCE.
func TestFacebookInjectedCode(t *testing.T) {
	t.Parallel()
	_, f := facebook(t)
	victim, attacker := visit(t, begin(t, f, "victim")), visit(t, begin(t, f, "attacker"))
	_, err := f.Finish(t.Context(), with(attacker, "code", victim.URL.Query().Get("code")))
	require.ErrorIs(t, err, login.ErrLogin)
	_, err = f.Finish(t.Context(), victim)
	require.NoError(t, err, "the control")
}

// TestNoRedirects: a provider's answer that sends elsewhere is no answer: neither the
// client's secret nor a person's token goes to another server, even if that would answer
// well.
func TestNoRedirects(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/oauth/access_token", "/me"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			g, _ := facebook(t)
			var elsewhere atomic.Int32
			other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				elsewhere.Add(1)
				g.Config.Handler.ServeHTTP(w, r)
			}))
			t.Cleanup(other.Close)
			gate := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == path {
					http.Redirect(w, r, other.URL+r.URL.RequestURI(), http.StatusTemporaryRedirect)
					return
				}
				g.Config.Handler.ServeHTTP(w, r)
			}))
			t.Cleanup(gate.Close)
			finish := func(client *http.Client) error {
				f, err := login.NewFacebook(appID, appSecret, &login.Options{Client: client, Endpoints: login.Endpoints{
					Auth: gate.URL + "/dialog/oauth", Token: gate.URL + "/oauth/access_token", Me: gate.URL + "/me",
				}})
				require.NoError(t, err)
				_, err = f.Finish(t.Context(), visit(t, begin(t, f, "state-1")))
				return err
			}
			require.ErrorIs(t, finish(nil), login.ErrLogin)
			require.Zero(t, elsewhere.Load())
			require.NoError(t, finish(gate.Client()), "the control: a client that follows")
			require.Equal(t, int32(1), elsewhere.Load())
		})
	}
}

// says makes Facebook say a text of a person.
func says(text string) func(*graph, *http.Request) *http.Request {
	return func(g *graph, r *http.Request) *http.Request {
		g.odd = func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(text)) }
		return r
	}
}

func TestFacebookRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(*graph, *http.Request) *http.Request
		want   error
	}{
		{"denied", func(_ *graph, _ *http.Request) *http.Request {
			return back(t, redirect+"?error=access_denied&error_reason=user_denied&state=state-1")
		}, login.ErrDenied},
		{"wrong code", func(_ *graph, r *http.Request) *http.Request { return with(r, "code", "guess") }, login.ErrLogin},
		{"no code", func(_ *graph, r *http.Request) *http.Request { return with(r, "code", "") }, login.ErrLogin},
		{"no state", func(_ *graph, r *http.Request) *http.Request { return with(r, "state", "") }, login.ErrLogin},
		{"another way back", func(_ *graph, r *http.Request) *http.Request {
			r.URL.Host = "evil.example"
			return r
		}, login.ErrLogin},
		{"nobody", func(g *graph, r *http.Request) *http.Request {
			g.me = map[string]any{"name": "Carla"}
			return r
		}, login.ErrLogin},
		{"ID of another type", func(g *graph, r *http.Request) *http.Request {
			g.me = map[string]any{"id": []string{"987"}}
			return r
		}, login.ErrLogin},
		{"half a character in the ID", says(`{"id":"ana\ud83d","name":"Carla"}`), login.ErrLogin},
		{"an ID that is not UTF-8", says("{\"id\":\"pe\xf1a\",\"name\":\"Carla\"}"), login.ErrLogin},
		{"an ID in other letters", says(`{"ID":"987","name":"Carla"}`), login.ErrLogin},
		{"two IDs", says(`{"id":"987","name":"Carla","id":"988"}`), login.ErrLogin},
		{"more behind", says(`{"id":"987","name":"Carla"}{}`), login.ErrLogin},
		{"not JSON", func(g *graph, r *http.Request) *http.Request {
			g.odd = func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }
			return r
		}, login.ErrLogin},
		{"too long", func(g *graph, r *http.Request) *http.Request {
			g.me["name"] = strings.Repeat("x", 1<<20)
			return r
		}, login.ErrLogin},
		{"another status", func(g *graph, r *http.Request) *http.Request {
			g.odd = func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusInternalServerError)
				_ = json.NewEncoder(w).Encode(g.me)
			}
			return r
		}, login.ErrLogin},
		{"sent elsewhere", func(g *graph, r *http.Request) *http.Request {
			g.odd = func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) }
			return r
		}, login.ErrLogin},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g, f := facebook(t)
			p, err := f.Finish(t.Context(), tt.change(g, visit(t, begin(t, f, "state-1"))))
			require.ErrorIs(t, err, tt.want)
			assert.Zero(t, p)
		})
	}

	t.Run("in other letters too", func(t *testing.T) {
		t.Parallel()
		g, f := facebook(t)
		r := says(`{"id":"987","name":"Carla","ID":"988","iD":"989"}`)(g, visit(t, begin(t, f, "state-1")))
		p, err := f.Finish(t.Context(), r)
		require.NoError(t, err)
		assert.Equal(t, charla.Proof{Provider: "facebook", Subject: "987", Name: "Carla"}, p)
	})
	t.Run("wrong secret", func(t *testing.T) {
		t.Parallel()
		g, f := facebook(t)
		_, err := app(t, g, "wrong-secret").Finish(t.Context(), visit(t, begin(t, f, "state-1")))
		require.ErrorIs(t, err, login.ErrLogin)
		assert.NotContains(t, err.Error(), "wrong-secret")
	})
	t.Run("away", func(t *testing.T) {
		t.Parallel()
		g, f := facebook(t)
		g.odd = func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
		_, err := f.Finish(t.Context(), visit(t, begin(t, f, "state-1")))
		require.ErrorIs(t, err, login.ErrLogin)
		assert.NotContains(t, err.Error(), "appsecret_proof")
	})
}

// Facebook is not asked about a code that cannot be one, nor without a state.
func TestCodesThatAreNone(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		parameter, value string
		want             int
	}{
		"no code": {"code", "", 0}, "no state": {"state", "", 0}, "over the limit": {"code", strings.Repeat("x", 4097), 0},
		"the control": {"code", strings.Repeat("x", 4096), 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g, f := facebook(t)
			_, err := f.Finish(t.Context(), with(visit(t, begin(t, f, "state-1")), tt.parameter, tt.value))
			require.ErrorIs(t, err, login.ErrLogin)
			g.mu.Lock()
			defer g.mu.Unlock()
			require.Equal(t, tt.want, g.exchanges)
		})
	}
}
