package login_test

import (
	"bytes"
	"encoding/json"
	"html"
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/widget"
	"github.com/oauth2-proxy/mockoidc"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var messageOf = regexp.MustCompile(`data-message="([^"]*)"`)

// R6.3, R7.1: the whole way of a visitor: from the widget to the provider, back, and
// into a session that is verified; with "only", the one way in.
func TestWidget(t *testing.T) {
	t.Parallel()
	m := oidc(t, nil)
	cfg := chatcfg.Default(chatcfg.Spanish)
	cfg.Chat.Google = chatcfg.Social{Enabled: true, Only: true}
	desk, err := charla.New(storage.NewMemory(), nil)
	require.NoError(t, err)
	account, _, err := desk.CreateAccount(t.Context(), "Tienda", "tienda.cl", &charla.AccountOptions{Config: &cfg})
	require.NoError(t, err)
	info, err := account.Info(t.Context())
	require.NoError(t, err)
	handler, err := widget.New(desk, &widget.Options{
		BaseURL: "https://tienda.cl/chat/", Logins: []widget.Login{google(t, m, nil)},
	})
	require.NoError(t, err)
	defer handler.Close()

	do := func(method, target string, body map[string]any) *httptest.ResponseRecorder {
		var b []byte
		if body != nil {
			b, err = json.Marshal(body)
			require.NoError(t, err)
		}
		r := httptest.NewRequestWithContext(t.Context(), method, target, bytes.NewReader(b))
		if body != nil {
			r.Header.Set("Origin", "https://tienda.cl")
			r.Header.Set("Content-Type", "application/json")
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w
	}
	api := "https://tienda.cl/chat/v1/" + info.Key + "/"

	// login goes the whole way; change changes what comes back from the provider.
	login := func(change func(*http.Request) *http.Request) (message map[string]string, nonce string) {
		w := do(http.MethodPost, api+"logins", map[string]any{"provider": "google"})
		require.Equal(t, http.StatusOK, w.Code, w.Body)
		var begun struct{ URL, Nonce string }
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &begun))
		m.QueueUser(&person{MockUser: mockoidc.MockUser{Subject: "1234"}})
		back := change(visit(t, begun.URL))
		w = do(http.MethodGet, back.URL.String(), nil)
		if w.Code != http.StatusOK {
			return nil, ""
		}
		found := messageOf.FindStringSubmatch(w.Body.String())
		require.NotNil(t, found, w.Body)
		require.NoError(t, json.Unmarshal([]byte(html.UnescapeString(found[1])), &message))
		return message, begun.Nonce
	}

	message, nonce := login(func(r *http.Request) *http.Request { return r })
	require.NotEmpty(t, message["login"])
	w := do(http.MethodPost, api+"sessions", map[string]any{"login": message["login"], "nonce": nonce})
	require.Equal(t, http.StatusCreated, w.Code, w.Body)
	assert.Contains(t, w.Body.String(), "Carla Ñandú")
	assert.Contains(t, w.Body.String(), "verified")
	w = do(http.MethodPost, api+"sessions", map[string]any{"login": message["login"], "nonce": nonce})
	assert.NotEqual(t, http.StatusCreated, w.Code, "once")
	w = do(http.MethodPost, api+"sessions", map[string]any{"name": "Carla", "email": "carla@example.com"})
	assert.NotEqual(t, http.StatusCreated, w.Code, "only")

	message, _ = login(func(r *http.Request) *http.Request { return with(r, "code", "guess") })
	assert.Equal(t, map[string]string{"charla": "login", "error": "failed"}, message)
	message, _ = login(func(r *http.Request) *http.Request { return with(r, "state", "x"+r.URL.Query().Get("state")) })
	assert.Empty(t, message, "a state that nobody sealed")
}
