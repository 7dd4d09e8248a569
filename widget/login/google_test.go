package login_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/widget/login"
	"github.com/golang-jwt/jwt/v5"
	"github.com/oauth2-proxy/mockoidc"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const redirect = "https://tienda.cl/chat/login/google"

// person is a user of the provider, whose ID token a test may change.
type person struct {
	mockoidc.MockUser
	claims map[string]any
}

// Claims are those of an ID token with the changes; nil takes one out.
func (p *person) Claims(_ []string, base *mockoidc.IDTokenClaims) (jwt.Claims, error) {
	c := jwt.MapClaims{
		"iss": base.Issuer, "sub": base.Subject, "aud": []string(base.Audience), "nonce": base.Nonce,
		"exp": base.ExpiresAt.Unix(), "iat": base.IssuedAt.Unix(), "nbf": base.NotBefore.Unix(),
		"name": "Carla Ñandú", "email": "carla@example.com", "email_verified": true,
	}
	for name, value := range p.claims {
		if c[name] = value; value == nil {
			delete(c, name)
		}
	}
	return c, nil
}

// oidc starts an OpenID Connect provider.
func oidc(t testing.TB, key *rsa.PrivateKey) *mockoidc.MockOIDC {
	t.Helper()
	m, err := mockoidc.NewServer(key)
	require.NoError(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, m.Start(l, nil))
	t.Cleanup(func() { _ = m.Shutdown() })
	return m
}

// google is the login of a client of a provider; change, if not nil, changes its
// options.
func google(t testing.TB, m *mockoidc.MockOIDC, change func(*login.Options)) *login.Google {
	t.Helper()
	o := &login.Options{Endpoints: login.Endpoints{
		Auth: m.AuthorizationEndpoint(), Token: m.TokenEndpoint(), Issuer: m.Issuer(), Keys: m.JWKSEndpoint(),
	}}
	if change != nil {
		change(o)
	}
	g, err := login.NewGoogle(m.ClientID, m.ClientSecret, o)
	require.NoError(t, err)
	return g
}

// visit goes to a provider's page, agrees, and is what comes back.
func visit(t testing.TB, page string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, page, nil)
	require.NoError(t, err)
	answer, err := http.DefaultTransport.RoundTrip(r) // follows no redirect
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusFound, answer.StatusCode)
	return back(t, answer.Header.Get("Location"))
}

func back(t testing.TB, to string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, to, nil)
	require.NoError(t, err)
	return r
}

// with is a request with a parameter changed.
func with(r *http.Request, name, value string) *http.Request {
	r = r.Clone(r.Context())
	q := r.URL.Query()
	q.Set(name, value)
	r.URL.RawQuery = q.Encode()
	return r
}

func begin(t testing.TB, l interface {
	Begin(state, redirect string) (string, error)
}, state string) string {
	t.Helper()
	page, err := l.Begin(state, redirect)
	require.NoError(t, err)
	return page
}

// R7.1: verified by provider and subject; the e-mail only if it is verified too.
func TestGoogle(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		claims map[string]any
		want   charla.Proof // of google, "1234"
	}{
		{"all", nil, charla.Proof{Name: "Carla Ñandú", Email: "carla@example.com"}},
		{"e-mail not verified", map[string]any{"email_verified": false}, charla.Proof{Name: "Carla Ñandú"}},
		{"e-mail not said to be verified", map[string]any{"email_verified": nil}, charla.Proof{Name: "Carla Ñandú"}},
		{"no e-mail", map[string]any{"email": nil}, charla.Proof{Name: "Carla Ñandú"}},
		{"an e-mail that is none", map[string]any{"email": "x\r\n@y"}, charla.Proof{Name: "Carla Ñandú"}},
		{"odd name", map[string]any{"name": " a\r\nb\x00\tc "}, charla.Proof{Name: "a b c", Email: "carla@example.com"}},
		{"long name", map[string]any{"name": strings.Repeat("ñ", 500)}, charla.Proof{Name: strings.Repeat("ñ", chatcfg.MaxName), Email: "carla@example.com"}},
		{"e-mail in other letters", map[string]any{"Email": "other@example.com"}, charla.Proof{Name: "Carla Ñandú", Email: "carla@example.com"}},
		{"no name", map[string]any{"name": nil}, charla.Proof{Email: "carla@example.com"}},
		{"authorized party", map[string]any{"azp": "self"}, charla.Proof{Name: "Carla Ñandú", Email: "carla@example.com"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := oidc(t, nil)
			if tt.claims["azp"] == "self" {
				tt.claims["azp"] = m.ClientID
			}
			m.QueueUser(&person{MockUser: mockoidc.MockUser{Subject: "1234"}, claims: tt.claims})
			page := begin(t, google(t, m, nil), "state-1")
			u, err := url.Parse(page)
			require.NoError(t, err)
			assert.Equal(t, "S256", u.Query().Get("code_challenge_method"))
			assert.NotContains(t, page, m.ClientSecret)
			// Another process, which keeps nothing of the first half.
			got, err := google(t, m, nil).Finish(t.Context(), visit(t, page))
			require.NoError(t, err)
			tt.want.Provider, tt.want.Subject = "google", "1234"
			assert.Equal(t, tt.want, got)
		})
	}
}

