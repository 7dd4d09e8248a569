package site_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/examples/desk/internal/site"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/widget"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// hostile closes whatever it stands in and begins something that runs.
const hostile = `"'></title></textarea></script><script id=pwned>x()</script><img id=pwned src=x onerror=x()>{{.}}`

// TestShop: R1.5: the shop has the chat of an account, and says where it would not load.
func TestShop(t *testing.T) {
	t.Parallel()
	b := setup(t)
	info, err := b.account.Info(t.Context())
	require.NoError(t, err)
	snippet, err := widget.Snippet(b.server.URL+"/chat/", info.Key)
	require.NoError(t, err)
	shop := b.get("/")
	assert.Contains(t, shop.text, snippet)
	assert.NotContains(t, shop.text, "no admite páginas")
	for _, path := range []string{"/chat/loader.js", "/static/shop.css", "/static/shop.svg", "/static/icon.svg", "/static/desk.css"} {
		assert.Equal(t, http.StatusOK, b.get(path).status, path)
	}

	foreign, _, err := b.desk.CreateAccount(t.Context(), hostile[:95], "otra.cl", nil)
	require.NoError(t, err)
	info, err = foreign.Info(t.Context())
	require.NoError(t, err)
	shop = b.get("/?chat=" + info.Key)
	assert.Contains(t, shop.text, info.Key)
	assert.Contains(t, shop.text, "no admite páginas")
	assert.NotContains(t, shop.text, "<img")
	assert.NotContains(t, b.get("/?chat="+url.QueryEscape(hostile)).text, "data-charla")
	assert.Contains(t, shop.header.Get("Content-Security-Policy"), "script-src 'self'")
}

// TestMail: what the pretended server took is shown as text, and it does as it is told.
func TestMail(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for play, want := range map[string]error{"down": charla.ErrNotSent, "refuses": charla.ErrRefused, "takes": nil} {
		assert.Equal(t, http.StatusOK, b.post("/mail", url.Values{"play": {play}}).status)
		require.ErrorIs(t, b.mails.Send(t.Context(), charla.Mail{To: "x@tienda.cl", Subject: hostile, Text: hostile}), want)
	}
	mails := b.get("/mail")
	assert.Equal(t, 1, strings.Count(mails.text, "x@tienda.cl"))
	assert.Equal(t, 2, strings.Count(mails.text, "&lt;img id=pwned"))
	assert.NotContains(t, mails.text, "<img")
	assert.Equal(t, http.StatusBadRequest, b.post("/mail", url.Values{"play": {"x"}}).status)
	assert.Equal(t, http.StatusRequestEntityTooLarge, b.post("/mail", url.Values{"play": {strings.Repeat("x", 100<<10)}}).status)
}

// TestDeleted: R1.6: a deleted account can be found, also after a restart, until it is purged.
func TestDeleted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.post(b.channel()+"/delete", url.Values{"confirm": {"Tienda"}})
	assert.Contains(t, b.get("/desk/channels").text, b.channel()[len("/desk/"):]+"/purge")
	b.restart()
	assert.Contains(t, b.get("/desk/channels").text, "purge")
	b.post(b.channel()+"/purge", nil)
	assert.Equal(t, http.StatusNotFound, b.get(b.channel()).status)
	assert.NotContains(t, b.get("/desk/channels").text, "purge")
}

// TestDemo: an empty store gets two weeks of past; another stays as it is.
func TestDemo(t *testing.T) {
	t.Parallel()
	store, now := storage.NewMemory(), time.Date(2026, 5, 20, 18, 0, 0, 0, time.UTC)
	for range 2 {
		require.NoError(t, site.Demo(t.Context(), store, &site.Mailbox{}, "http://localhost:8080", now))
	}
	desk, err := charla.New(store, nil)
	require.NoError(t, err)
	list, err := desk.Accounts(t.Context(), charla.AccountQuery{Hidden: true})
	require.NoError(t, err)
	require.Len(t, list.Items, 1)
	account := desk.Account(list.Items[0].ID)
	cfg, _, err := account.Config(t.Context())
	require.NoError(t, err)
	assert.True(t, cfg.Chat.Allows("http://localhost:8080"))
	report, err := account.Inbox().Report(t.Context(), charla.ReportQuery{From: now.AddDate(0, 0, -14), To: now})
	require.NoError(t, err)
	assert.Greater(t, report.Closed, int64(50))
	assert.Equal(t, int64(4), report.Open)
	assert.Equal(t, int64(1), report.Delayed)
	assert.Greater(t, report.All.Limited, report.All.InTime)
	forms, err := account.Inbox().Contacts(t.Context(), charla.PageQuery{})
	require.NoError(t, err)
	assert.NotEmpty(t, forms.Items)
}
