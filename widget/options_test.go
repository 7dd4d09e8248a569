package widget_test

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"testing"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/widget"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestOptions: every problem at once; nothing at all is fine.
func TestOptions(t *testing.T) {
	t.Parallel()
	desk, err := charla.New(storage.NewMemory(), nil)
	require.NoError(t, err)
	for _, o := range []*widget.Options{nil, {}, {BaseURL: "https://tienda.cl"}} {
		h, err := widget.New(desk, o)
		require.NoError(t, err)
		h.Close()
	}
	for _, base := range []string{"/chat", "tienda.cl/chat", "ftp://tienda.cl", "https://u:p@tienda.cl", "https://tienda.cl/?x=y", "https://tienda.cl#x", "://"} {
		_, err := widget.New(desk, &widget.Options{BaseURL: base})
		require.Error(t, err, base)
	}
	_, err = widget.New(desk, &widget.Options{
		BaseURL: "/chat", TrustedProxies: []netip.Prefix{{}}, Key: []byte("short"),
		Limits:  widget.Limits{Body: -1, BodyTime: -1, BodyRate: -1, Address: widget.Rate{PerSecond: 1}, Entry: widget.Rate{Burst: 1}},
		Streams: widget.StreamOptions{Session: -1},
		Logins:  []widget.Login{fakeLogin{"google"}, nil, fakeLogin{"google"}, fakeLogin{"Go/ogle"}, fakeLogin{}},
	})
	require.Error(t, err)
	for _, want := range []string{
		"base URL", "zero prefix", "5 bytes", "Limits below", "BodyTime", "BodyRate", "Limits.Address", "Limits.Entry", "Streams below", `"google"`, `"Go/ogle"`, `""`, "nil",
	} {
		assert.ErrorContains(t, err, want)
	}
	_, err = widget.New(desk, &widget.Options{Logins: []widget.Login{fakeLogin{"google"}}})
	require.ErrorContains(t, err, "BaseURL")
	_, err = widget.New(nil, nil)
	require.ErrorContains(t, err, "no desk")
}

func ExampleNew() {
	desk, err := charla.New(storage.NewMemory(), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	chat, err := widget.New(desk, &widget.Options{BaseURL: "https://tienda.cl/chat/"})
	if err != nil {
		fmt.Println(err)
		return
	}
	account, _, err := desk.CreateAccount(context.Background(), "Tienda", "tienda.cl", &charla.AccountOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.Handle("/chat/", chat)
	server := &http.Server{Addr: ":8080", Handler: mux, ReadHeaderTimeout: 10e9, IdleTimeout: 120e9}
	server.RegisterOnShutdown(chat.Close) // or streams would keep it from stopping

	info, err := account.Info(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	snippet, err := widget.Snippet("https://tienda.cl/chat/", info.Key) // for the site's pages
	fmt.Println(snippet[:59], err)
	// Output: <script async src="https://tienda.cl/chat/loader.js?key=ck_ <nil>
}