func TestGoogleRefuses(t *testing.T) {
	t.Parallel()
	hour := time.Hour
	for _, tt := range []struct {
		name   string
		claims map[string]any
		change func(r *http.Request) *http.Request
		want   error // default ErrLogin
	}{
		{name: "denied", change: func(*http.Request) *http.Request {
			return back(t, redirect+"?error=access_denied&state=state-1")
		}, want: login.ErrDenied},
		{name: "wrong nonce", claims: map[string]any{"nonce": "another"}},
		{name: "no nonce", claims: map[string]any{"nonce": nil}},
		{name: "other audience", claims: map[string]any{"aud": "another"}},
		{name: "no audience", claims: map[string]any{"aud": nil}},
		{name: "two audiences", claims: map[string]any{"aud": []string{"self", "another"}}},
		{name: "other party", claims: map[string]any{"azp": "another"}},
		{name: "wrong issuer", claims: map[string]any{"iss": "https://accounts.example.com"}},
		{name: "no subject", claims: map[string]any{"sub": nil}},
		{name: "half a character in the subject", claims: map[string]any{"sub": json.RawMessage(`"ana\ud83d"`)}},
		{name: "the subject again in other letters", claims: map[string]any{"ſub": "5678"}},
		{name: "the subject in other letters only", claims: map[string]any{"sub": nil, "SUB": "1234"}},
		{name: "the audience again in other letters", claims: map[string]any{"AUD": "another"}},
		{name: "a name of another type", claims: map[string]any{"name": 1}},
		{name: "expired", claims: map[string]any{"exp": time.Now().Add(-time.Minute).Unix()}},
		{name: "of the future", claims: map[string]any{"nbf": time.Now().Add(hour).Unix()}},
		{name: "verified is no boolean", claims: map[string]any{"email_verified": "certainly"}},
		{name: "tampered state", change: func(r *http.Request) *http.Request { return with(r, "state", "state-2") }},
		{name: "no state", change: func(r *http.Request) *http.Request { return with(r, "state", "") }},
		{name: "no code", change: func(r *http.Request) *http.Request { return with(r, "code", "") }},
		{name: "wrong code", change: func(r *http.Request) *http.Request { return with(r, "code", "guess") }},
		{name: "long code", change: func(r *http.Request) *http.Request { return with(r, "code", strings.Repeat("x", 5000)) }},
		{name: "two codes", change: func(r *http.Request) *http.Request {
			r.URL.RawQuery += "&code=another"
			return r
		}},
		{name: "two states", change: func(r *http.Request) *http.Request {
			r.URL.RawQuery += "&state=another"
			return r
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := oidc(t, nil)
			if list, ok := tt.claims["aud"].([]string); ok {
				list[0] = m.ClientID
			}
			m.QueueUser(&person{MockUser: mockoidc.MockUser{Subject: "1234"}, claims: tt.claims})
			g := google(t, m, nil)
			r := visit(t, begin(t, g, "state-1"))
			if tt.change != nil {
				r = tt.change(r)
			}
			p, err := g.Finish(t.Context(), r)
			want := tt.want
			if want == nil {
				want = login.ErrLogin
			}
			require.ErrorIs(t, err, want)
			assert.Zero(t, p)
			assert.NotContains(t, err.Error(), m.ClientSecret)
		})
	}
}

func TestGoogleReplay(t *testing.T) {
	t.Parallel()
	m := oidc(t, nil)
	g := google(t, m, nil)
	r := visit(t, begin(t, g, "state-1"))
	_, err := g.Finish(t.Context(), r)
	require.NoError(t, err)
	_, err = g.Finish(t.Context(), r)
	require.ErrorIs(t, err, login.ErrLogin)
}

// A code that somebody took from another login is worth nothing: by PKCE, and where
// the provider does not look at that, by the nonce.
func TestGoogleInjectedCode(t *testing.T) {
	t.Parallel()
	for _, pkce := range []bool{true, false} {
		t.Run(fmt.Sprint("PKCE ", pkce), func(t *testing.T) {
			t.Parallel()
			m := oidc(t, nil)
			g := google(t, m, nil)
			visitPage := func(state string) *http.Request {
				u, err := url.Parse(begin(t, g, state))
				require.NoError(t, err)
				if !pkce {
					q := u.Query()
					q.Del("code_challenge")
					q.Del("code_challenge_method")
					u.RawQuery = q.Encode()
				}
				return visit(t, u.String())
			}
			victim, attacker := visitPage("victim"), visitPage("attacker")
			_, err := g.Finish(t.Context(), with(attacker, "code", victim.URL.Query().Get("code")))
			require.ErrorIs(t, err, login.ErrLogin)
			if !pkce {
				require.ErrorContains(t, err, "another login")
			}
			_, err = g.Finish(t.Context(), attacker)
			require.NoError(t, err, "the control")
		})
	}
}

// Keys are the provider's alone.
func TestGoogleKeys(t *testing.T) {
	t.Parallel()
	m := oidc(t, nil)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	other := oidc(t, key)
	g := google(t, m, func(o *login.Options) { o.Endpoints.Keys = other.JWKSEndpoint() })
	_, err = g.Finish(t.Context(), visit(t, begin(t, g, "state-1")))
	require.ErrorIs(t, err, login.ErrLogin)
}

func TestClockSkew(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		ahead time.Duration // ours of the provider's
		ok    bool
	}{
		{0, true}, {9 * time.Minute, true}, {11 * time.Minute, false}, {-4 * time.Minute, true}, {-6 * time.Minute, false},
	} {
		t.Run(tt.ahead.String(), func(t *testing.T) {
			t.Parallel()
			m := oidc(t, nil) // tokens last 10 minutes
			mock := clock.NewMock()
			mock.Set(time.Now().Add(tt.ahead))
			g := google(t, m, func(o *login.Options) { o.Clock = mock })
			_, err := g.Finish(t.Context(), visit(t, begin(t, g, "state-1")))
			if tt.ok {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, login.ErrLogin)
			}
		})
	}
}

func TestProviderAway(t *testing.T) {
	t.Parallel()
	m := oidc(t, nil)
	g := google(t, m, nil)
	r := visit(t, begin(t, g, "state-1"))
	m.QueueError(&mockoidc.ServerError{Code: http.StatusInternalServerError, Error: mockoidc.InternalServerError, Description: "oh\r\nno"})
	_, err := g.Finish(t.Context(), r)
	require.ErrorContains(t, err, `status 500, "internal_server_error"`)
	require.NoError(t, m.Shutdown())
	_, err = g.Finish(t.Context(), r)
	require.Error(t, err)
	assert.NotContains(t, err.Error(), m.ClientSecret)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = g.Finish(ctx, r)
	require.ErrorIs(t, err, context.Canceled)
}

func TestNew(t *testing.T) {
	t.Parallel()
	_, err := login.NewGoogle("id", "", nil)
	require.Error(t, err)
	_, err = login.NewFacebook("", "secret", nil)
	require.Error(t, err)
	g, err := login.NewGoogle("client-id", "tell-nobody", nil)
	require.NoError(t, err)
	f, err := login.NewFacebook("app-id", "tell-nobody", nil)
	require.NoError(t, err)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		assert.NotContains(t, fmt.Sprintf(verb, g)+fmt.Sprintf(verb, f), "tell-nobody")
	}
	for _, l := range []interface {
		Begin(state, redirect string) (string, error)
	}{g, f} {
		_, err = l.Begin("", redirect)
		require.ErrorIs(t, err, login.ErrLogin)
		_, err = l.Begin("state", "")
		require.ErrorIs(t, err, login.ErrLogin)
	}
}
